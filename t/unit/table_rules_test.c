/*
 * A domain that is added more than once keeps its first entry or is an error,
 * as the rule says; the names of policies; which policies are equal.
 */

#include "entries.h"


#define MANY  100000


static void
test_equal(void)
{
    size_t                   cursor;
    mta_sts_entry_t          entry;
    mta_sts_table_t          table;
    const mta_sts_policy_t  *first, *same, *others[2];
    mta_sts_table_builder_t  builder;

    test_begin(0);
    others[0] = set_policy("mx a.example");
    others[1] = set_policy("mx b.example");
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    first = set_policy("mx a.example\nmax_age 1w\n"
                       "tlsrpt_rua mailto:a@b.example");
    same = set_policy("tlsrpt_rua mailto:a@b.example\nmx A.example.");

    (void) add(&builder, "x.example", first, "a.yaml", 3);
    (void) add(&builder, "y.example", others[0], "a.yaml", 4);
    (void) add(&builder, "x.example", same, "b.yaml", 1);
    (void) add(&builder, "y.example", others[0], "b.yaml", 2);
    (void) add(&builder, "z.example", others[1], "b.yaml", 3);
    (void) add(&builder, "x.example", first, "b.yaml", 4);

    is_int(end(&builder, &table), MTA_STS_OK, "equal policies may repeat");
    is_int(table.n, 3, "and count once");
    ok(finds(&table, "x.example", first, "a.yaml", 3), "the first one stays");
    ok(finds(&table, "y.example", others[0], "a.yaml", 4), "here, too");

    cursor = 0;
    ok(mta_sts_table_next(&table, &cursor, &entry) == 1
       && entry_is(&entry, "x.example", first, "a.yaml", 3), "walked: x");
    ok(mta_sts_table_next(&table, &cursor, &entry) == 1
       && entry_is(&entry, "y.example", others[0], "a.yaml", 4), "y");
    ok(mta_sts_table_next(&table, &cursor, &entry) == 1
       && entry_is(&entry, "z.example", others[1], "b.yaml", 3), "z");
    is_int(mta_sts_table_next(&table, &cursor, &entry), 0, "and no more");
}


/* The same with other policies, which is for the caller to look for. */

static void
test_first(void)
{
    mta_sts_table_t          table;
    const mta_sts_policy_t  *first, *second, *same;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.rule = MTA_STS_TABLE_FIRST;
    first = set_policy("mx a.example");
    second = set_policy("mx b.example");
    same = set_policy("mx a.example");

    (void) add(&builder, "x.example", first, "other.conf", 8);
    (void) add(&builder, "x.example", same, "test.conf", 1);
    (void) add(&builder, "x.example", second, "test.conf", 2);
    (void) add(&builder, "y.example", second, "test.conf", 3);
    (void) add(&builder, "x.example", second, "test.conf", 4);

    is_int(end(&builder, &table), MTA_STS_OK, "other policies may repeat");
    is_int(table.n, 2, "and left out");
    ok(finds(&table, "x.example", first, "other.conf", 8), "the first stays");
    ok(finds(&table, "y.example", second, "test.conf", 3), "and what follows");
    is_int((long long) test.n_warnings, 0, "no warnings");
}


/* A domain may be in a file once, whatever its policy is. */

static void
test_once(void)
{
    const mta_sts_policy_t  *policy;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.rule = MTA_STS_TABLE_ONCE;
    policy = set_policy("mx a.example");

    (void) add(&builder, "x.example", policy, "a.yaml", 2);
    (void) add(&builder, "y.example", policy, "a.yaml", 3);

    is_int(add(&builder, "x.example", policy, "test.conf", 7), MTA_STS_ERROR,
           "a domain for a second time");
    is_err(&test.err, 7, 5, "duplicate domain \"x.example\", first at "
           "a.yaml:2");

    mta_sts_table_discard(&builder);
}


/* Of domains that are distinct, which is not looked at, there is no index. */

static void
test_distinct(void)
{
    size_t                   size;
    mta_sts_table_t          table;
    const mta_sts_policy_t  *policy;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.rule = MTA_STS_TABLE_DISTINCT;
    policy = set_policy("mx a.example");

    is_int(mta_sts_table_reserve(&builder, 1000, 1 + 1000 * 10, &test.err),
           MTA_STS_OK, "memory is reserved");
    size = builder.rows.size;

    (void) add(&builder, "x.example", policy, "a.yaml", 2);
    (void) add(&builder, "y.example", policy, "a.yaml", 3);

    is_int((long long) builder.rows.size, (long long) size, "and used");
    is_int((long long) builder.index.size, 0, "there is no index");
    is_int(end(&builder, &table), MTA_STS_OK, "but a table");
    is_int(table.n, 2, "that has all domains");
    ok(finds(&table, "x.example", policy, "a.yaml", 2), "one");
    ok(finds(&table, "y.example", policy, "a.yaml", 3), "and the other");
}


/* Very many domains, each twice: the index must know them. */

