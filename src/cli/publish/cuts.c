/*
 * The zones that exist, found in the DNS: those that the names of the records
 * are in.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "publish.h"


typedef struct {
    mta_sts_value_t      *values;         /* apexes, sorted by zones_set() */
    size_t                n;
    size_t                size;
    unsigned              active;         /* names */
    const mta_sts_env_t  *env;
} cuts_t;


static void
cuts_found(void *ctx, mta_sts_str_t apex)
{
    cuts_t *cuts = ctx;

    cuts->active--;

    /* many names in a row are in one zone */

    if (apex.len == 0
        || (cuts->n && mta_sts_str_eq(cuts->values[cuts->n - 1].text, apex)))
    {
        return;
    }

    cuts->values = mta_sts_env_grow(cuts->env, cuts->values, cuts->n,
                                    &cuts->size, sizeof(mta_sts_value_t));

    cuts->values[cuts->n].text = mta_sts_str_copy(cuts->env, apex);
    cuts->values[cuts->n].place = MTA_STS_NOWHERE;
    cuts->n++;
}


static void
cuts_entry(cuts_t *cuts, auth_t *auth, const plan_t *plan,
    size_t i)
{
    unsigned         kind;
    mta_sts_err_t    err;
    mta_sts_str_t    name;
    mta_sts_entry_t  entry;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena, NULL };

    entry = entries_get(plan->entries, i);

    for (kind = MTA_STS_RECORD_POLICY; kind & MTA_STS_RECORD_ALL; kind <<= 1) {

        (void) mta_sts_record_owner(&entry, plan_wanted(plan, &entry),
                                    (mta_sts_record_kind_e) kind, &env, &name,
                                    &err);

        if (name.len) {
            cuts->active++;
            auth_apex(auth, name, cuts_found, cuts);
        }
    }

    mta_sts_arena_free(&arena);
}


int
zones_discover(zones_t *zones, const plan_t *plan,
    const net_settings_t *settings, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t   i, n;
    net_t    net;
    auth_t  *auth;
    cuts_t   cuts;

    memset(&cuts, 0, sizeof(cuts_t));

    cuts.env = env;
    n = plan->entries->n;

    if (net_init(&net, settings, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    auth = auth_new(&net, NULL);

    for (i = 0; i < n || cuts.active;) {

        if (i < n && cuts.active < settings->jobs) {
            cuts_entry(&cuts, auth, plan, i++);

        } else {
            net_step(&net);
        }
    }

    auth_free(auth);
    net_free(&net);

    if (cuts.n == 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "no zone was found in the "
                             "DNS: does the resolver work?");
    }

    return zones_set(zones, "zone", cuts.values, cuts.n, env, err);
}
