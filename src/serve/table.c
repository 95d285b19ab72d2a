/*
 * Policy domain -> policy.
 *
 *     slots     [    ] [ name | policy | line ] [    ] [ ... ] [ ... ]
 *                         |        |
 *     names     \0 |11|example.com|11|example.org|9|b.example| ...
 *                                  |
 *     policies                  [ * ] [ * ] ...
 *
 *     files     [ name | "a.conf" ] [ name | "b.conf" ] ...
 *     policy_names    [ policy | "hosted" ] [ policy | "google" ] ...
 *
 * Names lie one behind the other, each after its length; offset 0 is no name.
 * The index is one array with open addressing, linear probing and a load of
 * 9/11: 14.7 bytes a domain.  It uses the high bits of the hash.  Files stand
 * for runs of names, since domains that stand in one file are mostly added in
 * a row; few policies have policy_names.
 */

#include <stdlib.h>

#include "base/hash.h"
#include "table.h"


/*
 * Makes room for one more element of the given size in a malloc'ed array.
 * Returns the array, which may have moved, or NULL when memory ran out; the old
 * one then is as it was.
 */

static void *
table_grow(void *array, size_t used, size_t *size, size_t elt)
{
    void    *grown;
    size_t   want;

    if (used < *size) {
        return array;
    }

    want = *size ? 2 * *size : 16;

    grown = realloc(array, want * elt);
    if (grown) {
        *size = want;
    }

    return grown;
}


int
mta_sts_table_add_policy(mta_sts_table_builder_t *b,
    const mta_sts_policy_t *policy, mta_sts_str_t policy_name, uint32_t *index,
    mta_sts_err_t *err)
{
    mta_sts_table_policy_name_t    *policy_names;
    const mta_sts_policy_t  **policies;

    if (b->n_policies == UINT32_MAX) {
        return mta_sts_error(err, MTA_STS_NOWHERE,
                             "too many policies for a table");
    }

    policies = table_grow(b->policies, b->n_policies, &b->policies_size,
                          sizeof(mta_sts_policy_t *));
    if (policies == NULL) {
        return mta_sts_error_memory(err);
    }

    b->policies = policies;

    *index = (uint32_t) b->n_policies;

    b->policies[b->n_policies++] = policy;

    if (policy_name.len) {
        policy_names = table_grow(b->policy_names, b->n_policy_names, &b->policy_names_size,
                            sizeof(mta_sts_table_policy_name_t));
        if (policy_names == NULL) {
            return mta_sts_error_memory(err);
        }

        b->policy_names = policy_names;

        b->policy_names[b->n_policy_names].policy = *index;
        b->policy_names[b->n_policy_names++].policy_name = policy_name;
    }

    return MTA_STS_OK;
}


int
mta_sts_table_add(mta_sts_table_builder_t *b, mta_sts_str_t domain,
    uint32_t policy, mta_sts_place_t place, mta_sts_err_t *err)
{
    uint32_t               name;
    mta_sts_table_slot_t  *slot, *entries;
    mta_sts_table_file_t  *files;

    if (b->names.len + domain.len + 2 > UINT32_MAX) {
        return mta_sts_error(err, place, "too many domains for a table");
    }

    entries = table_grow(b->entries, b->n, &b->size,
                         sizeof(mta_sts_table_slot_t));
    if (entries == NULL) {
        return mta_sts_error_memory(err);
    }

    b->entries = entries;

    files = table_grow(b->files, b->n_files, &b->files_size,
                       sizeof(mta_sts_table_file_t));
    if (files == NULL) {
        return mta_sts_error_memory(err);
    }

    b->files = files;

    if (!mta_sts_strings_add(&b->names, domain, &name)) {
        return mta_sts_error_memory(err);
    }

    if (b->n_files == 0
        || !mta_sts_str_eq(b->files[b->n_files - 1].file, place.file))
    {
        b->files[b->n_files].name = name;
        b->files[b->n_files++].file = place.file;
    }

    slot = &b->entries[b->n++];

    slot->name = name;
    slot->policy = policy;
    slot->line = place.line;

    return MTA_STS_OK;
}


