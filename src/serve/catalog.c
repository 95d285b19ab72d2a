/*
 * The domains of all servers.
 */

#include "serve.h"


/* Is the domain in one of the first n tables? */

static int
catalog_find(const mta_sts_catalog_t *catalog, size_t n, mta_sts_str_t domain,
    mta_sts_entry_t *entry)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (mta_sts_table_find(&catalog->tables[i], domain, entry)) {
            return 1;
        }
    }

    return 0;
}


/* Adds the domains of a server that are in no table of the catalog. */

static int
catalog_add(const mta_sts_catalog_t *catalog, const mta_sts_server_t *server,
    mta_sts_table_builder_t *builder, mta_sts_err_t *err)
{
    size_t           cursor;
    uint32_t         index;
    mta_sts_entry_t  entry, other, last;

    cursor = 0;
    index = 0;

    memset(&last, 0, sizeof(mta_sts_entry_t));

    while (mta_sts_table_next(&server->table, &cursor, &entry)) {

        if (catalog_find(catalog, MTA_STS_CATALOG_TABLES, entry.domain,
                         &other))
        {
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


/* Is the server's table the largest, or that of a server before it? */

static int
catalog_is_known(const mta_sts_table_t *largest,
    const mta_sts_server_t *const *servers, size_t i)
{
    size_t                  k;
    const mta_sts_table_t  *table;

    table = &servers[i]->table;

    if (table->names == largest->names) {
        return 1;
    }

    for (k = 0; servers[i]->shared && k < i; k++) {
        if (servers[k]->shared && servers[k]->table.names == table->names) {
            return 1;
        }
    }

    return 0;
}


/* Makes the largest table of n servers one of the catalog, the rest another. */

static int
catalog_build(mta_sts_catalog_t *catalog, mta_sts_table_t *tables,
    const mta_sts_server_t *const *servers, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t                   i;
    mta_sts_table_builder_t  builder;

    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.env = env;

    for (i = 0; i < n; i++) {
        if (servers[i]->table.n > tables[0].n
            && !mta_sts_catalog_has(catalog, &servers[i]->table))
        {
            tables[0] = servers[i]->table;
        }
    }

    for (i = 0; i < n; i++) {
        if (!catalog_is_known(&tables[0], servers, i)
            && catalog_add(catalog, servers[i], &builder, err) != MTA_STS_OK)
        {
            mta_sts_table_discard(&builder);
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_table_end(&builder, &tables[1], err);
}


int
mta_sts_catalog_build(mta_sts_catalog_t *catalog,
    const mta_sts_server_t *const *servers, size_t n, size_t n_first,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t           i, cursor;
    mta_sts_str_t    domain;
    mta_sts_entry_t  entry;

    memset(catalog, 0, sizeof(mta_sts_catalog_t));

    if (catalog_build(catalog, &catalog->tables[0], servers, n_first, env, err)
        != MTA_STS_OK
        || catalog_build(catalog, &catalog->tables[2], servers + n_first,
                         n - n_first, env, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < MTA_STS_CATALOG_TABLES; i++) {
        catalog->n += catalog->tables[i].n;
    }

    /* only this table may have domains of those before it */

    cursor = 0;

    while (catalog->tables[0].n
           && mta_sts_table_next_name(&catalog->tables[2], &cursor, &domain))
    {
        catalog->n -= (size_t) catalog_find(catalog, 2, domain, &entry);
    }

    return MTA_STS_OK;
}


int
mta_sts_catalog_find(const mta_sts_catalog_t *catalog, mta_sts_str_t domain,
    mta_sts_entry_t *entry)
{
    return catalog_find(catalog, MTA_STS_CATALOG_TABLES, domain, entry);
}


int
mta_sts_catalog_find_first(const mta_sts_catalog_t *catalog,
    mta_sts_str_t domain, mta_sts_entry_t *entry)
{
    return catalog_find(catalog, 2, domain, entry);
}


int
mta_sts_catalog_has(const mta_sts_catalog_t *catalog,
    const mta_sts_table_t *table)
{
    return table->names == catalog->tables[0].names
           || table->names == catalog->tables[2].names;
}


int
mta_sts_catalog_next(const mta_sts_catalog_t *catalog, size_t *cursor,
    mta_sts_entry_t *entry)
{
    size_t                  i, start, pos;
    mta_sts_entry_t         other;
    const mta_sts_table_t  *table;

    for (i = 0, start = 0; i < MTA_STS_CATALOG_TABLES; i++) {
        table = &catalog->tables[i];

        while (*cursor <= start + mta_sts_table_last(table)) {
            pos = *cursor - start;

            if (!mta_sts_table_next(table, &pos, entry)) {
                *cursor = start + mta_sts_table_last(table) + 1;
                break;
            }

            *cursor = start + pos;

            if (i != 2 || !catalog_find(catalog, 2, entry->domain, &other)) {
                return 1;
            }
        }

        start += mta_sts_table_last(table) + 1;
    }

    return 0;
}
