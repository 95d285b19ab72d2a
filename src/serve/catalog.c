/*
 * The domains of all servers.
 */

#include "serve.h"


/* Adds what a server has and the largest table has not. */

static int
catalog_add(mta_sts_catalog_t *catalog, const mta_sts_server_t *server,
    mta_sts_table_builder_t *builder, mta_sts_err_t *err)
{
    size_t           cursor;
    uint32_t         index;
    mta_sts_entry_t  entry, other, last;

    cursor = 0;
    index = 0;

    memset(&last, 0, sizeof(mta_sts_entry_t));

    while (mta_sts_table_next(&server->table, &cursor, &entry)) {

        if (mta_sts_table_find(&catalog->largest, entry.domain, &other)) {

            if (mta_sts_table_conflict(builder->rule, &other, &entry,
                                       builder->env, err)
                != MTA_STS_OK)
            {
                return MTA_STS_ERROR;
            }

            continue;
        }

        /* one policy may have more than one policy_name */

        if (entry.policy != last.policy
            || !mta_sts_str_eq(entry.policy_name, last.policy_name))
        {
            last = entry;

            if (mta_sts_table_add_policy(builder, entry.policy,
                                         entry.policy_name, &index, err)
                != MTA_STS_OK)
            {
                return MTA_STS_ERROR;
            }
        }

        if (mta_sts_table_add(builder, entry.domain, index, entry.place, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Is the server's table the largest, or that of one of those before it? */

static int
catalog_is_known(const mta_sts_catalog_t *catalog,
    const mta_sts_server_t *const *servers, size_t i)
{
    size_t                  k;
    const mta_sts_table_t  *table;

    table = &servers[i]->table;

    if (table->names == catalog->largest.names) {
        return 1;
    }

    for (k = 0; servers[i]->shared && k < i; k++) {
        if (servers[k]->shared && servers[k]->table.names == table->names) {
            return 1;
        }
    }

    return 0;
}


int
mta_sts_catalog_build(mta_sts_catalog_t *catalog,
    const mta_sts_server_t *const *servers, size_t n, int lenient,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                      rc;
    size_t                   i;
    mta_sts_derived_t        derived;
    mta_sts_warnings_t       warnings;
    mta_sts_table_builder_t  builder;

    memset(catalog, 0, sizeof(mta_sts_catalog_t));
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    warnings.n = 0;
    warnings.more = 0;

    mta_sts_derived_init(&derived, env, NULL, &warnings);

    builder.env = &derived.env;
    builder.rule = lenient ? MTA_STS_TABLE_FIRST : MTA_STS_TABLE_SAME;

    for (i = 0; i < n; i++) {
        if (servers[i]->table.n > catalog->largest.n) {
            catalog->largest = servers[i]->table;
        }
    }

    for (i = 0, rc = MTA_STS_OK; i < n && rc == MTA_STS_OK; i++) {
        if (!catalog_is_known(catalog, servers, i)) {
            rc = catalog_add(catalog, servers[i], &builder, err);
        }
    }

    if (rc == MTA_STS_OK) {
        rc = mta_sts_table_end(&builder, &catalog->others, err);

    } else {
        mta_sts_table_discard(&builder);
    }

    catalog->n = catalog->largest.n + catalog->others.n;

    mta_sts_warnings_report(&warnings, env);

    return rc;
}


int
mta_sts_catalog_find(const mta_sts_catalog_t *catalog, mta_sts_str_t domain,
    mta_sts_entry_t *entry)
{
    return mta_sts_table_find(&catalog->largest, domain, entry)
           || mta_sts_table_find(&catalog->others, domain, entry);
}


int
mta_sts_catalog_next(const mta_sts_catalog_t *catalog, size_t *cursor,
    mta_sts_entry_t *entry)
{
    int     found;
    size_t  rest;

    if (*cursor <= catalog->largest.names_len) {
        if (mta_sts_table_next(&catalog->largest, cursor, entry)) {
            return 1;
        }

        *cursor = catalog->largest.names_len + 1;
    }

    rest = *cursor - catalog->largest.names_len - 1;
    found = mta_sts_table_next(&catalog->others, &rest, entry);
    *cursor = catalog->largest.names_len + 1 + rest;

    return found;
}
