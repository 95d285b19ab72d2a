/*
 * The table answers every request, for one domain or for very many: whatever
 * was added must be found with its policy and its place, nothing else may be,
 * and what is walked must come in the order of the configuration.
 */

#include "serve/slots.h"
#include "entries.h"


#define MANY           100000
#define MANY_POLICIES  7
#define MANY_FILES     4


static const mta_sts_policy_t  *policies[MANY_POLICIES];


/* Renders policies that differ in their mx. */

static void
make_policies(void)
{
    char    line[64];
    size_t  i;

    for (i = 0; i < MANY_POLICIES; i++) {
        (void) snprintf(line, sizeof(line), "mx mx%zu.example", i);

        policies[i] = set_policy(line);

        if (policies[i] == NULL) {
            abort();
        }
    }
}


static void
test_none(void)
{
    size_t                   cursor;
    mta_sts_entry_t          entry;
    mta_sts_table_t          table;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    memset(&table, 0, sizeof(mta_sts_table_t));

    cursor = 0;

    ok(finds_not(&table, mta_sts_str("a.example")), "a zeroed table: nothing");
    is_int(mta_sts_table_next(&table, &cursor, &entry), 0, "to walk, either");

    memset(&builder, 0, sizeof(mta_sts_table_builder_t));
    memset(&table, 0xa5, sizeof(mta_sts_table_t));

    cursor = 0;

    is_int(end(&builder, &table), MTA_STS_OK, "a table of 0 domains");
    is_int(table.n, 0, "has 0");
    ok(finds_not(&table, mta_sts_str("a.example")), "nothing in it");
    ok(finds_not(&table, mta_sts_str("")), "also not the empty name");
    is_int(mta_sts_table_next(&table, &cursor, &entry), 0, "nothing to walk");

    mta_sts_table_discard(&builder);
    ok(builder.names.elts == NULL, "to discard nothing is harmless");
}


static void
test_few(void)
{
    char                     name[16];
    size_t                   i, cursor;
    mta_sts_entry_t          entry;
    mta_sts_table_t          table;
    mta_sts_table_builder_t  builder;

    static const char  *others[] = {
        "", "a", "example", "a.exampl", "a.example.", "a.examplf",
        "b.example", "A.example", ".example", "a.exampleaa.example"
    };

    test_begin(0);
    make_policies();
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    /* the name is copied */

    memcpy(name, "a.example", 10);
    (void) add(&builder, name, policies[0], "a.yaml", 1);
    memset(name, '#', sizeof(name));

    is_int(end(&builder, &table), MTA_STS_OK, "a table of 1 domain");
    is_int(table.n, 1, "has 1");
    ok(builder.names.elts == NULL && builder.rows.n == 0,
       "its builder is freed");
    ok(finds(&table, "a.example", policies[0], "a.yaml", 1), "finds it");

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ok(finds_not(&table, mta_sts_str_from(others[i])), "not \"%s\"",
           others[i]);
    }

    ok(finds_not(&table, mta_sts_str("a.example\0")), "not with a NUL");

    cursor = 0;
    ok(mta_sts_table_next(&table, &cursor, &entry) == 1
       && entry_is(&entry, "a.example", policies[0], "a.yaml", 1),
       "walks to it");
    is_int(mta_sts_table_next(&table, &cursor, &entry), 0, "and to the end");
    ok(mta_sts_table_next(&table, &cursor, &entry) == 0, "and stays there");

    (void) add(&builder, "b.example", policies[0], "a.yaml", 2);
    (void) add(&builder, "a.example", policies[1], "b.yaml", 1);

    is_int(end(&builder, &table), MTA_STS_OK, "a table of 2 domains");
    is_int(table.n, 2, "has 2");
    ok(finds(&table, "a.example", policies[1], "b.yaml", 1), "finds one");
    ok(finds(&table, "b.example", policies[0], "a.yaml", 2), "and the other");
    ok(finds_not(&table, mta_sts_str("c.example")), "and no third");

    cursor = 0;
    ok(mta_sts_table_next(&table, &cursor, &entry) == 1
       && entry_is(&entry, "b.example", policies[0], "a.yaml", 2),
       "walks first to what was first");
    ok(mta_sts_table_next(&table, &cursor, &entry) == 1
       && entry_is(&entry, "a.example", policies[1], "b.yaml", 1),
       "then to the second");
    is_int(mta_sts_table_next(&table, &cursor, &entry), 0, "and to the end");
}


