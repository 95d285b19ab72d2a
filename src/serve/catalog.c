/*
 * The domains of all servers.
 */

#include "serve.h"
#include "base/base.h"


/* Adds what a server has and the largest table has not. */

static int
catalog_add(mta_sts_catalog_t *catalog, const mta_sts_server_t *server,
    mta_sts_table_builder_t *builder, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t           cursor;
    uint32_t         index;
    mta_sts_entry_t  entry, other, last;

    cursor = 0;
    index = 0;

    memset(&last, 0, sizeof(mta_sts_entry_t));

    while (mta_sts_table_next(&server->table, &cursor, &entry)) {

        if (mta_sts_table_find(&catalog->largest, entry.domain, &other)) {

            if (mta_sts_table_conflict(builder->rule, &other, &entry, env, err)
                != MTA_STS_OK)
            {
                return MTA_STS_ERROR;
            }

            continue;
        }

        /* equal policies are one, but may have more than one policy_name */

        if (entry.policy != last.policy
            || entry.policy_name.data != last.policy_name.data)
        {
            last = entry;

            if (mta_sts_table_add_policy(builder, entry.policy, entry.policy_name,
                                         &index, err)
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


/* Has one of the servers before it, or the largest, the server's table? */

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


static int
catalog_build(mta_sts_catalog_t *catalog,
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
        if (catalog_is_known(catalog, servers, i)) {
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


/* Memory as it is, and the warnings held back, since there may be many. */

typedef struct {
    const mta_sts_env_t  *env;
    mta_sts_warnings_t        held;
} catalog_env_t;


static void *
catalog_alloc(void *ctx, size_t size)
{
    catalog_env_t *catalog = ctx;

    return catalog->env->alloc(catalog->env->ctx, size);
}


static void
catalog_warn(void *ctx, const mta_sts_err_t *warning)
{
    catalog_env_t *catalog = ctx;

    mta_sts_warnings_add(&catalog->held, warning);
}


int
mta_sts_catalog_build(mta_sts_catalog_t *catalog,
    const mta_sts_server_t *const *servers, size_t n, int lenient,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int            rc;
    mta_sts_env_t  few;
    catalog_env_t  ctx;

    ctx.env = env;
    ctx.held.n = 0;
    ctx.held.more = 0;

    few.alloc = catalog_alloc;
    few.warn = catalog_warn;
    few.ctx = &ctx;

    rc = catalog_build(catalog, servers, n, lenient, &few, err);

    mta_sts_warnings_report(&ctx.held, env);

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
