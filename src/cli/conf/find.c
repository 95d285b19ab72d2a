/*
 * Finds the policy of a domain: its own, or the default policy of the server
 * that nginx would choose.
 */

#include <stdlib.h>

#include "policy/policy.h"
#include "site.h"


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


void
site_domains(const site_t *site, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n)
{
    size_t  cursor;

    *n = 0;
    cursor = 0;

    *entries = env->alloc(env->ctx,
                          (site->catalog.n + 1) * sizeof(mta_sts_entry_t));

    while (mta_sts_catalog_next(&site->catalog, &cursor, &(*entries)[*n])) {
        (*n)++;
    }

    site_sort(*entries, *n);
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
        if (site->servers[i]->server.default_policy == NULL
            && server_name_rank(site->servers[i], host, &name) > best)
        {
            mta_sts_warn(env, name->value.place, "server name \"%.*s\" has no "
                         "policy for host \"%.*s\" and may be chosen for it",
                         MTA_STS_SHOW(name->value.text), MTA_STS_SHOW(host));
            return;
        }
    }
}


/* How nginx ranks a server's default policy for host, and its place. */

static size_t
site_rank_default(const site_server_t *server, mta_sts_str_t host,
    mta_sts_place_t *place)
{
    size_t                        rank;
    const mta_sts_server_name_t  *name;

    if (server->server.default_policy == NULL) {
        return 0;
    }

    *place = server->server.default_place;

    if (server->any) {
        return SERVER_NAME_REGEX;
    }

    rank = server_name_rank(server, host, &name);

    if (rank && place->line == 0) {
        *place = name->value.place;
    }

    return rank;
}


static int
site_unknown(const site_t *site, const mta_sts_value_t *domain,
    mta_sts_str_t name, mta_sts_err_t *err)
{
    mta_sts_str_t  nearest;

    if (site_nearest(&site->catalog, name, &nearest)) {
        return mta_sts_error(err, domain->place, "no policy for domain "
                             "\"%.*s\", the nearest is \"%.*s\"",
                             MTA_STS_SHOW(name), MTA_STS_SHOW(nearest));
    }

    return mta_sts_error(err, domain->place, "no policy for domain \"%.*s\"",
                         MTA_STS_SHOW(name));
}


/* Finds the default policy that nginx chooses for entry->domain. */

static int
site_find_default(const site_t *site, const mta_sts_value_t *domain,
    const mta_sts_env_t *env, mta_sts_entry_t *entry, mta_sts_err_t *err)
{
    size_t                   i, rank, best;
    mta_sts_str_t            host;
    mta_sts_place_t          place;
    const mta_sts_server_t  *server;

    host = mta_sts_name_policy_host(entry->domain, env);
    best = 0;

    for (i = 0; i < site->n; i++) {
        server = &site->servers[i]->server;

        rank = site_rank_default(site->servers[i], host, &place);

        if (rank > best) {
            best = rank;
            entry->policy = server->default_policy;
            entry->policy_name = server->default_name;
            entry->place = place;

        } else if (rank && rank == best
                   && !mta_sts_policy_eq(entry->policy, server->default_policy))
        {
            return site_ambiguous(domain, entry, &place, err);
        }
    }

    if (best == 0) {
        return site_unknown(site, domain, entry->domain, err);
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

    if (mta_sts_catalog_find(&site->catalog, name, entry)) {
        return MTA_STS_OK;
    }

    entry->domain = name;

    return site_find_default(site, domain, env, entry, err);
}