/* Names of each length, two that differ in the last byte alone. */

static void
test_lengths(void)
{
    char                     name[254];
    size_t                   len, bad;
    mta_sts_table_t          table;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    make_policies();
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    for (len = 1; len <= 253; len++) {
        memset(name, 'a', len);
        name[len] = '\0';
        (void) add(&builder, name, policies[0], "a.yaml", (unsigned) len);

        name[len - 1] = 'b';
        (void) add(&builder, name, policies[1], "b.yaml", (unsigned) len);
    }

    is_int(end(&builder, &table), MTA_STS_OK, "names of 1 to 253 bytes");
    is_int(table.n, 506, "are all different");

    for (len = 1, bad = 0; len <= 253; len++) {
        memset(name, 'a', len);
        name[len] = '\0';
        bad += !finds(&table, name, policies[0], "a.yaml", (unsigned) len);

        name[len - 1] = 'b';
        bad += !finds(&table, name, policies[1], "b.yaml", (unsigned) len);

        name[len - 1] = 'c';
        bad += !finds_not(&table, mta_sts_str_from(name));
    }

    is_int((long long) bad, 0, "and all are found");
}


/* Tables of each size up to 99: in some, a probe runs over the end. */

static void
test_sizes(void)
{
    char                     name[32];
    size_t                   i, n, bad;
    mta_sts_table_t          table;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    make_policies();
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    for (n = 1, bad = 0; n < 100; n++) {

        for (i = 0; i < n; i++) {
            (void) snprintf(name, sizeof(name), "d%zu.example", i * n);
            bad += add(&builder, name, policies[0], "a.yaml", 1)
                   != MTA_STS_OK;
        }

        bad += end(&builder, &table) != MTA_STS_OK || table.n != n;

        for (i = 0; i < n; i++) {
            (void) snprintf(name, sizeof(name), "d%zu.example", i * n);
            bad += !finds(&table, name, policies[0], "a.yaml", 1);

            (void) snprintf(name, sizeof(name), "e%zu.example", i * n);
            bad += !finds_not(&table, mta_sts_str_from(name));
        }
    }

    is_int((long long) bad, 0, "tables of 1 to 99 domains");
}


/* What the table is to hold, as a simple array has it. */

static struct {
    char          domain[32];
    size_t        policy;
    const char   *file;
    unsigned      line;
} many[MANY];


static void
make_many(void)
{
    size_t    i;
    uint32_t  random;

    static const char  *files[MANY_FILES] = { "a.yaml", "", "b.yaml", "a" };

    for (i = 0, random = 1; i < MANY; i++) {
        random = random * 1664525 + 1013904223;

        (void) snprintf(many[i].domain, sizeof(many[i].domain),
                        random >> 31 ? "%u.example" : "www%u.example.net",
                        (unsigned) i);

        many[i].policy = (random >> 16) % MANY_POLICIES;
        many[i].file = files[i / 500 % MANY_FILES];
        many[i].line = (unsigned) i * 3 + 1;
    }
}