void
mta_sts_table_rewind(mta_sts_table_builder_t *b, size_t n, size_t names_len)
{
    b->n = n;

    mta_sts_strings_rewind(&b->names, names_len);

    while (b->n_files && b->files[b->n_files - 1].name >= names_len) {
        b->n_files--;
    }
}


/* The policy_name of a policy, or an empty one. */

static mta_sts_str_t
table_policy_name(const mta_sts_table_policy_name_t *policy_names, size_t n, uint32_t policy)
{
    size_t         lo, hi, mid;
    mta_sts_str_t  none = { NULL, 0 };

    lo = 0;
    hi = n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (policy_names[mid].policy == policy) {
            return policy_names[mid].policy_name;
        }

        if (policy_names[mid].policy < policy) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return none;
}


int
mta_sts_table_is_named(const mta_sts_table_builder_t *b, uint32_t policy)
{
    return table_policy_name(b->policy_names, b->n_policy_names, policy).len != 0;
}


void
mta_sts_table_discard(mta_sts_table_builder_t *b)
{
    mta_sts_strings_free(&b->names);
    free(b->entries);
    free(b->policies);
    free(b->files);
    free(b->policy_names);

    memset(b, 0, sizeof(mta_sts_table_builder_t));
}


static mta_sts_str_t
table_name(const mta_sts_table_t *table, uint32_t name)
{
    mta_sts_str_t  str;

    str.len = (unsigned char) table->names[name];
    str.data = table->names + name + 1;

    return str;
}


/* The slot of domain, or the empty one where it would go. */

static mta_sts_table_slot_t *
table_slot(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    uint64_t               i;
    mta_sts_table_slot_t  *slot;

    i = ((uint64_t) mta_sts_hash(domain) * table->n_slots) >> 32;

    for ( ;; ) {
        slot = &table->slots[i];

        if (slot->name == 0
            || mta_sts_str_eq(table_name(table, slot->name), domain))
        {
            return slot;
        }

        i++;

        if (i == table->n_slots) {
            i = 0;
        }
    }
}


static void
table_entry(const mta_sts_table_t *table, const mta_sts_table_slot_t *slot,
    mta_sts_entry_t *entry)
{
    size_t  lo, hi, mid;

    entry->domain = table_name(table, slot->name);
    entry->policy = table->policies[slot->policy];
    entry->policy_name = table_policy_name(table->policy_names, table->n_policy_names, slot->policy);
    entry->place.line = slot->line;
    entry->place.column = 0;

    lo = 0;
    hi = table->n_files;

    while (hi - lo > 1) {
        mid = lo + (hi - lo) / 2;

        if (table->files[mid].name <= slot->name) {
            lo = mid;

        } else {
            hi = mid;
        }
    }

    entry->place.file = table->files[lo].file;
}


/* Puts the builder's entries into the index; *duplicate is what fails. */

static int
table_index(const mta_sts_table_builder_t *b, mta_sts_table_t *table,
    mta_sts_str_t *duplicate, mta_sts_err_t *err)
{
    size_t                       i;
    mta_sts_entry_t              first, second;
    mta_sts_table_slot_t        *slot;
    const mta_sts_table_slot_t  *new;

    for (i = 0; i < b->n; i++) {
        new = &b->entries[i];
        slot = table_slot(table, table_name(table, new->name));

        if (slot->name == 0) {
            *slot = *new;
            continue;
        }

        if (b->rule == MTA_STS_TABLE_ONCE) {
            table_entry(table, slot, &first);
            table_entry(table, new, &second);

            *duplicate = second.domain;

            return mta_sts_error(err, second.place, "duplicate domain "
                                 "\"%.*s\", first at %.*s:%u",
                                 MTA_STS_SHOW(first.domain),
                                 MTA_STS_SHOW(first.place.file),
                                 first.place.line);
        }

        table->n--;
    }

    return MTA_STS_OK;
}


