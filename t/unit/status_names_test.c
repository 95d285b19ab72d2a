/*
 * Names of policies get counters once, whichever process adds them, as far as
 * there is room; and what a process does under the lock does not grow with the
 * number of counters times the number of names.
 */

#include <time.h>

#include "status/names.h"
#include "entries.h"


#define SIZE   (1024 * 1024)
#define MANY   100000
#define TRIES  3


static mta_sts_status_t *
counters(size_t size)
{
    void              *memory;
    mta_sts_status_t  *status;

    memory = test.env.alloc(test.env.ctx, size);

    if (memory == NULL) {
        abort();
    }

    memset(memory, 0, size);

    if (mta_sts_status_init(memory, size, 1, &status, &test.err) != MTA_STS_OK)
    {
        abort();
    }

    return status;
}


/* A table with one policy for each name from..to-1, and a map for it. */

static void
named(mta_sts_table_t *table, mta_sts_status_map_t *map, size_t from, size_t to)
{
    char                     *name;
    uint32_t                  index;
    const mta_sts_policy_t   *policy;
    mta_sts_table_builder_t   builder;

    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.env = &test.env;
    policy = set_policy("mx mx.example");

    for ( /* void */ ; from < to; from++) {
        name = test.env.alloc(test.env.ctx, 32);

        if (name == NULL) {
            abort();
        }

        (void) snprintf(name, 32, "policy-%zu", from);

        if (mta_sts_table_add_policy(&builder, policy, mta_sts_str_from(name),
                                     &index, &test.err)
            != MTA_STS_OK)
        {
            abort();
        }
    }

    if (add(&builder, "a.example", policy, "f", 1) != MTA_STS_OK
        || end(&builder, table) != MTA_STS_OK)
    {
        abort();
    }

    map->n = mta_sts_status_map_size(table);
    map->elts = test.env.alloc(test.env.ctx, (map->n + 1) * sizeof(uint16_t));

    if (map->elts == NULL) {
        abort();
    }

    memset(map->elts, 0, map->n * sizeof(uint16_t));
}


static uint32_t
n_names(const mta_sts_status_t *status)
{
    uint32_t                 cursor, n;
    mta_sts_status_policy_t  policy;

    cursor = 0;

    for (n = 0; mta_sts_status_next_name(status, &cursor, &policy); n++) {
        /* void */
    }

    return n;
}


/* Has each name of the table the counter that the map says? */

static int
map_is(const mta_sts_status_t *status, const mta_sts_table_t *table,
    const mta_sts_status_map_t *map)
{
    size_t                       cursor;
    uint32_t                     first, last;
    mta_sts_str_t                name, found;
    const mta_sts_status_name_t  *record;

    cursor = 0;

    while (mta_sts_table_next_named(table, &cursor, &first, &last, &name)) {
        record = (void *) (status->names
                           + map->elts[first] * MTA_STS_STATUS_UNIT);
        found.data = record->name;
        found.len = record->len;

        if (map->elts[first] == 0 || !mta_sts_str_eq(found, name)) {
            return 0;
        }
    }

    return 1;
}


/* Two processes, each with an index of its own. */

static void
test_two(void)
{
    mta_sts_table_t          one, two;
    mta_sts_status_t        *status;
    mta_sts_status_map_t     map1, map2;
    mta_sts_status_index_t   index1, index2;

    test_begin(0);
    memset(&index1, 0, sizeof(mta_sts_status_index_t));
    memset(&index2, 0, sizeof(mta_sts_status_index_t));

    status = counters(SIZE);
    named(&one, &map1, 0, 100);
    named(&two, &map2, 50, 150);

    mta_sts_status_index(status, &index1);
    mta_sts_status_index(status, &index2);

    is_int(mta_sts_status_map(status, &index1, &one, &map1), 0,
           "no name has a counter");
    is_int(mta_sts_status_map(status, &index2, &two, &map2), 0,
           "... in another process, too");

    mta_sts_status_add_names(status, &index1, &one, &map1);
    is_int(n_names(status), 100, "one adds its names");

    mta_sts_status_add_names(status, &index2, &two, &map2);
    is_int(n_names(status), 150, "the other only those that are still new");

    is_int(mta_sts_status_map(status, &index1, &one, &map1), 1, "both find");
    is_int(mta_sts_status_map(status, &index2, &two, &map2), 1, "... all");
    ok(map_is(status, &one, &map1) && map_is(status, &two, &map2),
       "... and the right ones");

    is_int(mta_sts_status_name(status, &index1, mta_sts_str("policy-149")),
           map2.elts[99], "a name that the other has added");

    map1.n = 0;
    is_int(mta_sts_status_map(status, &index1, &one, &map1), 0,
           "a map without elements");
}


