/*
 * Interned policies are found by a hash of their bytes, with open addressing; a
 * tag of 8 bits per slot avoids most comparisons.  Of equal policies, the first
 * has a slot, and if that one has a policy_name, the first without one, too.
 */

#include <stdlib.h>

#include "slots.h"


/* The id is a hash of the body already. */

static uint32_t
intern_hash(const mta_sts_intern_t *intern, const mta_sts_policy_t *policy)
{
    uint32_t  hash;

    hash = mta_sts_hash(&intern->key, mta_sts_policy_id(policy));

    return mta_sts_hash_text(&intern->key, hash, mta_sts_policy_rua(policy));
}


static void
intern_insert(mta_sts_intern_t *intern, uint32_t hash, uint32_t index)
{
    size_t  i;

    i = hash & (intern->n_slots - 1);

    while (intern->slots[i]) {
        i = (i + 1) & (intern->n_slots - 1);
    }

    intern->slots[i] = index + 1;
    intern->tags[i] = (uint8_t) (hash >> 24);
    intern->n++;
}


/* Makes room for one more; the size is a power of two. */

static int
intern_grow(mta_sts_intern_t *intern)
{
    size_t            i;
    mta_sts_intern_t  old;

    if (intern->n < intern->n_slots / 4 * 3) {
        return 1;
    }

    old = *intern;

    intern->n = 0;
    intern->n_slots = old.n_slots ? 2 * old.n_slots : 64;
    intern->slots = calloc(intern->n_slots, sizeof(uint32_t));
    intern->tags = calloc(intern->n_slots, 1);

    if (intern->slots == NULL || intern->tags == NULL) {
        free(intern->slots);
        free(intern->tags);
        *intern = old;
        return 0;
    }

    for (i = 0; i < old.n_slots; i++) {
        if (old.slots[i]) {
            intern_insert(intern,
                          intern_hash(intern,
                                      mta_sts_table_added(intern->builder,
                                                          old.slots[i] - 1)),
                          old.slots[i] - 1);
        }
    }

    free(old.slots);
    free(old.tags);

    return 1;
}


/*
 * Finds an equal policy; returns NULL if there is none.  *plain is 1 if *index
 * is one without a policy_name.
 */

static const mta_sts_policy_t *
intern_find(const mta_sts_intern_t *intern, uint32_t hash,
    const mta_sts_policy_t *policy, uint32_t *index, int *plain)
{
    size_t                   i;
    uint32_t                 k;
    const mta_sts_policy_t  *added, *found;

    found = NULL;
    *plain = 0;

    i = hash & (intern->n_slots - 1);

    for ( /* void */ ; intern->slots[i] && !*plain;
         i = (i + 1) & (intern->n_slots - 1))
    {
        if (intern->tags[i] != (uint8_t) (hash >> 24)) {
            continue;
        }

        k = intern->slots[i] - 1;
        added = mta_sts_table_added(intern->builder, k);

        if (mta_sts_policy_eq(added, policy)) {
            found = added;
            *index = k;
            *plain = mta_sts_table_added_name(intern->builder, k).len == 0;
        }
    }

    return found;
}


int
mta_sts_intern_add(mta_sts_intern_t *intern,
    mta_sts_settings_t *settings, mta_sts_str_t policy_name,
    const mta_sts_env_t *scratch, uint32_t *index, mta_sts_err_t *err)
{
    int                      plain;
    uint32_t                 hash;
    const mta_sts_policy_t  *policy, *kept;

    if (mta_sts_policy_render(settings, &intern->digest, scratch, &policy, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (intern->n_slots == 0
        && mta_sts_hash_init(&intern->key, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (!intern_grow(intern)) {
        return mta_sts_error_memory(err);
    }

    hash = intern_hash(intern, policy);
    kept = intern_find(intern, hash, policy, index, &plain);

    if (kept && plain && policy_name.len == 0) {
        return MTA_STS_OK;
    }

    if (kept && policy_name.len) {
        return mta_sts_table_add_policy(intern->builder, kept, policy_name,
                                        index, err);
    }

    if (kept == NULL) {
        intern->bytes += mta_sts_policy_size(policy);

        if (intern->max && intern->bytes > intern->max) {
            return mta_sts_error(err, mta_sts_settings_place(settings),
                                 "too many different policies, of more than "
                                 "%zu MB in all", intern->max >> 20);
        }

        kept = mta_sts_policy_copy(policy, intern->builder->env);

        if (kept == NULL) {
            return mta_sts_error_memory(err);
        }
    }

    if (mta_sts_table_add_policy(intern->builder, kept, policy_name, index,
                                 err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    intern_insert(intern, hash, *index);

    return MTA_STS_OK;
}


void
mta_sts_intern_free(mta_sts_intern_t *intern)
{
    free(intern->slots);
    free(intern->tags);
    mta_sts_digest_free(&intern->digest);

    intern->slots = NULL;
    intern->tags = NULL;
    intern->n_slots = 0;
    intern->n = 0;
}
