/*
 * Walking all domains of a table, which are looked up.
 *
 * Slots are anywhere in memory.  So the names of some domains are taken in
 * advance, and their slots are fetched meanwhile.
 */

#include "table.h"


void
table_walk_init(table_walk_t *walk, const mta_sts_table_t *table,
    const mta_sts_table_t *other, const mta_sts_table_builder_t *builder)
{
    memset(walk, 0, sizeof(table_walk_t));

    walk->table = table;
    walk->other = other;
    walk->builder = builder;
}


/* Takes names in advance, and fetches what is looked up. */

static void
walk_ahead(table_walk_t *walk, int entries)
{
    mta_sts_str_t  *name;

    while (walk->n < TABLE_AHEAD) {
        name = &walk->names[(walk->first + walk->n) % TABLE_AHEAD];

        if (!mta_sts_table_next_name(walk->table, &walk->cursor, name)) {
            return;
        }

        walk->n++;

        if (entries) {
            mta_sts_table_prefetch(walk->table, *name);
        }

        if (walk->other) {
            mta_sts_table_prefetch(walk->other, *name);
        }

        if (walk->builder) {
            mta_sts_table_prefetch_added(walk->builder, *name);
        }
    }
}


static int
walk_next(table_walk_t *walk, int entries, mta_sts_str_t *domain)
{
    walk_ahead(walk, entries);

    if (walk->n == 0) {
        return 0;
    }

    *domain = walk->names[walk->first];
    walk->first = (walk->first + 1) % TABLE_AHEAD;
    walk->n--;

    return 1;
}


int
table_walk_name(table_walk_t *walk, mta_sts_str_t *domain)
{
    return walk_next(walk, 0, domain);
}


int
table_walk(table_walk_t *walk, mta_sts_entry_t *entry)
{
    mta_sts_str_t  domain;

    while (walk_next(walk, 1, &domain)) {
        if (mta_sts_table_find(walk->table, domain, entry)) {
            return 1;
        }
    }

    return 0;
}
