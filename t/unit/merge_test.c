/*
 * A merge of a table and its changes makes the table that is made of their
 * domains one by one: equal domains make equal tables, whatever came before.
 */

#include "cli/table/table.h"
#include "set.h"


#define ROUNDS    300
#define DOMAINS   40                  /* each round takes of these */
#define MANY      20000
#define POLICIES  6


static const mta_sts_policy_t  *policies[POLICIES];
static mta_sts_str_t            policy_names[POLICIES];
static char                   (*names)[24];


/* Two of them are equal, but not the same; some have a name. */

static void
make_policies(void)
{
    char    line[64];
    size_t  i;

    for (i = 0; i < POLICIES; i++) {
        (void) snprintf(line, sizeof(line), "mx mx%zu.example", i % 5);

        policies[i] = set_policy(line);
        policy_names[i] = mta_sts_str_from(i % 5 == 3 ? "hosted" : "");
    }

    names = calloc(MANY, sizeof(*names));

    if (names == NULL) {
        abort();
    }

    for (i = 0; i < MANY; i++) {
        (void) snprintf(names[i], sizeof(names[i]), "c%zu.example", i);
    }
}


/* Domains in a random order, each at most once; some are removed. */

static void
make_table(mta_sts_table_t *table, size_t n, size_t of, int removed)
{
    size_t                   i;
    uint32_t                 index;
    mta_sts_intern_t         pool;
    mta_sts_entry_t          entry;
    mta_sts_table_builder_t  builder;

    mta_sts_intern_init(&pool, &builder, &test.env);

    for (i = 0; i < n; i++) {
        entry.domain = mta_sts_str_from(names[(size_t) random() % of]);
        entry.place.file = mta_sts_str_from(random() % 2 ? "a.yaml" : "b.yaml");
        entry.place.line = (unsigned) random() % 1000;
        entry.place.column = 0;

        index = (uint32_t) random() % POLICIES;
        entry.policy = policies[index];
        entry.policy_name = policy_names[index];

        if (removed && random() % 3 == 0) {
            (void) mta_sts_table_add(&builder, entry.domain,
                                     MTA_STS_TABLE_REMOVED, MTA_STS_NOWHERE,
                                     &test.err);

        } else {
            (void) mta_sts_intern_entry(&pool, &entry, &test.err);
        }
    }

    mta_sts_intern_free(&pool);

    if (mta_sts_table_end(&builder, table, &test.err) != MTA_STS_OK) {
        abort();
    }
}


/* The domains of a table with changes, one by one. */

static void
make_expected(mta_sts_table_t *expected, const mta_sts_table_t *table,
    const mta_sts_table_t *changes)
{
    size_t                   cursor;
    mta_sts_intern_t         pool;
    mta_sts_table_t          both;
    mta_sts_entry_t          entry;
    mta_sts_table_builder_t  builder;

    mta_sts_intern_init(&pool, &builder, &test.env);

    both = *table;
    mta_sts_table_set_changes(&both, changes);

    for (cursor = 0; mta_sts_table_next(&both, &cursor, &entry); ) {
        (void) mta_sts_intern_entry(&pool, &entry, &test.err);
    }

    mta_sts_intern_free(&pool);

    if (mta_sts_table_end(&builder, expected, &test.err) != MTA_STS_OK) {
        abort();
    }
}


static int
same_runs(const mta_sts_table_run_t *a, const mta_sts_table_run_t *b, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (a[i].first != b[i].first || a[i].len != b[i].len
            || (a[i].len
                && memcmp((const char *) (uintptr_t) a[i].text,
                          (const char *) (uintptr_t) b[i].text, a[i].len)
                   != 0))
        {
            return 0;
        }
    }

    return 1;
}


/* Is all that an image has the same, but for the hash key? */

static int
same(const mta_sts_table_t *a, const mta_sts_table_t *b)
{
    size_t           cursor, other;
    mta_sts_entry_t  one, two;

    if (a->n != b->n || a->n_slots != b->n_slots
        || a->names_len != b->names_len || a->n_policies != b->n_policies
        || a->n_files != b->n_files || a->n_policy_names != b->n_policy_names
        || (a->n && memcmp(a->names, b->names, a->names_len) != 0)
        || !same_runs(a->files, b->files, a->n_files)
        || !same_runs(a->policy_names, b->policy_names, a->n_policy_names))
    {
        return 0;
    }

    cursor = 0;
    other = 0;

    while (mta_sts_table_next(a, &cursor, &one)) {
        if (!mta_sts_table_next(b, &other, &two)
            || !mta_sts_str_eq(one.domain, two.domain)
            || one.index != two.index || !table_entry_eq(&one, &two)
            || one.place.line != two.place.line
            || !mta_sts_str_eq(one.place.file, two.place.file))
        {
            return 0;
        }
    }

    return mta_sts_table_next(b, &other, &two) == 0;
}


static int
merges(size_t n, size_t n_changes, size_t of)
{
    mta_sts_table_t  table, changes, merged, expected;

    make_table(&table, n, of, 0);
    make_table(&changes, n_changes, of, 1);
    make_expected(&expected, &table, &changes);

    return table_merge(&table, &changes, &merged, &test.env, &test.err)
           == MTA_STS_OK
           && same(&merged, &expected);
}


int
main(void)
{
    size_t  bad, i;

    test_begin(0);
    srandom(1);
    make_policies();

    ok(merges(0, 0, 1), "nothing and nothing");
    ok(merges(0, 20, DOMAINS), "nothing and changes");
    ok(merges(20, 0, DOMAINS), "a table and no changes");

    for (i = 0, bad = 0; i < ROUNDS; i++) {
        bad += !merges((size_t) random() % DOMAINS,
                       (size_t) random() % DOMAINS, DOMAINS);
    }

    is_int((long long) bad, 0, "random tables and changes");
    ok(merges(MANY, 1000, MANY), "a large table and some changes");
    ok(merges(MANY, MANY, MANY), "and as many changes");

    free(names);

    return done();
}
