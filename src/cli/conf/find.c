/*
 * The policy of a domain, and the domains that are refused since nginx does not
 * serve their policy everywhere.
 */

#include <stdlib.h>

#include "policy/policy.h"
#include "cli/diag/diag.h"
#include "site.h"


static int
find_entry_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(((const mta_sts_entry_t *) a)->domain,
                           ((const mta_sts_entry_t *) b)->domain);
}


void
site_sort(mta_sts_entry_t *entries, size_t n)
{
    qsort(entries, n, sizeof(mta_sts_entry_t), find_entry_cmp);
}


void
site_domains(const site_t *site, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n)
{
    size_t                    cursor;
    const mta_sts_catalog_t  *catalog;

    *n = 0;
    cursor = 0;
    catalog = &site->answers.catalog;

    *entries = env->alloc(env->ctx,
                          (catalog->n + 1) * sizeof(mta_sts_entry_t));

    while (mta_sts_catalog_next(catalog, &cursor, &(*entries)[*n])) {
        (*n)++;
    }

    site_sort(*entries, *n);
}


/* A domain on its way into the order. */

typedef struct {
    mta_sts_str_t  domain;
    size_t         cursor;
} find_domain_t;


static int
find_domain_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(((const find_domain_t *) a)->domain,
                           ((const find_domain_t *) b)->domain);
}


void
site_cursors(const site_t *site, const mta_sts_env_t *env, size_t **cursors,
    size_t *n)
{
    size_t                    i, cursor;
    find_domain_t            *domains;
    mta_sts_entry_t           entry;
    const mta_sts_catalog_t  *catalog;

    catalog = &site->answers.catalog;

    domains = diag_calloc(catalog->n, sizeof(find_domain_t));

    for (i = 0, cursor = 0; i < catalog->n; i++) {
        domains[i].cursor = cursor;

        if (!mta_sts_catalog_next(catalog, &cursor, &entry)) {
            break;
        }

        domains[i].domain = entry.domain;
    }

    *n = i;

    qsort(domains, *n, sizeof(find_domain_t), find_domain_cmp);

    *cursors = env->alloc(env->ctx, *n * sizeof(size_t));

    for (i = 0; i < *n; i++) {
        (*cursors)[i] = domains[i].cursor;
    }

    free(domains);
}


static int
find_refused_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(((const site_refused_t *) a)->conflict.domain,
                           ((const site_refused_t *) b)->conflict.domain);
}


/* Of several conflicts the first one is the reason. */

static int
find_refused_order(const void *a, const void *b)
{
    int  rc;

    rc = find_refused_cmp(a, b);

    return rc ? rc : ((const site_refused_t *) a)->order
                     < ((const site_refused_t *) b)->order ? -1 : 1;
}


typedef struct {
    site_t                  *site;
    mta_sts_answer_pairs_t   pairs;
} find_check_t;


static void
find_report(void *ctx, const mta_sts_answer_conflict_t *conflict)
{
    find_check_t *check = ctx;

    site_t  *site;

    if (conflict->carved) {
        mta_sts_answer_pairs_add(&check->pairs, conflict);
        return;
    }

    site = check->site;

    site->refused = mta_sts_env_grow(check->pairs.env, site->refused,
                                     site->n_refused, &site->refused_size,
                                     sizeof(site_refused_t));
    site->refused[site->n_refused].order = site->n_refused;
    site->refused[site->n_refused++].conflict = *conflict;
}


void
site_check(site_t *site, const mta_sts_env_t *env)
{
    size_t        i, n;
    find_check_t  check;

    memset(&check, 0, sizeof(find_check_t));

    check.site = site;
    check.pairs.answers = &site->answers;
    check.pairs.env = env;

    mta_sts_answers_check(&site->answers, find_report, &check);
    mta_sts_answer_pairs_warn(&check.pairs);
    mta_sts_answers_warn_unreachable(&site->answers, env);

    if (site->n_refused == 0) {
        return;
    }

    qsort(site->refused, site->n_refused, sizeof(site_refused_t),
          find_refused_order);

    for (i = 1, n = 1; i < site->n_refused; i++) {
        if (find_refused_cmp(&site->refused[i], &site->refused[n - 1]) != 0) {
            site->refused[n++] = site->refused[i];
        }
    }

    site->n_refused = n;
}


int
site_has_certificate(const site_t *site, mta_sts_str_t domain)
{
    int                         set;
    uint32_t                    server;
    const mta_sts_policy_t     *policy;
    mta_sts_answer_conflict_t   conflict;

    if (site->answers.n == 0
        || mta_sts_answers_find(&site->answers, domain, &policy, &server,
                                &conflict)
           != MTA_STS_OK
        || policy == NULL)
    {
        return 0;
    }

    set = site->servers[server]->certificate;

    return (set == -1 ? site->http.certificate : set) == 1;
}


