/*
 * Counters of policies by name: which of them the policies of a table have.
 */

#ifndef MTA_STS_STATUS_NAMES_H
#define MTA_STS_STATUS_NAMES_H


#include "status.h"


/*
 * A process's own hash index of the names up to an offset; zeroed to begin
 * with.  At most half of it is in use.
 */

#define MTA_STS_STATUS_INDEX  (2 * MTA_STS_STATUS_NAMES / MTA_STS_STATUS_UNIT)

typedef struct {
    uint32_t             end;             /* unit */
    uint16_t             units[MTA_STS_STATUS_INDEX];
} mta_sts_status_index_t;


/* Which counters the names of a table's policies have. */

typedef struct {
    uint16_t            *elts;            /* by index of a policy; 0: no name */
    uint32_t             n;
} mta_sts_status_map_t;


/* The names of policies that have a counter; *cursor is 0 to begin with. */
int mta_sts_status_next_name(const mta_sts_status_t *status, uint32_t *cursor,
    mta_sts_status_policy_t *policy);

/* Adds the names that have become counters since to an index. */
void mta_sts_status_index(const mta_sts_status_t *status,
    mta_sts_status_index_t *index);

/* The counter that a policy's name has in an index, or 0. */
uint16_t mta_sts_status_find_name(const mta_sts_status_t *status,
    mta_sts_status_index_t *index, mta_sts_str_t name);

/*
 * The counter of a policy's name, which is made if there is none; 0 if there is
 * no room.  To be called by one process at a time.
 */
uint16_t mta_sts_status_name(mta_sts_status_t *status,
    mta_sts_status_index_t *index, mta_sts_str_t name);

/* The number of elements that the map of a table needs. */
uint32_t mta_sts_status_map_size(const mta_sts_table_t *table);

/*
 * Fills a map, of that many elements or none, with the counters that names have
 * in the index.  Returns 0 if some have none, or no element.
 */
int mta_sts_status_map(const mta_sts_status_t *status,
    mta_sts_status_index_t *index, const mta_sts_table_t *table,
    mta_sts_status_map_t *map);

/*
 * Makes counters for the names of a table that have none in its map, as far as
 * there is room.  To be called by one process at a time, so it is short.
 */
void mta_sts_status_add_names(mta_sts_status_t *status,
    mta_sts_status_index_t *index, const mta_sts_table_t *table,
    const mta_sts_status_map_t *map);

/* Takes over the names of another status, which mta_sts_status_copy() does. */
void mta_sts_status_copy_names(mta_sts_status_t *status,
    const mta_sts_status_t *other);


/* Counts a fetch by the counter of a policy's name. */

static inline void
mta_sts_status_count_name(mta_sts_status_t *status, size_t unit)
{
    mta_sts_status_name_t  *name;

    name = (void *) (status->names + unit * MTA_STS_STATUS_UNIT);

    mta_sts_status_inc(&name->requests);
}


/* Counts a fetch by a policy's name. */

static inline void
mta_sts_status_count_policy(mta_sts_status_t *status,
    const mta_sts_status_map_t *map, uint32_t policy)
{
    if (policy < map->n) {
        mta_sts_status_count_name(status, map->elts[policy]);
    }
}


#endif /* MTA_STS_STATUS_NAMES_H */
