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
    int     rc;
    site_t  site;

    if (*state == NULL
        && (options->conf
            || (options->domains == NULL
                && access(MTA_STS_CONF_PATH, F_OK) == 0)))
    {
        rc = command_site(&site, options, env);

        if (rc != COMMAND_OK) {
            return rc;
        }

        ours_set_state(&site, state);
    }

    if (*state == NULL) {
        *state = MTA_STS_STATE_DIR;
    }

    return COMMAND_OK;
}


int
reports_ours(const options_t *options, const mta_sts_env_t *env, site_t *site,
    const char **state)
{
    int  rc;

    rc = command_site(site, options, env);

    if (rc != COMMAND_OK) {
        return rc;
    }

    ours_set_state(site, state);

    if (site_is_empty(site)) {
        say("no domain is configured: no report would be about one of ours");
        return COMMAND_ERROR;
    }

    return COMMAND_OK;
}


mta_sts_str_t *
reports_named(const site_t *site, const mta_sts_env_t *env, size_t *n)
{
    size_t            i;
    mta_sts_str_t    *names;
    mta_sts_entry_t  *entries;

    site_domains(site, env, &entries, n);

    names = env->alloc(env->ctx, *n * sizeof(mta_sts_str_t));

    for (i = 0; i < *n; i++) {
        names[i] = entries[i].domain;
    }

    return names;
}
