/*
 * Walking all domains of a table, which are looked up.
 *
 * Slots are anywhere in memory.  So the names of some domains are taken in
 * advance, and their slots are fetched meanwhile.
 */

#include "table.h"


void
table_walk_init(table_walk_t *walk, const mta_sts_table_t *table,
    const mta_sts_table_t *other)
{
    memset(walk, 0, sizeof(table_walk_t));

    walk->table = table;
    walk->other = other;
}


/* Takes names in advance, and says that they are looked up. */

static void
walk_ahead(table_walk_t *walk)
{
    mta_sts_str_t  *name;

    while (walk->n < TABLE_AHEAD) {
        name = &walk->names[(walk->first + walk->n) % TABLE_AHEAD];

        if (!mta_sts_table_next_name(walk->table, &walk->cursor, name)) {
            return;
        }

        walk->n++;

        mta_sts_table_prefetch(walk->table, *name);

        if (walk->other) {
            mta_sts_table_prefetch(walk->other, *name);
        }
    }
}


int
table_walk_name(table_walk_t *walk, mta_sts_str_t *domain)
{
    walk_ahead(walk);

    if (walk->n == 0) {
        return 0;
    }

    *domain = walk->names[walk->first];
    walk->first = (walk->first + 1) % TABLE_AHEAD;
    walk->n--;

    return 1;
}


int
table_walk(table_walk_t *walk, mta_sts_entry_t *entry)
{
    mta_sts_str_t  domain;

    while (table_walk_name(walk, &domain)) {
        if (mta_sts_table_find(walk->table, domain, entry)) {
            return 1;
        }
    }

    return 0;
}
