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
 * They are in the order in which their probing begins (Celis, "Robin Hood
 * hashing", 1986): a look-up ends at a slot whose probing begins after its own,
 * so that a miss costs no more than a hit.  The tag says where it begins, and
 * with bits of the hash spares most comparisons of names.  Files and
 * policy names are kept once per run of names and of policies: the domains of a
 * file are mostly added in one run, and few policies have a name.
 */

#include <stdalign.h>

#include "slots.h"


const mta_sts_table_run_t *
mta_sts_table_run(const mta_sts_table_run_t *runs, size_t n, uint32_t number)
{
    size_t  lo, hi, mid;

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

    return lo ? &runs[lo - 1] : NULL;
}


/*
 * The look-up.  A table that is mapped from a file may be damaged at any time,
 * so each offset is checked where it is used.
 */


/* Is domain the name at an offset? */

static inline int
table_name_is(const mta_sts_table_t *table, uint32_t name,
    mta_sts_str_t domain)
{
    return name < table->names_len && domain.len < table->names_len - name
           && mta_sts_str_eq(mta_sts_table_name(table->names, name), domain);
}


/* Looks further, from a slot on: distances are no longer known. */

static const mta_sts_table_slot_t *
table_slot_far(const mta_sts_table_t *table, mta_sts_str_t domain,
    const mta_sts_table_slot_t *slot, int tag)
{
    uint32_t  left;

    for (left = table->n_slots; left; left--) {

        if (mta_sts_table_distance(slot) < MTA_STS_TABLE_FAR) {
            return NULL;
        }

        if (mta_sts_table_tag(slot) == tag
            && table_name_is(table, slot->name, domain))
        {
            return slot;
        }

        slot++;

        if (slot == table->slots + table->n_slots) {
            slot = table->slots;
        }
    }

    return NULL;
}


/* The slot of domain, or NULL. */

static const mta_sts_table_slot_t *
table_slot(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    int                          bits, tag, least;
    uint32_t                     hash;
    const mta_sts_table_slot_t  *slot, *end;

    /* NULL + 0 is undefined */

    if (table->n_slots == 0) {
        return NULL;
    }

    hash = table->key ? mta_sts_hash(table->key, domain) : 0;
    bits = mta_sts_table_hash_bits(hash);
    slot = table->slots + mta_sts_table_first(hash, table->n_slots);
    end = table->slots + table->n_slots;

    /* the tag of a slot without a name is 0 */

    for (least = 0; least < MTA_STS_TABLE_FAR * MTA_STS_TABLE_STEP;
         least += MTA_STS_TABLE_STEP)
    {
        tag = mta_sts_table_tag(slot) - least;

        if (tag == bits) {
            if (table_name_is(table, slot->name, domain)) {
                return slot;
            }

        } else if (tag < 0) {
            return NULL;
        }

        slot++;

        if (slot == end) {
            slot = table->slots;
        }
    }

    return table_slot_far(table, domain, slot, least | bits);
}


/* The policy with an index, or NULL. */

static const mta_sts_policy_t *
table_policy(const mta_sts_table_t *table, uint32_t index)
{
    uint64_t                 offset, room;
    const mta_sts_policy_t  *policy;

    if (index >= table->n_policies) {
        return NULL;
    }

    offset = table->policies[index];

    if (offset > table->limit || offset % alignof(mta_sts_policy_t)
        || table->limit - offset < sizeof(mta_sts_policy_t))
    {
        return NULL;
    }

    policy = (const mta_sts_policy_t *) (table->base + (uintptr_t) offset);
    room = table->limit - offset - sizeof(mta_sts_policy_t);

    return mta_sts_policy_is_sound(policy, room) ? policy : NULL;
}


/* The text of the run of a number; empty if there is none. */

static mta_sts_str_t
table_text(const mta_sts_table_t *table, const mta_sts_table_run_t *runs,
    size_t n, uint32_t number)
{
    mta_sts_str_t               text = { NULL, 0 };
    const mta_sts_table_run_t  *run;

    run = mta_sts_table_run(runs, n, number);

    if (run && run->text <= table->limit
        && run->len <= table->limit - run->text)
    {
        text.data = (const char *) (table->base + (uintptr_t) run->text);
        text.len = run->len;
    }

    return text;
}


/* The slot of domain in *table or its changes, to which *table is set. */

static const mta_sts_table_slot_t *
table_find_slot(const mta_sts_table_t **table, mta_sts_str_t domain)
{
    const mta_sts_table_slot_t  *slot;

    if ((*table)->changes) {
        slot = table_slot((*table)->changes, domain);

        if (slot) {
            *table = (*table)->changes;
            return slot;
        }
    }

    return table_slot(*table, domain);
}


const mta_sts_policy_t *
mta_sts_table_policy(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    const mta_sts_table_slot_t  *slot;

    if (table->changes) {
        slot = table_slot(table->changes, domain);

        if (slot) {
            return table_policy(table->changes, slot->policy >> 8);
        }
    }

    slot = table_slot(table, domain);

    return slot ? table_policy(table, slot->policy >> 8) : NULL;
}


const mta_sts_policy_t *
mta_sts_table_locate(const mta_sts_table_t *table, mta_sts_str_t domain,
    mta_sts_found_t *found)
{
    uint32_t                     index;
    const mta_sts_table_t       *first;
    const mta_sts_table_slot_t  *slot;

    first = table;

    slot = table_find_slot(&table, domain);

    if (slot == NULL) {
        return NULL;
    }

    index = slot->policy >> 8;

    found->where = table == first ? MTA_STS_FOUND_TABLE
                                  : MTA_STS_FOUND_CHANGES;
    found->policy = index;
    found->slot = (uint32_t) (slot - table->slots);

    return table_policy(table, index);
}


int
mta_sts_table_next_named(const mta_sts_table_t *table, size_t *cursor,
    uint32_t *first, uint32_t *last, mta_sts_str_t *name)
{
    size_t                      end;
    const mta_sts_table_run_t  *run;

    while (*cursor < table->n_policy_names) {
        run = &table->policy_names[(*cursor)++];

        end = *cursor < table->n_policy_names ? run[1].first
                                              : table->n_policies;

        *name = table_text(table, run, 1, run->first);

        if (name->len && run->first < end && end <= table->n_policies) {
            *first = run->first;
            *last = (uint32_t) end - 1;
            return 1;
        }
    }

    return 0;
}


int
mta_sts_table_has_name(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    return table_slot(table, domain) != NULL;
}


int
mta_sts_table_find(const mta_sts_table_t *table, mta_sts_str_t domain,
    mta_sts_entry_t *entry)
{
    const mta_sts_table_slot_t  *slot;

    slot = table_find_slot(&table, domain);

    if (slot == NULL) {
        return 0;
    }

    entry->domain = mta_sts_table_name(table->names, slot->name);
    entry->policy = table_policy(table, slot->policy >> 8);
    entry->index = slot->policy >> 8;
    entry->policy_name = table_text(table, table->policy_names,
                                    table->n_policy_names, slot->policy >> 8);
    entry->place.file = table_text(table, table->files, table->n_files,
                                   slot->name);
    entry->place.line = slot->line;
    entry->place.column = 0;

    return entry->policy != NULL;
}


void
mta_sts_table_prefetch(const mta_sts_table_t *table, mta_sts_str_t domain)
{
    uint64_t  first;

    if (table->key) {
        first = mta_sts_table_first(mta_sts_hash(table->key, domain),
                                    table->n_slots);
        __builtin_prefetch(&table->slots[first]);
    }
}


/* The name at an offset, which is moved to the next one; 0 at the end. */

static int
table_next_name(const mta_sts_table_t *table, size_t *offset,
    mta_sts_str_t *domain)
{
    *offset = *offset ? *offset : 1;

    if (*offset >= table->names_len) {
        return 0;
    }

    *domain = mta_sts_table_name(table->names, (uint32_t) *offset);

    if (domain->len >= table->names_len - *offset) {
        *offset = table->names_len;
        return 0;
    }

    *offset += 1 + domain->len;

    return 1;
}


int
mta_sts_table_next_name(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_str_t *domain)
{
    int                     found;
    size_t                  offset;
    const mta_sts_table_t  *changes;

    changes = table->changes;

    while (*cursor < table->names_len
           && table_next_name(table, cursor, domain))
    {
        if (changes == NULL || table_slot(changes, *domain) == NULL) {
            return 1;
        }
    }

    if (changes == NULL) {
        return 0;
    }

    /* the names of the changes come after those of the table */

    offset = *cursor - table->names_len;

    do {
        found = table_next_name(changes, &offset, domain);
    } while (found && mta_sts_table_policy(changes, *domain) == NULL);

    *cursor = table->names_len + offset;

    return found;
}


int
mta_sts_table_next(const mta_sts_table_t *table, size_t *cursor,
    mta_sts_entry_t *entry)
{
    mta_sts_str_t  name;

    while (mta_sts_table_next_name(table, cursor, &name)) {
        if (mta_sts_table_find(table, name, entry)) {
            return 1;
        }
    }

    return 0;
}


void
mta_sts_table_set_changes(mta_sts_table_t *table,
    const mta_sts_table_t *changes)
{
    size_t         offset;
    uint32_t       n;
    mta_sts_str_t  name;

    offset = 0;
    n = table->n;

    while (table_next_name(changes, &offset, &name)) {
        n -= mta_sts_table_policy(table, name) != NULL;
        n += mta_sts_table_policy(changes, name) != NULL;
    }

    table->n = n;
    table->changes = changes;
}
