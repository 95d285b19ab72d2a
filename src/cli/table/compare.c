/*
 * From two tables to the changes that make the one of the other.
 */

#include "table.h"


int
table_entry_eq(const mta_sts_entry_t *a, const mta_sts_entry_t *b)
{
    return mta_sts_policy_eq(a->policy, b->policy)
           && mta_sts_str_eq(a->policy_name, b->policy_name);
}


int
table_same_default(const mta_sts_domains_t *a, const mta_sts_domains_t *b)
{
    if (a->default_policy == NULL || b->default_policy == NULL) {
        return a->default_policy == b->default_policy;
    }

    return mta_sts_policy_eq(a->default_policy, b->default_policy)
           && mta_sts_str_eq(a->default_name, b->default_name);
}


/* Adds the domains of new that old does not have so. */

static int
compare_set(const mta_sts_table_t *old, const mta_sts_table_t *new,
    mta_sts_intern_t *pool, mta_sts_err_t *err)
{
    table_walk_t     walk;
    mta_sts_entry_t  entry, other;

    table_walk_init(&walk, new, old, NULL);

    while (table_walk(&walk, &entry)) {

        if (mta_sts_table_find(old, entry.domain, &other)
            && table_entry_eq(&entry, &other))
        {
            continue;
        }

        if (mta_sts_intern_entry(pool, &entry, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Adds those of old that new does not have. */

static int
compare_removed(const mta_sts_table_t *old, const mta_sts_table_t *new,
    mta_sts_table_builder_t *builder, mta_sts_err_t *err)
{
    table_walk_t   walk;
    mta_sts_str_t  domain;

    table_walk_init(&walk, old, new, NULL);

    while (table_walk_name(&walk, &domain)) {

        if (mta_sts_table_policy(new, domain) == NULL
            && mta_sts_table_add(builder, domain, MTA_STS_TABLE_REMOVED,
                                 MTA_STS_NOWHERE, err)
               != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
table_compare(const mta_sts_table_t *old, const mta_sts_table_t *new,
    mta_sts_table_t *changes, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                      rc;
    mta_sts_intern_t         pool;
    mta_sts_table_builder_t  builder;

    mta_sts_intern_init(&pool, &builder, env);
    builder.rule = MTA_STS_TABLE_ONCE;

    rc = compare_set(old, new, &pool, err);

    if (rc == MTA_STS_OK) {
        rc = compare_removed(old, new, &builder, err);
    }

    mta_sts_intern_free(&pool);

    if (rc == MTA_STS_OK) {
        return mta_sts_table_end(&builder, changes, err);
    }

    mta_sts_table_discard(&builder);

    return MTA_STS_ERROR;
}
