/*
 * A site: built from its servers, and asked for domains.
 */

#include <stdlib.h>

#include "../../core/name.h"
#include "conf.h"
#include "names.h"
#include "site.h"


static int
site_build(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                       enable;
    size_t                    i;
    site_server_t            *server;
    mta_sts_table_builder_t   all;

    memset(&all, 0, sizeof(mta_sts_table_builder_t));

    for (i = 0; i < site->n; i++) {
        server = site->servers[i];

        enable = server->enable != -1 ? server->enable : site->http.enable;

        if (enable == 0) {
            continue;
        }

        mta_sts_policy_inherit(&server->policy, &site->http.policy);

        if (mta_sts_server_build(&server->server, &server->policy,
                                 server->names, server->n, env, err)
            != MTA_STS_OK)
        {
            goto failed;
        }

        if (mta_sts_server_collect(&server->server, &all, err) != MTA_STS_OK) {
            goto failed;
        }

        if (server->server.fallback) {
            site->n_fallbacks++;
        }
    }

    return mta_sts_table_end(&all, &site->table, env, err);

failed:

    mta_sts_table_discard(&all);

    return MTA_STS_ERROR;
}


int
site_read(site_t *site, mta_sts_str_t file, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    memset(site, 0, sizeof(site_t));

    site->file = file;

    if (site_conf_read(site, env, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return site_build(site, env, err);
}


static int
site_entry_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(((const mta_sts_entry_t *) a)->domain,
                           ((const mta_sts_entry_t *) b)->domain);
}


void
site_sort(mta_sts_entry_t *entries, size_t n)
{
    qsort(entries, n, sizeof(mta_sts_entry_t), site_entry_cmp);
}


int
site_domains(const site_t *site, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n, mta_sts_err_t *err)
{
    size_t  cursor;

    *n = 0;
    cursor = 0;

    *entries = env->alloc(env->ctx,
                          (site->table.n + 1) * sizeof(mta_sts_entry_t));
    if (*entries == NULL) {
        return mta_sts_error_memory(err);
    }

    while (mta_sts_table_next(&site->table, &cursor, &(*entries)[*n])) {
        (*n)++;
    }

    site_sort(*entries, *n);

    return MTA_STS_OK;
}


static int
site_ambiguous(const mta_sts_value_t *domain, const mta_sts_entry_t *entry,
    const mta_sts_place_t *other, mta_sts_err_t *err)
{
    return mta_sts_error(err, domain->place, "domain \"%.*s\" may have the "
                         "policy in %.*s:%u or in %.*s:%u",
                         MTA_STS_SHOW(entry->domain),
                         (int) entry->place.file.len, entry->place.file.data,
                         entry->place.line, (int) other->file.len,
                         other->file.data, other->line);
}


/* Warns of the first server without a policy that matches better than best. */

static void
site_warn_better(const site_t *site, mta_sts_str_t host, size_t best,
    const mta_sts_env_t *env)
{
    size_t                        i;
    const mta_sts_server_name_t  *name;

    for (i = 0; i < site->n; i++) {
        if (site->servers[i]->server.fallback == NULL
            && site_names_rank(site->servers[i], host, &name) > best)
        {
            mta_sts_warn(env, name->value.place, "server name \"%.*s\" has no "
                         "policy for host \"%.*s\" and may be chosen for it",
                         MTA_STS_SHOW(name->value.text), MTA_STS_SHOW(host));
            return;
        }
    }
}


/* Finds the fallback that nginx chooses for entry->domain. */

static int
site_find_fallback(const site_t *site, const mta_sts_value_t *domain,
    const mta_sts_env_t *env, mta_sts_entry_t *entry, mta_sts_err_t *err)
{
    size_t                        i, rank, best;
    mta_sts_str_t                 host;
    const mta_sts_policy_t       *policy;
    const mta_sts_server_name_t  *name;

    host = mta_sts_name_policy_host(entry->domain, env);

    if (host.data == NULL) {
        return mta_sts_error_memory(err);
    }

    best = 0;

    for (i = 0; i < site->n; i++) {
        policy = site->servers[i]->server.fallback;

        rank = policy ? site_names_rank(site->servers[i], host, &name) : 0;

        if (rank > best) {
            best = rank;
            entry->policy = policy;
            entry->place = name->value.place;

        } else if (rank && rank == best
                   && !mta_sts_policy_eq(entry->policy, policy))
        {
            return site_ambiguous(domain, entry, &name->value.place, err);
        }
    }

    if (best == 0) {
        return mta_sts_error(err, domain->place, "no policy for domain "
                             "\"%.*s\"", MTA_STS_SHOW(entry->domain));
    }

    site_warn_better(site, host, best, env);

    return MTA_STS_OK;
}


int
site_find(const site_t *site, const mta_sts_value_t *domain,
    const mta_sts_env_t *env, mta_sts_entry_t *entry, mta_sts_err_t *err)
{
    mta_sts_str_t  name;

    if (mta_sts_name_domain("domain", domain, env, &name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (mta_sts_table_find(&site->table, name, entry)) {
        return MTA_STS_OK;
    }

    entry->domain = name;

    return site_find_fallback(site, domain, env, entry, err);
}
