/*
 * Policy domain -> policy.
 *
 *     slots     [    ] [ name | policy, tag | line ] [    ] [ ... ] [ ... ]
 *                         |        |
 *     names     \0 |11|example.com|11|example.org|9|b.example| ...
 *                                  |
 *     policies                  [ * ] [ * ] ...
 *
 *     files         [ name   | "a.conf" ] [ name   | "b.conf" ] ...
 *     policy_names  [ policy | "hosted" ] [ policy | "" ] ...
 *
 * Each name follows its length; offset 0 is no name.  The slots use open
 * addressing with linear probing and a load of 9/11: 14.7 bytes per domain.
 * The tag, 8 bits of the hash, spares most comparisons of names.  Files and
 * policy names are kept once per run of names and of policies: the domains of a
 * file are mostly added in one run, and few policies have a name.
 */

#include "slots.h"


mta_sts_str_t
mta_sts_table_run(const mta_sts_table_run_t *runs, size_t n, uint32_t number)
{
    size_t         lo, hi, mid;
    mta_sts_str_t  none = { NULL, 0 };

    lo = 0;
    hi = n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (runs[mid].first <= number) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return lo ? runs[lo - 1].text : none;
}


/* The slot of domain, or NULL. */

static const mta_sts_table_slot_t *
table_slot(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    uint32_t                     hash;
    uint64_t                     i;
    const mta_sts_table_slot_t  *slot;

    if (table->n == 0) {
        return NULL;
    }

    hash = table->key ? mta_sts_hash(table->key, domain) : 0;
    i = mta_sts_table_first(hash, table->n_slots);

    for ( ;; ) {
        slot = &table->slots[i];

        if (slot->name == 0) {
            return NULL;
        }

        if ((slot->policy & 0xff) == mta_sts_table_tag(hash)
            && mta_sts_str_eq(mta_sts_table_name(table->names, slot->name),
                              domain))
        {
            return slot;
        }

        i++;

        if (i == table->n_slots) {
            i = 0;
        }
    }
}


const mta_sts_policy_t *
mta_sts_table_policy(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    const mta_sts_table_slot_t  *slot;

    slot = table_slot(table, domain);

    return slot ? table->policies[slot->policy >> 8] : NULL;
}


int
mta_sts_table_find(const mta_sts_table_t *table, mta_sts_str_t domain,
    mta_sts_entry_t *entry)
{
    const mta_sts_table_slot_t  *slot;

    slot = table_slot(table, domain);

    if (slot == NULL) {
        return 0;
    }

    entry->domain = mta_sts_table_name(table->names, slot->name);
    entry->policy = table->policies[slot->policy >> 8];
    entry->policy_name = mta_sts_table_run(table->policy_names,
                                           table->n_policy_names,
                                           slot->policy >> 8);
    entry->place.file = mta_sts_table_run(table->files, table->n_files,
                                          slot->name);
    entry->place.line = slot->line;
    entry->place.column = 0;

    return 1;
}


int
mta_sts_table_next_name(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_str_t *domain)
{
    *cursor = *cursor ? *cursor : 1;

    if (*cursor >= table->names_len) {
        return 0;
    }

    *domain = mta_sts_table_name(table->names, (uint32_t) *cursor);
    *cursor += 1 + domain->len;

    return 1;
}


int
mta_sts_table_next(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_entry_t *entry)
{
    mta_sts_str_t  name;

    return mta_sts_table_next_name(table, cursor, &name)
           && mta_sts_table_find(table, name, entry);
}