int
site_is_directive(const site_t *site, const mta_sts_place_t *place)
{
    size_t                  i, k;
    const site_server_t    *server;
    const mta_sts_place_t  *name;

    for (i = 0; i < site->n; i++) {
        server = site->servers[i];

        for (k = 0; k < server->n && server->domains.text.data == NULL; k++) {
            name = &server->names[k].value.place;

            if (name->line == place->line
                && mta_sts_str_eq(name->file, place->file))
            {
                return 1;
            }
        }
    }

    return 0;
}


int
site_is_refused(const site_t *site, mta_sts_str_t domain, mta_sts_err_t *err)
{
    site_refused_t        key;
    const site_refused_t  *found;

    memset(&key, 0, sizeof(site_refused_t));

    key.conflict.domain = domain;

    found = site->n_refused
            ? bsearch(&key, site->refused, site->n_refused,
                      sizeof(site_refused_t), find_refused_cmp)
            : NULL;

    if (found == NULL) {
        return 0;
    }

    (void) mta_sts_answers_error(&site->answers, &found->conflict, err);

    return 1;
}


static int
find_unknown(const site_t *site, const mta_sts_value_t *domain,
    mta_sts_str_t name, mta_sts_err_t *err)
{
    mta_sts_str_t    nearest;
    mta_sts_entry_t  entry;

    if (mta_sts_str_starts(name, mta_sts_str("mta-sts."))
        && mta_sts_catalog_find(&site->answers.catalog,
                                mta_sts_str_after(name, 8), &entry))
    {
        return mta_sts_error(err, domain->place, "no policy for domain "
                             "\"%.*s\", which is the policy host of \"%.*s\": "
                             "give the mail domain", MTA_STS_SHOW(name),
                             MTA_STS_SHOW(entry.domain));
    }

    if (site_nearest(&site->answers.catalog, name, &nearest)) {
        return mta_sts_error(err, domain->place, "no policy for domain "
                             "\"%.*s\", the nearest is \"%.*s\"",
                             MTA_STS_SHOW(name), MTA_STS_SHOW(nearest));
    }

    return mta_sts_error(err, domain->place, "no policy for domain \"%.*s\"",
                         MTA_STS_SHOW(name));
}


/*
 * The default policy of a domain, or NULL; the server that has it, and the
 * policy host.
 */

static int
find_default(const site_t *site, mta_sts_str_t name, const mta_sts_env_t *env,
    const mta_sts_policy_t **policy, uint32_t *server, mta_sts_str_t *host,
    mta_sts_err_t *err)
{
    mta_sts_str_t              domain;
    mta_sts_answer_conflict_t  conflict;

    *host = mta_sts_name_policy_host(name, env);
    *server = 0;

    if (site->n && site->servers[0]->any) {
        *policy = mta_sts_server_find(&site->servers[0]->server, *host,
                                      &domain);

        return MTA_STS_OK;
    }

    if (mta_sts_answers_find(&site->answers, name, policy, server, &conflict)
        != MTA_STS_OK)
    {
        return mta_sts_answers_error(&site->answers, &conflict, err);
    }

    return MTA_STS_OK;
}


int
site_has(const site_t *site, mta_sts_str_t domain)
{
    int                      rc;
    uint32_t                 server;
    mta_sts_err_t            err;
    mta_sts_str_t            host;
    mta_sts_entry_t          entry;
    mta_sts_arena_t          arena = { NULL, 0 };
    mta_sts_env_t            env = { diag_alloc, NULL, &arena, NULL };
    const mta_sts_policy_t  *policy;

    if (domain.len > MTA_STS_NAME_DOMAIN_MAX) {
        return 0;
    }

    if (mta_sts_catalog_find(&site->answers.catalog, domain, &entry)) {
        return 1;
    }

    rc = site->n_defaults
         && (find_default(site, domain, &env, &policy, &server, &host, &err)
             != MTA_STS_OK
             || policy != NULL);

    mta_sts_arena_free(&arena);

    return rc;
}


int
site_find(const site_t *site, const mta_sts_value_t *domain,
    const mta_sts_env_t *env, mta_sts_entry_t *entry, mta_sts_err_t *err)
{
    uint32_t                 server;
    mta_sts_str_t            name, host;
    const mta_sts_server_t  *serves;

    if (mta_sts_name_domain("domain", domain, env, &name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (mta_sts_catalog_find(&site->answers.catalog, name, entry)) {
        return MTA_STS_OK;
    }

    if (find_default(site, name, env, &entry->policy, &server, &host, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (entry->policy == NULL) {
        return find_unknown(site, domain, name, err);
    }

    serves = &site->servers[server]->server;

    entry->domain = name;
    entry->policy_name = serves->default_name;
    entry->place = mta_sts_server_default_place(serves, host);

    return MTA_STS_OK;
}