static void
test_many(void)
{
    char                     other[40];
    size_t                   i, bad, cursor;
    mta_sts_entry_t          entry;
    mta_sts_table_t          table;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    make_policies();
    make_many();
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    for (i = 0, bad = 0; i < MANY; i++) {
        bad += add(&builder, many[i].domain, policies[many[i].policy],
                   many[i].file, many[i].line) != MTA_STS_OK;
    }

    is_int((long long) bad, 0, "%d domains are added", MANY);
    is_int(end(&builder, &table), MTA_STS_OK, "and make a table");
    is_int(table.n, MANY, "of that size");

    for (i = 0, bad = 0; i < MANY; i++) {
        bad += !finds(&table, many[i].domain, policies[many[i].policy],
                      many[i].file, many[i].line);
    }

    is_int((long long) bad, 0, "that finds each");

    for (i = 0, bad = 0; i < MANY; i++) {
        (void) snprintf(other, sizeof(other), "x%.30s", many[i].domain);
        bad += !finds_not(&table, mta_sts_str_from(other));

        (void) snprintf(other, sizeof(other), "%zu.example", i + MANY);
        bad += !finds_not(&table, mta_sts_str_from(other));
    }

    is_int((long long) bad, 0, "and nothing else");

    cursor = 0;

    for (i = 0, bad = 0; i < MANY; i++) {
        bad += mta_sts_table_next(&table, &cursor, &entry) != 1
               || !entry_is(&entry, many[i].domain, policies[many[i].policy],
                            many[i].file, many[i].line);
    }

    is_int((long long) bad, 0, "walks them in order");
    is_int(mta_sts_table_next(&table, &cursor, &entry), 0, "and ends");
}


/*
 * Domains whose probing begins at one of the last five slots: most are further
 * from it than a tag can say, and beyond the end of the slots.
 */

static void
test_crowded(void)
{
    size_t                   i, n, bad;
    uint64_t                 first;
    mta_sts_str_t            domain;
    mta_sts_table_t          table;
    mta_sts_table_builder_t  builder;

    enum { CROWD = 200, SLOTS = CROWD + 2 * CROWD / 9 + 1 };

    test_begin(0);
    make_policies();
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    (void) add(&builder, "first.example", policies[0], "a.yaml", 1);

    for (i = 0, n = 0; n < 2 * CROWD; i++) {
        domain.data = many[n].domain;
        domain.len = (size_t) snprintf(many[n].domain, sizeof(many[n].domain),
                                       "%zu.example", i);
        first = mta_sts_table_first(mta_sts_hash(&builder.key, domain), SLOTS);
        n += first >= SLOTS - 5;
    }

    for (i = 0, bad = 0; i < CROWD - 1; i++) {
        bad += add(&builder, many[i].domain, policies[i % MANY_POLICIES],
                   "a.yaml", (unsigned) i + 2)
               != MTA_STS_OK;
    }

    is_int((long long) bad, 0, "a crowd");
    is_int(end(&builder, &table), MTA_STS_OK, "makes a table");
    is_int(table.n_slots, SLOTS, "of so many slots");

    for (i = 0; i < CROWD - 1; i++) {
        bad += !finds(&table, many[i].domain, policies[i % MANY_POLICIES],
                      "a.yaml", (unsigned) i + 2);
    }

    is_int((long long) bad, 0, "that finds each");
    ok(finds(&table, "first.example", policies[0], "a.yaml", 1), "and another");

    for (i = CROWD - 1; i < 2 * CROWD; i++) {
        bad += !finds_not(&table, mta_sts_str_from(many[i].domain));
    }

    is_int((long long) bad, 0, "and none that has no room");
}


static void
test_discard(void)
{
    mta_sts_table_builder_t  builder;

    test_begin(0);
    make_policies();
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    (void) add(&builder, "a.example", policies[0], "a.yaml", 1);
    (void) add(&builder, "b.example", policies[1], "b.yaml", 2);

    mta_sts_table_discard(&builder);

    ok(builder.names.elts == NULL && builder.rows.elts == NULL
       && builder.rows.n == 0 && builder.index.elts == NULL
       && builder.policies.elts == NULL && builder.files.elts == NULL,
       "a discarded builder is as at the beginning");
}


static int
memory_end(void)
{
    int                       rc;
    mta_sts_table_t           table;
    mta_sts_table_builder_t   builder;
    static mta_sts_policy_t   policy;

    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    (void) add(&builder, "a.example", &policy, "a.yaml", 1);
    (void) add(&builder, "b.example", &policy, "b.yaml", 2);

    rc = end(&builder, &table);

    return builder.names.elts == NULL && builder.rows.n == 0 ? rc : 1;
}


int
main(void)
{
    test_none();
    test_few();
    test_lengths();
    test_sizes();
    test_many();
    test_crowded();
    test_discard();
    test_memory(memory_end, "end");

    return done();
}