static void
test_full(void)
{
    char                     text[200];
    uint32_t                 n;
    mta_sts_str_t            name;
    mta_sts_table_t          table;
    mta_sts_status_t        *status;
    mta_sts_status_map_t     map;
    mta_sts_status_index_t   index;

    test_begin(0);
    memset(&index, 0, sizeof(mta_sts_status_index_t));

    status = counters(SIZE);
    named(&table, &map, 0, MANY);

    /* as many names of 180 bytes as there is room for */

    for (n = 0; n == n_names(status); n++) {
        (void) snprintf(text, sizeof(text), "%0180u", (unsigned) n);
        (void) mta_sts_status_name(status, &index, mta_sts_str_from(text));
    }

    n = n_names(status);
    mta_sts_status_add_names(status, &index, &table, &map);

    ok(n_names(status) > n, "a short name has room where a long one has none");
    is_int(mta_sts_status_map(status, &index, &table, &map), 0,
           "... but not all");
    ok(status->names_len <= status->names_size, "... and all within");

    n = n_names(status);
    mta_sts_status_add_names(status, &index, &table, &map);
    is_int(n_names(status), n, "full is full");

    name = mta_sts_str("policy-0");
    is_int(mta_sts_status_find_name(status, &index, name), map.elts[0],
           "the first has its counter");
    ok(map.elts[0] != 0 && map.elts[MANY - 1] == 0,
       "... and the last has none");
}


/* CPU time for many names where n counters are, or as many as there is room. */

static clock_t
cost(uint32_t n, const mta_sts_table_t *table, mta_sts_status_map_t *map)
{
    size_t                   try;
    char                     text[32];
    uint32_t                 i;
    clock_t                  begin, took, least;
    mta_sts_status_t        *status;
    mta_sts_status_index_t   index;

    least = 0;

    for (try = 0; try < TRIES; try++) {
        status = counters(SIZE);
        memset(&index, 0, sizeof(mta_sts_status_index_t));

        for (i = 0; i < n; i++) {
            (void) snprintf(text, sizeof(text), "other-%u", (unsigned) i);
            (void) mta_sts_status_name(status, &index, mta_sts_str_from(text));
        }

        status->names_size = index.end;

        begin = clock();

        memset(&index, 0, sizeof(mta_sts_status_index_t));
        mta_sts_status_index(status, &index);
        (void) mta_sts_status_map(status, &index, table, map);
        mta_sts_status_add_names(status, &index, table, map);
        (void) mta_sts_status_map(status, &index, table, map);

        took = clock() - begin;
        least = try == 0 || took < least ? took : least;
    }

    return least;
}


static void
test_cost(void)
{
    clock_t               few, many;
    mta_sts_table_t       table;
    mta_sts_status_map_t  map;

    test_begin(0);
    named(&table, &map, 0, MANY);

    few = cost(1, &table, &map);
    many = cost(2000, &table, &map);

    printf("# %d names: %ld us with one counter, %ld us with 2000\n", MANY,
           (long) (few * 1000000 / CLOCKS_PER_SEC),
           (long) (many * 1000000 / CLOCKS_PER_SEC));

    ok(many < 10 * few + CLOCKS_PER_SEC / 100,
       "names cost about the same, however many counters there are");
}


int
main(void)
{
    test_two();
    test_full();
    test_cost();

    return done();
}
