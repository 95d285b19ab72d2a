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
 *
 * Names lie one behind the other, each after its length; offset 0 is no name.
 * The index is one array with open addressing, linear probing and a load of
 * 0.8: 15 bytes a domain.  Files stand for runs of names, since domains that
 * stand in one file are mostly added in a row.
 */

#include <stdio.h>
#include <stdlib.h>

#include "table.h"


/*
 * Makes room for n more elements of the given size in a malloc'ed array.
 * Returns 0 when memory ran out; the array then is as it was.
 */

static int
table_grow(void *array, size_t used, size_t *size, size_t n, size_t elt)
{
    void    *p, *old;
    size_t   want;

    if (*size - used >= n) {
        return 1;
    }

    want = *size ? 2 * *size : 16;

    while (want - used < n) {
        want *= 2;
    }

    memcpy(&old, array, sizeof(void *));

    p = realloc(old, want * elt);
    if (p == NULL) {
        return 0;
    }

    memcpy(array, &p, sizeof(void *));
    *size = want;

    return 1;
}


static uint64_t
table_hash_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;

    return hash ^ (hash >> 29);
}


/*
 * Takes eight bytes at a time, the last eight once more where they overlap,
 * since this is what a request waits for.  The index uses the high bits.
 */

static uint32_t
table_hash(mta_sts_str_t domain)
{
    size_t    i;
    uint64_t  hash, word;

    hash = domain.len;

    if (domain.len < sizeof(word)) {
        word = 0;

        for (i = 0; i < domain.len; i++) {
            word = word << 8 | (unsigned char) domain.data[i];
        }

        return (uint32_t) (table_hash_mix(hash, word) >> 32);
    }

    for (i = 0; i + sizeof(word) < domain.len; i += sizeof(word)) {
        memcpy(&word, domain.data + i, sizeof(word));
        hash = table_hash_mix(hash, word);
    }

    memcpy(&word, domain.data + domain.len - sizeof(word), sizeof(word));

    return (uint32_t) (table_hash_mix(hash, word) >> 32);
}


int
mta_sts_table_add(mta_sts_table_builder_t *b, const mta_sts_entry_t *entry,
    mta_sts_err_t *err)
{
    mta_sts_table_slot_t  *slot;

    if (b->names_len + entry->domain.len + 2 > UINT32_MAX
        || b->n_policies == UINT32_MAX)
    {
        return mta_sts_error(err, entry->place, "too many domains for a table");
    }

    if (!table_grow(&b->names, b->names_len, &b->names_size,
                    entry->domain.len + 2, 1)
        || !table_grow(&b->entries, b->n, &b->size, 1,
                       sizeof(mta_sts_table_slot_t))
        || !table_grow(&b->policies, b->n_policies, &b->policies_size, 1,
                       sizeof(mta_sts_policy_t *))
        || !table_grow(&b->files, b->n_files, &b->files_size, 1,
                       sizeof(mta_sts_table_file_t)))
    {
        return mta_sts_error_memory(err);
    }

    if (b->names_len == 0) {
        b->names[b->names_len++] = '\0';
    }

    if (b->n_policies == 0
        || b->policies[b->n_policies - 1] != entry->policy)
    {
        b->policies[b->n_policies++] = entry->policy;
    }

    if (b->n_files == 0 || !mta_sts_str_eq(b->files[b->n_files - 1].file,
                                           entry->place.file))
    {
        b->files[b->n_files].name = (uint32_t) b->names_len;
        b->files[b->n_files++].file = entry->place.file;
    }

    slot = &b->entries[b->n++];

    slot->name = (uint32_t) b->names_len;
    slot->policy = (uint32_t) (b->n_policies - 1);
    slot->line = entry->place.line;

    b->names[b->names_len++] = (char) entry->domain.len;
    memcpy(b->names + b->names_len, entry->domain.data, entry->domain.len);
    b->names_len += entry->domain.len;

    return MTA_STS_OK;
}


void
mta_sts_table_discard(mta_sts_table_builder_t *b)
{
    free(b->names);
    free(b->entries);
    free(b->policies);
    free(b->files);

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

    i = ((uint64_t) table_hash(domain) * table->n_slots) >> 32;

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


/*
 * Puts a builder's entry into the index; of a conflict it tells lenient, if
 * there is one.
 */

static int
table_insert(mta_sts_table_t *table, const mta_sts_table_slot_t *new,
    const mta_sts_env_t *lenient, mta_sts_err_t *err)
{
    mta_sts_entry_t        first, second;
    mta_sts_table_slot_t  *slot;

    slot = table_slot(table, table_name(table, new->name));

    if (slot->name == 0) {
        *slot = *new;
        return MTA_STS_OK;
    }

    table_entry(table, slot, &first);
    table_entry(table, new, &second);
    table->n--;

    if (mta_sts_policy_eq(first.policy, second.policy)) {
        return MTA_STS_OK;
    }

    (void) mta_sts_error(err, second.place, "domain \"%.*s\" has another "
                         "policy at %.*s:%u", MTA_STS_SHOW(first.domain),
                         (int) first.place.file.len,
                         first.place.file.len ? first.place.file.data : "",
                         first.place.line);

    if (lenient) {
        lenient->warn(lenient->ctx, err);
        return MTA_STS_OK;
    }

    return MTA_STS_ERROR;
}


static void *
table_copy(const mta_sts_env_t *env, const void *data, size_t size)
{
    void  *copy;

    copy = env->alloc(env->ctx, size);
    if (copy) {
        memcpy(copy, data, size);
    }

    return copy;
}


int
mta_sts_table_end(mta_sts_table_builder_t *b, mta_sts_table_t *table,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int     rc;
    size_t  i, slots;

    memset(table, 0, sizeof(mta_sts_table_t));

    if (b->n == 0) {
        return MTA_STS_OK;
    }

    slots = b->n + b->n / 4 + 1;

    table->n = (uint32_t) b->n;
    table->n_slots = (uint32_t) slots;
    table->n_files = b->n_files;
    table->names_len = b->names_len;

    table->names = table_copy(env, b->names, b->names_len);
    table->policies = table_copy(env, b->policies,
                                 b->n_policies * sizeof(mta_sts_policy_t *));
    table->files = table_copy(env, b->files,
                              b->n_files * sizeof(mta_sts_table_file_t));
    table->slots = env->alloc(env->ctx, slots * sizeof(mta_sts_table_slot_t));

    if (table->names && table->policies && table->files && table->slots) {
        memset(table->slots, 0, slots * sizeof(mta_sts_table_slot_t));
        rc = MTA_STS_OK;

        for (i = 0; i < b->n && rc == MTA_STS_OK; i++) {
            rc = table_insert(table, &b->entries[i], b->lenient ? env : NULL,
                              err);
        }

    } else {
        rc = mta_sts_error_memory(err);
    }

    mta_sts_table_discard(b);

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
