/*
 * Policies and their names, once each; open addressing with linear probing.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "serve/slots.h"
#include "table.h"


void
table_pool_init(table_pool_t *pool, mta_sts_table_builder_t *builder,
    const mta_sts_env_t *env)
{
    memset(pool, 0, sizeof(table_pool_t));
    memset(builder, 0, sizeof(mta_sts_table_builder_t));

    pool->builder = builder;
    builder->env = env;
}


/* The slot of a policy and its name, or the free one where they belong. */

static table_pooled_t *
pool_slot(const table_pool_t *pool, const mta_sts_policy_t *policy,
    mta_sts_str_t name)
{
    size_t           i;
    uint32_t         hash;
    table_pooled_t  *slot;

    hash = mta_sts_hash(&pool->key, mta_sts_policy_id(policy));
    hash = mta_sts_hash_text(&pool->key, hash, mta_sts_policy_rua(policy));
    hash = mta_sts_hash_text(&pool->key, hash, name);

    for (i = hash & (pool->n_slots - 1); ; i = (i + 1) & (pool->n_slots - 1)) {
        slot = &pool->slots[i];

        if (slot->policy == NULL
            || (mta_sts_str_eq(slot->name, name)
                && (slot->policy == policy
                    || mta_sts_policy_eq(slot->policy, policy))))
        {
            return slot;
        }
    }
}


/* Makes room for one more; the size is a power of two. */

static int
pool_grow(table_pool_t *pool, mta_sts_err_t *err)
{
    size_t        i;
    table_pool_t  old;

    if (pool->n < pool->n_slots / 4 * 3) {
        return MTA_STS_OK;
    }

    if (pool->n_slots == 0 && mta_sts_hash_init(&pool->key, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    old = *pool;

    pool->n_slots = old.n_slots ? 2 * old.n_slots : 64;
    pool->slots = diag_calloc(pool->n_slots, sizeof(table_pooled_t));

    for (i = 0; i < old.n_slots; i++) {
        if (old.slots[i].policy) {
            *pool_slot(pool, old.slots[i].policy, old.slots[i].name)
                = old.slots[i];
        }
    }

    free(old.slots);

    return MTA_STS_OK;
}


int
table_pool_add(table_pool_t *pool, const mta_sts_policy_t *policy,
    mta_sts_str_t policy_name, uint32_t *index, mta_sts_err_t *err)
{
    table_pooled_t  *slot;

    if (pool_grow(pool, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    slot = pool_slot(pool, policy, policy_name);

    if (slot->policy == NULL) {
        if (pool->env) {
            policy = mta_sts_policy_copy(policy, pool->env);
            policy_name = mta_sts_str_copy(pool->env, policy_name);

            if (policy == NULL || policy_name.data == NULL) {
                return mta_sts_error_memory(err);
            }
        }

        if (mta_sts_table_add_policy(pool->builder, policy, policy_name,
                                     &slot->index, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        slot->policy = policy;
        slot->name = policy_name;
        pool->n++;
    }

    *index = slot->index;

    return MTA_STS_OK;
}


int
table_pool_add_entry(table_pool_t *pool, const mta_sts_entry_t *entry,
    mta_sts_err_t *err)
{
    uint32_t  index;

    if (table_pool_add(pool, entry->policy, entry->policy_name, &index, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return mta_sts_table_add(pool->builder, entry->domain, index, entry->place,
                             err);
}


void
table_pool_free(table_pool_t *pool)
{
    free(pool->slots);

    memset(pool, 0, sizeof(table_pool_t));
}