/*
 * Moves n bytes that *data has from malloc to env's memory, and frees them at
 * once, so that there are not two of everything.  An empty one becomes NULL.
 * Returns 0 when memory ran out.
 */

static int
table_move(void *data, size_t n, void *moved, const mta_sts_env_t *env)
{
    void  *from, *to, *none;

    none = NULL;
    memcpy(&from, data, sizeof(void *));

    to = n ? env->alloc(env->ctx, n) : NULL;

    if (to) {
        memcpy(to, from, n);
    }

    free(from);

    memcpy(data, &none, sizeof(void *));
    memcpy(moved, &to, sizeof(void *));

    return n == 0 || to;
}


int
mta_sts_table_end(mta_sts_table_builder_t *b, mta_sts_table_t *table,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int            rc;
    size_t         slots;
    mta_sts_str_t  duplicate = { NULL, 0 };

    memset(table, 0, sizeof(mta_sts_table_t));

    if (b->n == 0) {
        mta_sts_table_discard(b);
        return MTA_STS_OK;
    }

    slots = b->n + 2 * b->n / 9 + 1;

    table->n = (uint32_t) b->n;
    table->n_slots = (uint32_t) slots;
    table->names_len = b->names.len;
    table->n_files = b->n_files;
    table->n_policy_names = b->n_policy_names;

    table->names = mta_sts_strings_move(&b->names, env);

    if (table->names
        && table_move(&b->policies, b->n_policies * sizeof(mta_sts_policy_t *),
                      &table->policies, env)
        && table_move(&b->files, b->n_files * sizeof(mta_sts_table_file_t),
                      &table->files, env)
        && table_move(&b->policy_names, b->n_policy_names * sizeof(mta_sts_table_policy_name_t),
                      &table->policy_names, env)
        && (table->slots = env->alloc(env->ctx, slots
                                      * sizeof(mta_sts_table_slot_t))))
    {
        memset(table->slots, 0, slots * sizeof(mta_sts_table_slot_t));
        rc = table_index(b, table, &duplicate, err);

    } else {
        rc = mta_sts_error_memory(err);
    }

    mta_sts_table_discard(b);
    b->duplicate = duplicate;

    return rc;
}


const mta_sts_policy_t *
mta_sts_table_policy(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    const mta_sts_table_slot_t  *slot;

    if (table->n == 0) {
        return NULL;
    }

    slot = table_slot(table, domain);

    return slot->name ? table->policies[slot->policy] : NULL;
}


int
mta_sts_table_find(const mta_sts_table_t *table, mta_sts_str_t domain,
    mta_sts_entry_t *entry)
{
    const mta_sts_table_slot_t  *slot;

    if (table->n == 0) {
        return 0;
    }

    slot = table_slot(table, domain);

    if (slot->name == 0) {
        return 0;
    }

    table_entry(table, slot, entry);

    return 1;
}


int
mta_sts_table_next_name(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_str_t *domain)
{
    if (*cursor == 0) {
        *cursor = 1;
    }

    if (*cursor >= table->names_len) {
        return 0;
    }

    *domain = table_name(table, (uint32_t) *cursor);
    *cursor += 1 + domain->len;

    return 1;
}


int
mta_sts_table_next(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_entry_t *entry)
{
    mta_sts_str_t                name;
    const mta_sts_table_slot_t  *slot;

    if (*cursor == 0) {
        *cursor = 1;
    }

    while (*cursor < table->names_len) {
        name = table_name(table, (uint32_t) *cursor);
        slot = table_slot(table, name);

        if (slot->name == *cursor) {
            table_entry(table, slot, entry);
            *cursor += 1 + name.len;
            return 1;
        }

        /* added more than once */

        *cursor += 1 + name.len;
    }

    return 0;
}
