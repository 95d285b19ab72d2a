/*
 * What the configuration says: which domains are ours, and where the store is.
 */

#include <unistd.h>

#include "cli/diag/diag.h"
#include "reports.h"


/* Without --state, the directory is that of nginx.conf. */

static void
ours_set_state(const site_t *site, const char **state)
{
    if (*state == NULL) {
        *state = site->state.text.data;
    }
}


int
reports_state(const options_t *options, const mta_sts_env_t *env,
    const char **state)
{
    site_t  site;

    if (*state == NULL
        && (options->conf
            || (options->domains == NULL
                && access(MTA_STS_CONF_PATH, F_OK) == 0)))
    {
        if (command_site(&site, options, env) != COMMAND_OK) {
            return MTA_STS_ERROR;
        }

        ours_set_state(&site, state);
    }

    if (*state == NULL) {
        *state = MTA_STS_STATE_DIR;
    }

    return MTA_STS_OK;
}


int
reports_ours(const options_t *options, const mta_sts_env_t *env,
    reports_ours_t *list, const char **state)
{
    size_t            i;
    site_t            site;
    mta_sts_str_t    *ours;
    mta_sts_entry_t  *entries;

    if (command_site(&site, options, env) != COMMAND_OK) {
        return MTA_STS_ERROR;
    }

    ours_set_state(&site, state);

    site_domains(&site, env, &entries, &list->n);

    if (list->n == 0) {
        say("no domain is configured: no report would be about one of ours");
        return MTA_STS_ERROR;
    }

    ours = env->alloc(env->ctx, list->n * sizeof(mta_sts_str_t));

    for (i = 0; i < list->n; i++) {
        ours[i] = entries[i].domain;
    }

    list->domains = ours;

    return MTA_STS_OK;
}
