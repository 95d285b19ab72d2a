/*
 * Policy hosts that resolve to given addresses: those that an ACME client on
 * these addresses gets certificates for.
 */

#include "cli/diag/diag.h"
#include "command.h"


typedef struct {
    const mta_sts_target_t  *addresses;
    size_t                   n;
    unsigned                 active;      /* hosts */
} pointing_t;


/* A host, and what its two lookups have found. */

typedef struct {
    pointing_t              *pointing;
    unsigned                 pending;
    size_t                   here;
    size_t                   elsewhere;
} pointing_host_t;


static void
pointing_done(void *ctx, const dns_answer_t *answer)
{
    size_t            i, k;
    pointing_host_t  *host = ctx;

    for (i = 0; i < answer->n; i++) {

        for (k = 0; k < host->pointing->n; k++) {
            if (mta_sts_str_eq(answer->records[i].text,
                               host->pointing->addresses[k].value))
            {
                break;
            }
        }

        host->here += k < host->pointing->n;
        host->elsewhere += k == host->pointing->n;
    }

    /* it is unknown where such a host is */

    host->elsewhere += answer->status == DNS_FAILED;

    if (--host->pending == 0) {
        host->pointing->active--;
    }
}


static void
pointing_start(pointing_t *pointing, const net_t *net,
    const mta_sts_entry_t *entry, pointing_host_t *host)
{
    mta_sts_str_t    name;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena, NULL };

    name = mta_sts_name_policy_host(entry->domain, &env);

    host->pointing = pointing;
    host->pending = 2;
    pointing->active++;

    dns_lookup(net->dns, name, ns_t_a, pointing_done, host);
    dns_lookup(net->dns, name, ns_t_aaaa, pointing_done, host);

    mta_sts_arena_free(&arena);
}


int
command_pointing(const options_t *options, const mta_sts_env_t *env,
    mta_sts_entry_t *entries, size_t *n, mta_sts_err_t *err)
{
    net_t                  net;
    size_t                 i, k;
    pointing_t             pointing = { NULL, 0, 0 };
    pointing_host_t       *hosts;
    mta_sts_target_t      *addresses;
    const options_list_t  *list;

    list = &options->pointing;
    addresses = env->alloc(env->ctx, list->n * sizeof(mta_sts_target_t));

    if (mta_sts_target_set("address", list->values, list->n, env, addresses,
                           &pointing.n, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (mta_sts_str_eq(addresses[0].type, mta_sts_str("CNAME"))) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "invalid address \"%.*s\", "
                             "must be an IP address",
                             MTA_STS_SHOW(addresses[0].value));
    }

    if (net_init(&net, &options->net, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    pointing.addresses = addresses;

    hosts = env->alloc(env->ctx, *n * sizeof(pointing_host_t));
    memset(hosts, 0, *n * sizeof(pointing_host_t));

    for (i = 0; i < *n || pointing.active;) {

        if (i < *n && pointing.active < options->net.jobs) {
            pointing_start(&pointing, &net, &entries[i], &hosts[i]);
            i++;

        } else {
            net_step(&net);
        }
    }

    net_free(&net);

    for (i = 0, k = 0; i < *n; i++) {
        if (hosts[i].here && hosts[i].elsewhere == 0) {
            entries[k++] = entries[i];
        }
    }

    *n = k;

    return MTA_STS_OK;
}
