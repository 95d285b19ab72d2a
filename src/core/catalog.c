/*
 * The domains of all servers.
 */

#include "catalog.h"


/* Adds what a server has and the largest table has not. */

static int
catalog_add(mta_sts_catalog_t *catalog, const mta_sts_server_t *server,
    mta_sts_table_builder_t *builder, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t                   cursor;
    uint32_t                 index;
    mta_sts_entry_t          entry, other;
    const mta_sts_policy_t  *policy;

    cursor = 0;
    index = 0;
    policy = NULL;

    while (mta_sts_table_next(&server->table, &cursor, &entry)) {

        if (mta_sts_table_find(&catalog->largest, entry.domain, &other)) {

            if (mta_sts_table_conflict(&other, &entry, err) != MTA_STS_OK) {
                if (builder->rule != MTA_STS_TABLE_FIRST) {
                    return MTA_STS_ERROR;
                }

                env->warn(env->ctx, err);
            }

            continue;
        }

        if (entry.policy != policy) {
            policy = entry.policy;

            if (mta_sts_table_add_policy(builder, policy, entry.label, &index,
                                         err)
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


int
mta_sts_catalog_build(mta_sts_catalog_t *catalog,
    const mta_sts_server_t *const *servers, size_t n, int lenient,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t                   i;
    mta_sts_table_builder_t  builder;

    memset(catalog, 0, sizeof(mta_sts_catalog_t));
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.rule = lenient ? MTA_STS_TABLE_FIRST : MTA_STS_TABLE_SAME;

    for (i = 0; i < n; i++) {
        if (servers[i]->table.n > catalog->largest.n) {
            catalog->largest = servers[i]->table;
        }
    }

    for (i = 0; i < n; i++) {

        /* servers may share a table */

        if (servers[i]->table.names == catalog->largest.names) {
            continue;
        }

        if (catalog_add(catalog, servers[i], &builder, env, err)
            != MTA_STS_OK)
        {
            mta_sts_table_discard(&builder);
            return MTA_STS_ERROR;
        }
    }

    if (mta_sts_table_end(&builder, &catalog->others, env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    catalog->n = catalog->largest.n + catalog->others.n;

    return MTA_STS_OK;
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
