/*
 * Merging a table of changes with the table that they change.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "table.h"


typedef struct {
    mta_sts_intern_t  *pool;
    uint32_t          *indexes;       /* 1 + that of a policy of the table
                                         that is merged, or 0 */
} merge_t;


/* Adds an entry; equal policies are only looked for once per index. */

static int
merge_add(merge_t *merge, const mta_sts_entry_t *entry, mta_sts_err_t *err)
{
    uint32_t  index;

    if (merge->indexes[entry->index]) {
        index = merge->indexes[entry->index] - 1;

    } else {
        if (mta_sts_intern_policy(merge->pool, entry->policy,
                                  entry->policy_name, &index, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        merge->indexes[entry->index] = index + 1;
    }

    return mta_sts_table_add(merge->pool->builder, entry->domain, index,
                             entry->place, err);
}


/* Adds the domains of a table, but for those that changes have. */

static int
merge_table(mta_sts_intern_t *pool, const mta_sts_table_t *table,
    const mta_sts_table_t *changes, mta_sts_err_t *err)
{
    int              rc;
    merge_t          merge;
    table_walk_t     walk;
    mta_sts_entry_t  entry;

    merge.pool = pool;
    merge.indexes = diag_calloc(table->n_policies ? table->n_policies : 1,
                                sizeof(uint32_t));
    rc = MTA_STS_OK;

    table_walk_init(&walk, table, changes, NULL);

    while (rc == MTA_STS_OK && table_walk(&walk, &entry)) {
        if (changes == NULL || !mta_sts_table_has_name(changes, entry.domain)) {
            rc = merge_add(&merge, &entry, err);
        }
    }

    free(merge.indexes);

    return rc;
}


int
table_merge(const mta_sts_table_t *table, const mta_sts_table_t *changes,
    mta_sts_table_t *merged, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                      rc;
    mta_sts_intern_t         pool;
    mta_sts_table_builder_t  builder;

    mta_sts_intern_init(&pool, &builder, env);
    builder.rule = MTA_STS_TABLE_DISTINCT;

    rc = mta_sts_table_reserve(&builder, (size_t) table->n + changes->n,
                               table->names_len + changes->names_len, err);

    if (rc == MTA_STS_OK) {
        rc = merge_table(&pool, table, changes, err);
    }

    if (rc == MTA_STS_OK) {
        rc = merge_table(&pool, changes, NULL, err);
    }

    mta_sts_intern_free(&pool);

    if (rc == MTA_STS_OK) {
        return mta_sts_table_end(&builder, merged, err);
    }

    mta_sts_table_discard(&builder);

    return MTA_STS_ERROR;
}
