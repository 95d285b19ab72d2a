/*
 * Policies are found by a hash of their bytes in an index with open
 * addressing; 8 bits of it beside the index spare most looks at others.  Of
 * those that are equal, the first is in it, and where that one has a policy_name, the
 * first without one, too.
 */

#include <stdlib.h>

#include "base/hash.h"
#include "table.h"


/* The id is a hash of the body already. */

static uint32_t
policies_hash(const mta_sts_policy_t *policy)
{
    uint32_t  hash;

    hash = mta_sts_hash(mta_sts_policy_id(policy));

    if (policy->tlsrpt_rua) {
        hash ^= mta_sts_hash(*policy->tlsrpt_rua);
    }

    return hash;
}


static void
policies_insert(mta_sts_intern_t *policies, uint32_t hash, uint32_t index)
{
    size_t  i;

    i = hash & (policies->n_slots - 1);

    while (policies->slots[i]) {
        i = (i + 1) & (policies->n_slots - 1);
    }

    policies->slots[i] = index + 1;
    policies->tags[i] = (uint8_t) (hash >> 24);
    policies->n++;
}


/* Makes room for one more; the size is a power of two. */

static int
policies_grow(mta_sts_intern_t *policies)
{
    size_t     i, n, size;
    uint8_t   *tags;
    uint32_t  *slots, *old;

    if (policies->n < policies->n_slots / 4 * 3) {
        return 1;
    }

    old = policies->slots;
    n = policies->n_slots;
    size = n ? 2 * n : 64;

    slots = calloc(size, sizeof(uint32_t));
    tags = calloc(size, 1);

    if (slots == NULL || tags == NULL) {
        free(slots);
        free(tags);
        return 0;
    }

    free(policies->tags);

    policies->slots = slots;
    policies->tags = tags;
    policies->n_slots = size;
    policies->n = 0;

    for (i = 0; i < n; i++) {
        if (old[i]) {
            policies_insert(policies,
                            policies_hash(policies->builder
                                                  ->policies[old[i] - 1]),
                            old[i] - 1);
        }
    }

    free(old);

    return 1;
}


/*
 * Finds an equal policy; returns NULL if there is none.  *plain says whether
 * *index is one without a policy_name.
 */

static const mta_sts_policy_t *
policies_find(const mta_sts_intern_t *policies, uint32_t hash,
    const mta_sts_policy_t *policy, uint32_t *index, int *plain)
{
    size_t                   i;
    uint32_t                 k;
    const mta_sts_policy_t  *found;

    found = NULL;
    *plain = 0;

    i = hash & (policies->n_slots - 1);

    while (policies->slots[i] && !*plain) {
        k = policies->slots[i] - 1;

        if (policies->tags[i] == (uint8_t) (hash >> 24)
            && mta_sts_policy_eq(policies->builder->policies[k], policy))
        {
            found = policies->builder->policies[k];
            *index = k;
            *plain = !mta_sts_table_is_named(policies->builder, k);
        }

        i = (i + 1) & (policies->n_slots - 1);
    }

    return found;
}


/*
 * Copies a policy from scratch to stay.  URIs that other settings have, too,
 * are there already.
 */

static const mta_sts_policy_t *
policies_keep(const mta_sts_policy_t *policy, int own_rua,
    const mta_sts_env_t *env)
{
    mta_sts_str_t     *rua;
    mta_sts_policy_t  *copy;

    copy = mta_sts_policy_copy(policy, env);

    if (copy == NULL || !own_rua) {
        return copy;
    }

    rua = env->alloc(env->ctx, sizeof(mta_sts_str_t));
    if (rua == NULL) {
        return NULL;
    }

    *rua = mta_sts_str_copy(env, *policy->tlsrpt_rua);
    copy->tlsrpt_rua = rua;

    return rua->data ? copy : NULL;
}


int
mta_sts_intern_add(mta_sts_intern_t *policies,
    mta_sts_settings_t *settings, mta_sts_str_t policy_name,
    const mta_sts_env_t *env, const mta_sts_env_t *scratch, uint32_t *index,
    mta_sts_err_t *err)
{
    int                      own_rua, plain;
    uint32_t                 hash;
    const mta_sts_str_t     *rua;
    const mta_sts_policy_t  *policy, *kept;

    /* settings with a policy_name stay, and others inherit from them */

    own_rua = policy_name.len == 0
              && (settings->own & (1u << MTA_STS_SET_TLSRPT_RUA));

    if (mta_sts_settings_rua(settings, own_rua ? scratch : env, &rua, err)
        != MTA_STS_OK
        || mta_sts_policy_render(settings, &policies->digest, scratch, &policy,
                                 err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (!policies_grow(policies)) {
        return mta_sts_error_memory(err);
    }

    hash = policies_hash(policy);
    kept = policies_find(policies, hash, policy, index, &plain);

    if (kept && plain && policy_name.len == 0) {
        return MTA_STS_OK;
    }

    /* of equal policies with policy_names the first is enough to find the bytes */

    if (kept && policy_name.len) {
        return mta_sts_table_add_policy(policies->builder, kept, policy_name, index,
                                        err);
    }

    if (kept == NULL) {
        kept = policies_keep(policy, own_rua, env);

        if (kept == NULL) {
            return mta_sts_error_memory(err);
        }
    }

    if (mta_sts_table_add_policy(policies->builder, kept, policy_name, index, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    policies_insert(policies, hash, *index);

    return MTA_STS_OK;
}


void
mta_sts_intern_free(mta_sts_intern_t *policies)
{
    free(policies->slots);
    free(policies->tags);
    mta_sts_digest_free(&policies->digest);

    policies->slots = NULL;
    policies->tags = NULL;
    policies->n_slots = 0;
    policies->n = 0;
}
