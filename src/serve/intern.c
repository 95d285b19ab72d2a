/*
 * Interned policies are found by a hash of their bytes and the policy_name,
 * with open addressing.  Of equal policies, the first also has a slot without
 * its policy_name, so that all of them share its bytes.
 */

#include <stdlib.h>

#include "slots.h"


void
mta_sts_intern_init(mta_sts_intern_t *intern,
    mta_sts_table_builder_t *builder, const mta_sts_env_t *env)
{
    memset(intern, 0, sizeof(mta_sts_intern_t));
    memset(builder, 0, sizeof(mta_sts_table_builder_t));

    intern->builder = builder;
    builder->env = env;
}


/* The id is a hash of the body already. */

static uint32_t
intern_hash(const mta_sts_intern_t *intern, const mta_sts_policy_t *policy,
    mta_sts_str_t policy_name)
{
    uint32_t  hash;

    hash = mta_sts_hash(&intern->key, mta_sts_policy_id(policy));
    hash = mta_sts_hash_text(&intern->key, hash, mta_sts_policy_rua(policy));

    return policy_name.len
           ? mta_sts_hash_text(&intern->key, hash, policy_name) : hash;
}


static void
intern_insert(mta_sts_intern_t *intern, uint32_t hash, uint32_t slot)
{
    size_t  i;

    i = hash & (intern->n_slots - 1);

    while (intern->slots[i]) {
        i = (i + 1) & (intern->n_slots - 1);
    }

    intern->slots[i] = slot;
    intern->hashes[i] = hash;
    intern->n++;
}


/* Makes room for two more; the size is a power of two. */

static int
intern_grow(mta_sts_intern_t *intern, mta_sts_err_t *err)
{
    size_t            i;
    mta_sts_intern_t  old;

    if (intern->n + 1 < intern->n_slots / 4 * 3) {
        return MTA_STS_OK;
    }

    if (intern->n_slots == 0
        && mta_sts_hash_init(&intern->key, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    old = *intern;

    intern->n = 0;
    intern->n_slots = old.n_slots ? 2 * old.n_slots : 64;
    intern->slots = calloc(intern->n_slots, sizeof(uint32_t));
    intern->hashes = calloc(intern->n_slots, sizeof(uint32_t));

    if (intern->slots == NULL || intern->hashes == NULL) {
        free(intern->slots);
        free(intern->hashes);
        *intern = old;
        return mta_sts_error_memory(err);
    }

    for (i = 0; i < old.n_slots; i++) {
        if (old.slots[i]) {
            intern_insert(intern, old.hashes[i], old.slots[i]);
        }
    }

    free(old.slots);
    free(old.hashes);

    return MTA_STS_OK;
}


/*
 * Finds a policy with a policy_name; returns 0 if there is none.  *kept is an
 * equal policy, if there is one with this hash, whatever its policy_name is.
 */

static int
intern_find(const mta_sts_intern_t *intern, uint32_t hash,
    const mta_sts_policy_t *policy, mta_sts_str_t policy_name,
    const mta_sts_policy_t **kept, uint32_t *index)
{
    size_t                   i;
    uint32_t                 k;
    const mta_sts_policy_t  *added;

    i = hash & (intern->n_slots - 1);

    for ( /* void */ ; intern->slots[i]; i = (i + 1) & (intern->n_slots - 1)) {

        if (intern->hashes[i] != hash) {
            continue;
        }

        k = intern->slots[i] - 1;
        added = mta_sts_table_added(intern->builder, k);

        if (added != policy && !mta_sts_policy_eq(added, policy)) {
            continue;
        }

        *kept = added;

        if (mta_sts_str_eq(mta_sts_table_added_name(intern->builder, k),
                           policy_name))
        {
            *index = k;
            return 1;
        }
    }

    return 0;
}


/* The first of equal policies: what is kept of it.  NULL on failure. */

static const mta_sts_policy_t *
intern_keep(mta_sts_intern_t *intern, const mta_sts_policy_t *policy,
    mta_sts_place_t place, mta_sts_err_t *err)
{
    intern->bytes += mta_sts_policy_size(policy);

    if (intern->max && intern->bytes > intern->max) {
        (void) mta_sts_error(err, place, "too many different policies, of "
                             "more than %zu MB in all", intern->max >> 20);
        return NULL;
    }

    if (intern->env) {
        policy = mta_sts_policy_copy(policy, intern->env);
    }

    if (policy == NULL) {
        (void) mta_sts_error_memory(err);
    }

    return policy;
}


static int
intern_policy(mta_sts_intern_t *intern, const mta_sts_policy_t *policy,
    mta_sts_str_t policy_name, mta_sts_place_t place, uint32_t *index,
    mta_sts_err_t *err)
{
    int                      first;
    uint32_t                 hash, plain;
    const mta_sts_policy_t  *kept;

    if (intern_grow(intern, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    kept = NULL;
    hash = intern_hash(intern, policy, policy_name);
    plain = hash;

    if (intern_find(intern, hash, policy, policy_name, &kept, index)) {
        return MTA_STS_OK;
    }

    if (policy_name.len) {
        plain = intern_hash(intern, policy, mta_sts_str(""));
        (void) intern_find(intern, plain, policy, mta_sts_str(""), &kept,
                           index);
    }

    first = kept == NULL;

    if (first) {
        kept = intern_keep(intern, policy, place, err);

        if (kept == NULL) {
            return MTA_STS_ERROR;
        }
    }

    if (intern->env && policy_name.len) {
        policy_name = mta_sts_str_copy(intern->env, policy_name);

        if (policy_name.data == NULL) {
            return mta_sts_error_memory(err);
        }
    }

    if (mta_sts_table_add_policy(intern->builder, kept, policy_name, index,
                                 err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    intern_insert(intern, hash, *index + 1);

    if (first && plain != hash) {
        intern_insert(intern, plain, *index + 1);
    }

    return MTA_STS_OK;
}


int
mta_sts_intern_add(mta_sts_intern_t *intern,
    mta_sts_settings_t *settings, mta_sts_str_t policy_name,
    const mta_sts_env_t *scratch, uint32_t *index, mta_sts_err_t *err)
{
    const mta_sts_policy_t  *policy;

    if (mta_sts_policy_render(settings, &intern->digest, scratch, &policy, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return intern_policy(intern, policy, policy_name,
                         mta_sts_settings_place(settings), index, err);
}


int
mta_sts_intern_policy(mta_sts_intern_t *intern,
    const mta_sts_policy_t *policy, mta_sts_str_t policy_name,
    uint32_t *index, mta_sts_err_t *err)
{
    return intern_policy(intern, policy, policy_name, MTA_STS_NOWHERE, index,
                         err);
}


int
mta_sts_intern_entry(mta_sts_intern_t *intern, const mta_sts_entry_t *entry,
    mta_sts_err_t *err)
{
    uint32_t  index;

    if (intern_policy(intern, entry->policy, entry->policy_name,
                      MTA_STS_NOWHERE, &index, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return mta_sts_table_add(intern->builder, entry->domain, index,
                             entry->place, err);
}


void
mta_sts_intern_free(mta_sts_intern_t *intern)
{
    free(intern->slots);
    free(intern->hashes);
    mta_sts_digest_free(&intern->digest);

    intern->slots = NULL;
    intern->hashes = NULL;
    intern->n_slots = 0;
    intern->n = 0;
}
