/*
 * Counters of policies by name.  Names are only ever added, so what is before
 * names_len can be read without a lock; an index of it that a process has for
 * itself keeps the time under the lock short where a table has many names.
 */

#include "names.h"


#define NAMES_FIRST  1             /* unit 0 counts what has no name */


/* The units of a record, and the one at an offset. */

static uint32_t
names_units(size_t len)
{
    return (uint32_t) ((offsetof(mta_sts_status_name_t, name) + len
                        + MTA_STS_STATUS_UNIT - 1)
                       / MTA_STS_STATUS_UNIT);
}


static mta_sts_status_name_t *
names_at(const mta_sts_status_t *status, uint32_t unit)
{
    return (void *) (status->names + (size_t) unit * MTA_STS_STATUS_UNIT);
}


static mta_sts_str_t
names_text(const mta_sts_status_t *status, uint32_t unit)
{
    mta_sts_status_name_t  *record;

    record = names_at(status, unit);

    return (mta_sts_str_t) { record->name, record->len };
}


int
mta_sts_status_next_name(const mta_sts_status_t *status, uint32_t *cursor,
    mta_sts_status_policy_t *policy)
{
    *cursor = *cursor ? *cursor : NAMES_FIRST;

    if (*cursor >= atomic_load(&status->names_len)) {
        return 0;
    }

    policy->name = names_text(status, *cursor);
    policy->fetches = mta_sts_status_get(&names_at(status, *cursor)->requests);

    *cursor += names_units(policy->name.len);

    return 1;
}


/* Where the index has a name, or the unused place where it goes. */

static uint16_t *
names_seek(const mta_sts_status_t *status, mta_sts_status_index_t *index,
    mta_sts_str_t name)
{
    size_t  i;

    i = mta_sts_status_hash(status, name) % MTA_STS_STATUS_INDEX;

    while (index->units[i]
           && !mta_sts_str_eq(names_text(status, index->units[i]), name))
    {
        i = (i + 1) % MTA_STS_STATUS_INDEX;
    }

    return &index->units[i];
}


void
mta_sts_status_index(const mta_sts_status_t *status,
    mta_sts_status_index_t *index)
{
    uint32_t                 unit;
    mta_sts_status_policy_t  policy;

    unit = index->end ? index->end : NAMES_FIRST;
    index->end = unit;

    while (mta_sts_status_next_name(status, &index->end, &policy)) {
        *names_seek(status, index, policy.name) = (uint16_t) unit;
        unit = index->end;
    }
}


static int
names_fits(const mta_sts_status_t *status, const mta_sts_status_index_t *index,
    mta_sts_str_t name)
{
    return name.len < MTA_STS_STATUS_NAMES
           && names_units(name.len) <= status->names_size - index->end;
}


uint16_t
mta_sts_status_find_name(const mta_sts_status_t *status,
    mta_sts_status_index_t *index, mta_sts_str_t name)
{
    return *names_seek(status, index, name);
}


uint16_t
mta_sts_status_name(mta_sts_status_t *status, mta_sts_status_index_t *index,
    mta_sts_str_t name)
{
    uint16_t                unit, *place;
    mta_sts_status_name_t  *record;

    mta_sts_status_index(status, index);

    place = names_seek(status, index, name);
    unit = *place;

    if (unit || !names_fits(status, index, name)) {
        return unit;
    }

    unit = (uint16_t) index->end;
    record = names_at(status, unit);
    record->len = (uint32_t) name.len;
    memcpy(record->name, name.data, name.len);

    /* others see the whole record or none */

    index->end += names_units(name.len);
    atomic_store(&status->names_len, index->end);

    *place = unit;

    return unit;
}


uint32_t
mta_sts_status_map_size(const mta_sts_table_t *table)
{
    size_t         cursor;
    uint32_t       first, last, n;
    mta_sts_str_t  name;

    n = 0;
    cursor = 0;

    while (mta_sts_table_next_named(table, &cursor, &first, &last, &name)) {
        n = last >= n ? last + 1 : n;
    }

    return n;
}


int
mta_sts_status_map(const mta_sts_status_t *status,
    mta_sts_status_index_t *index, const mta_sts_table_t *table,
    mta_sts_status_map_t *map)
{
    int            all;
    size_t         cursor;
    uint16_t       unit;
    uint32_t       i, first, last;
    mta_sts_str_t  name;

    all = 1;
    cursor = 0;

    while (mta_sts_table_next_named(table, &cursor, &first, &last, &name)) {
        unit = mta_sts_status_find_name(status, index, name);
        all &= unit && last < map->n;

        for (i = first; i <= last && i < map->n; i++) {
            map->elts[i] = unit;
        }
    }

    return all;
}


void
mta_sts_status_add_names(mta_sts_status_t *status,
    mta_sts_status_index_t *index, const mta_sts_table_t *table,
    const mta_sts_status_map_t *map)
{
    size_t         cursor;
    uint32_t       first, last;
    mta_sts_str_t  name;

    cursor = 0;
    mta_sts_status_index(status, index);

    while (mta_sts_table_next_named(table, &cursor, &first, &last, &name)) {
        if ((first >= map->n || map->elts[first] == 0)
            && names_fits(status, index, name))
        {
            (void) mta_sts_status_name(status, index, name);
        }
    }
}


void
mta_sts_status_copy_names(mta_sts_status_t *status,
    const mta_sts_status_t *other)
{
    uint16_t                 unit;
    uint32_t                 cursor;
    mta_sts_status_index_t   index;
    mta_sts_status_policy_t  policy;

    cursor = 0;
    memset(&index, 0, sizeof(mta_sts_status_index_t));

    while (mta_sts_status_next_name(other, &cursor, &policy)) {
        unit = mta_sts_status_name(status, &index, policy.name);

        if (unit) {
            atomic_store(&names_at(status, unit)->requests, policy.fetches);
        }
    }
}