static void
test_many(void)
{
    char                     name[32];
    size_t                   i, bad;
    uint32_t                 index;
    const mta_sts_policy_t  *policy;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    policy = set_policy("mx a.example");

    for (i = 0, bad = 0; i < 2 * MANY; i++) {
        (void) snprintf(name, sizeof(name), "c%zu.example", i % MANY);

        bad += mta_sts_table_is_added(&builder, mta_sts_str_from(name), &index)
               != (i >= MANY);
        bad += add(&builder, name, policy, "a.yaml", 1) != MTA_STS_OK;
    }

    is_int((long long) bad, 0, "%d domains are added twice", MANY);
    is_int((long long) builder.rows.n, MANY, "and kept once");

    mta_sts_table_discard(&builder);
}


/* A policy_name belongs to an index, not to a policy. */

static void
test_policy_names(void)
{
    size_t                   i, bad;
    uint32_t                 index;
    mta_sts_str_t            policy_name;
    mta_sts_entry_t          entry;
    mta_sts_table_t          table;
    mta_sts_place_t          place = { TEST_FILE, 1, 1 };
    const mta_sts_policy_t  *policy;
    mta_sts_table_builder_t  builder;

    static const char  *domains[] = { "a.a", "b.a", "c.a", "d.a", "e.a" };
    static const char  *policy_names[] = { "", "one", "", "two", "two" };

    test_begin(0);
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.env = &test.env;

    policy = set_policy("mx a.example");

    for (i = 0, bad = 0; i < 5; i++) {
        policy_name = mta_sts_str_from(policy_names[i]);
        bad += mta_sts_table_add_policy(&builder, policy, policy_name, &index,
                                        &test.err) != MTA_STS_OK;
        bad += index != i;
        bad += !mta_sts_str_eq(mta_sts_table_added_name(&builder, index),
                               policy_name);
        bad += mta_sts_table_add(&builder, mta_sts_str_from(domains[i]), index,
                                 place, &test.err) != MTA_STS_OK;
    }

    is_int((long long) bad, 0, "policy_names are added");
    is_int(end(&builder, &table), MTA_STS_OK, "and make a table");

    for (i = 0; i < 5; i++) {
        memset(&entry, 0xa5, sizeof(mta_sts_entry_t));

        if (ok(mta_sts_table_find(&table, mta_sts_str_from(domains[i]), &entry),
               "finds %s", domains[i]))
        {
            is_str(entry.policy_name, mta_sts_str_from(policy_names[i]),
                   "its policy_name");
        }
    }
}


/* All domains may be removed, but not the policies. */

static void
test_restart(void)
{
    mta_sts_table_t          table;
    const mta_sts_policy_t  *policy;
    mta_sts_table_builder_t  builder;

    test_begin(0);
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    policy = set_policy("mx a.example");

    mta_sts_table_restart(&builder);
    (void) add(&builder, "z.example", policy, "z.yaml", 1);
    (void) add(&builder, "a.example", policy, "z.yaml", 2);
    mta_sts_table_restart(&builder);

    ok(mta_sts_table_added(&builder, 0) == policy, "a policy stays");

    (void) add(&builder, "a.example", policy, "a.yaml", 1);
    (void) add(&builder, "b.example", policy, "b.yaml", 5);

    is_int(end(&builder, &table), MTA_STS_OK, "a table after a restart");
    is_int(table.n, 2, "has what came after it");
    ok(finds(&table, "a.example", policy, "a.yaml", 1), "one domain");
    ok(finds(&table, "b.example", policy, "b.yaml", 5), "and the other");
    ok(finds_not(&table, mta_sts_str("z.example")), "not what was removed");
}


/* Pairs of policies that are not equal. */

static void
test_different(void)
{
    size_t  i;

    static const char  *pairs[][2] = {
        { "mx a.example", "mx b.example" },
        { "mx a.example", "mx a.example b.example" },
        { "mx a.example b.example", "mx b.example a.example" },
        { "mx a.example", "mx a.example\nmax_age 604801" },
        { "mx a.example", "mx a.example\nmode enforce" },
        { "mx a.example", "mx a.example\ntlsrpt_rua mailto:a@b.example" },
        { "mx a.example\ntlsrpt_rua mailto:a@b.example",
          "mx a.example\ntlsrpt_rua mailto:b@b.example" },
        { "mx a.example\ntlsrpt_rua mailto:a@b.example https://b.example",
          "mx a.example\ntlsrpt_rua https://b.example mailto:a@b.example" }
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        test_begin(0);

        ok(!mta_sts_policy_eq(set_policy(pairs[i][0]),
                              set_policy(pairs[i][1])),
           "different: %s / %s", pairs[i][0], pairs[i][1]);
        ok(mta_sts_policy_eq(set_policy(pairs[i][0]),
                             set_policy(pairs[i][0])), "equal: it twice");
    }
}


int
main(void)
{
    test_equal();
    test_first();
    test_once();
    test_distinct();
    test_many();
    test_policy_names();
    test_restart();
    test_different();

    return done();
}
