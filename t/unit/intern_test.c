/*
 * A million domains may have a million policies or one: equal policies must be
 * kept once, and what is kept must outlive the scratch memory.
 */

#include "serve/table.h"
#include "set.h"


#define MANY   50000
#define RUN    500           /* slots in a row; 50000 if all hash alike */

#define MAIL   "mx mail.example.net"
#define BODY   "version: STSv1\r\nmode: testing\r\nmx: mail.example.net\r\n" \
               "max_age: 604800\r\n"


static mta_sts_table_builder_t  builder;
static mta_sts_intern_t         intern;
static mta_sts_arena_t          scratched;
static mta_sts_env_t            scratch;


static void
begin(void)
{
    test_begin(0);

    memset(&builder, 0, sizeof(mta_sts_table_builder_t));
    memset(&intern, 0, sizeof(mta_sts_intern_t));
    memset(&scratched, 0, sizeof(mta_sts_arena_t));

    builder.env = &test.env;
    intern.builder = &builder;
    intern.env = &test.env;

    scratch = test.env;
    scratch.alloc = mta_sts_arena_alloc;
    scratch.ctx = &scratched;
}


static void
finish(void)
{
    mta_sts_intern_free(&intern);
    mta_sts_table_discard(&builder);
    mta_sts_arena_free(&scratched);
}


/*
 * Adds the policy of settings and gives back the scratch memory, which is
 * overwritten.
 */

static int
add_settings(mta_sts_settings_t *settings, const char *policy_name,
    uint32_t *index)
{
    int    rc;
    void  *p;

    rc = mta_sts_intern_add(&intern, settings, mta_sts_str_from(policy_name),
                            &scratch, index, &test.err);

    mta_sts_arena_reset(&scratched);
    p = mta_sts_arena_alloc(&scratched, 2000);

    if (p == NULL) {
        abort();
    }

    memset(p, 'x', 2000);
    mta_sts_arena_reset(&scratched);

    return rc;
}


/* The same for a setting's lines; returns the index, or -1. */

static long long
add_lines(const char *lines, const char *policy_name)
{
    uint32_t             index;
    mta_sts_settings_t  *settings;

    settings = test_alloc(&test, sizeof(mta_sts_settings_t));

    if (settings == NULL || set_lines(settings, lines) != MTA_STS_OK
        || add_settings(settings, policy_name, &index) != MTA_STS_OK)
    {
        return -1;
    }

    return index;
}


static const mta_sts_policy_t *
policy_at(long long index)
{
    if (index < 0 || (size_t) index >= builder.policies.n) {
        abort();
    }

    return mta_sts_table_added(&builder, (uint32_t) index);
}


static void
test_once(void)
{
    begin();

    is_int(add_lines(MAIL, ""), 0, "a policy");
    is_int(add_lines(MAIL, ""), 0, "the same again");
    is_int(add_lines("max_age 1w\nmode testing\n" MAIL, ""), 0,
           "the same in other words");
    is_int(add_lines(MAIL "\nmode enforce", ""), 1, "another mode only");
    is_int(add_lines(MAIL "\nmax_age 1d", ""), 2, "another max_age only");
    is_int(add_lines("mx mail.example.com", ""), 3, "another mx only");
    is_int(add_lines(MAIL "\ntlsrpt_rua mailto:a@b.example", ""), 4,
           "other reports only");
    is_int(add_lines(MAIL "\ntlsrpt_rua mailto:a@c.example", ""), 5,
           "and others");
    is_int(add_lines(MAIL "\ntlsrpt_rua mailto:a@b.example", ""), 4,
           "the same reports");
    is_int(add_lines("mx a.example b.example", ""), 6, "two mx");
    is_int(add_lines("mx b.example a.example", ""), 7, "in another order");
    is_int(add_lines(MAIL, ""), 0, "the first is still known");

    is_int((long long) builder.policies.n, 8, "kept in all");
    is_str(mta_sts_policy_body(policy_at(0)), mta_sts_str(BODY),
           "a body outlives the scratch memory");
    is_str(mta_sts_policy_mode(policy_at(1)), mta_sts_str("enforce"),
           "its mode");
    is_str(mta_sts_policy_body(policy_at(1)),
           mta_sts_str("version: STSv1\r\nmode: enforce\r\n"
                       "mx: mail.example.net\r\nmax_age: 604800\r\n"),
           "another body");

    finish();
    ok(intern.slots == NULL && intern.n == 0, "all is freed");
}


/* A policy name belongs to an index, so that the table can tell it. */

static void
test_policy_names(void)
{
    long long  p, q, plain, other;

    begin();

    p = add_lines(MAIL, "p");
    q = add_lines(MAIL, "q");
    plain = add_lines(MAIL, "");
    other = add_lines(MAIL "\nmode none", "other");

    ok(p == 0 && q == 1 && plain == 2 && other == 3,
       "policy names have indexes of their own");
    ok(policy_at(p) == policy_at(q), "two policy names, one policy");
    ok(policy_at(p) == policy_at(plain), "and without a policy name");
    ok(policy_at(p) != policy_at(other), "another policy name, another policy");

    is_int(add_lines(MAIL, ""), plain,
           "the one without a policy name is found");
    is_int(add_lines(MAIL, "r"), 4, "a policy name after one without");
    is_int(add_lines(MAIL, "q"), q, "a policy name is found again");
    ok(policy_at(4) == policy_at(p), "has the same policy");

    ok(mta_sts_table_added_name(&builder, (uint32_t) p).len
       && mta_sts_table_added_name(&builder, (uint32_t) q).len
       && mta_sts_table_added_name(&builder, 4).len, "have a policy name");
    ok(!mta_sts_table_added_name(&builder, (uint32_t) plain).len, "has none");

    finish();

    /* the other way round */

    begin();

    plain = add_lines(MAIL, "");
    p = add_lines(MAIL, "p");

    ok(plain == 0 && p == 1 && policy_at(plain) == policy_at(p),
       "without a policy name first");
    ok(mta_sts_table_added_name(&builder, 1).len
       && !mta_sts_table_added_name(&builder, 0).len, "only one has it");

    finish();
}


/* Report URIs, inherited and its own. */

static void
test_rua(void)
{
    uint32_t                 index;
    mta_sts_value_t          name, value;
    mta_sts_settings_t       parent, child, own;
    const mta_sts_policy_t  *a, *b, *c;

    begin();

    (void) set_lines(&parent, MAIL "\ntlsrpt_rua mailto:a@b.example");

    (void) set_lines(&child, "mode enforce");
    mta_sts_settings_inherit(&child, &parent);
    is_int(add_settings(&child, "", &index), MTA_STS_OK, "inherited reports");
    a = policy_at(index);

    (void) set_lines(&child, "mode none");
    mta_sts_settings_inherit(&child, &parent);
    is_int(add_settings(&child, "", &index), MTA_STS_OK, "inherited again");
    b = policy_at(index);

    /* what is only there for one domain is in scratch memory */

    memset(&own, 0, sizeof(mta_sts_settings_t));

    name = test_value(mta_sts_str("tlsrpt_rua"), 1, 1);
    value = test_value(mta_sts_str("mailto:c@d.example"), 1, 12);

    (void) mta_sts_settings_set(&own, &name, &value, 1, &scratch, &test.err);

    mta_sts_settings_inherit(&own, &parent);
    is_int(add_settings(&own, "", &index), MTA_STS_OK, "reports of its own");
    c = policy_at(index);

    ok(a != b, "two policies");
    is_str(mta_sts_policy_rua(a), mta_sts_str("mailto:a@b.example"),
           "inherited reports of one");
    is_str(mta_sts_policy_rua(b), mta_sts_str("mailto:a@b.example"),
           "and of the other");
    is_str(mta_sts_policy_rua(c), mta_sts_str("mailto:c@d.example"),
           "its own outlive the scratch memory");

    is_int(add_lines(MAIL, ""), 3, "one without reports");
    ok(policy_at(3)->rua_len == 0, "has none");

    finish();
}


/* The id is the same for all of them. */

static void
test_many(void)
{
    char                uri[64], text[64];
    size_t              i, bad, run, longest;
    uint32_t            index;
    mta_sts_value_t     name, value;
    mta_sts_arena_t     kept;
    mta_sts_settings_t  parent, settings;

    const mta_sts_policy_t  *policy;

    begin();

    (void) set_lines(&parent, MAIL);

    /* test_alloc() would take long */

    memset(&kept, 0, sizeof(mta_sts_arena_t));

    test.env.alloc = mta_sts_arena_alloc;
    test.env.ctx = &kept;

    name = test_value(mta_sts_str("tlsrpt_rua"), 1, 1);

    for (i = 0, bad = 0; i < 2 * MANY; i++) {
        (void) snprintf(uri, sizeof(uri), "mailto:%zu@b.example", i % MANY);

        value = test_value(mta_sts_str_from(uri), 1, 12);

        memset(&settings, 0, sizeof(mta_sts_settings_t));

        bad += mta_sts_settings_set(&settings, &name, &value, 1, &scratch,
                                    &test.err)
               != MTA_STS_OK;

        mta_sts_settings_inherit(&settings, &parent);

        bad += add_settings(&settings, "", &index) != MTA_STS_OK
               || index != i % MANY;
    }

    for (i = 0, run = 0, longest = 0; i < intern.n_slots; i++) {
        run = intern.slots[i] ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }

    ok(longest < RUN, "%d policies that differ in reports spread over the "
       "index: %zu in a row", MANY, longest);
    is_int((long long) bad, 0, "each has its index, the second time, too");
    is_int((long long) builder.policies.n, MANY, "are kept");

    for (i = 0, bad = 0; i < builder.policies.n; i++) {
        (void) snprintf(text, sizeof(text), "mailto:%zu@b.example", i);

        policy = mta_sts_table_added(&builder, (uint32_t) i);

        bad += !mta_sts_str_eq(mta_sts_policy_rua(policy),
                               mta_sts_str_from(text))
               || !mta_sts_str_eq(mta_sts_policy_body(policy),
                                  mta_sts_str(BODY));
    }

    is_int((long long) bad, 0, "each with its own reports");

    finish();
    mta_sts_arena_free(&kept);
}


static void
test_refused(void)
{
    begin();

    is_int(add_lines("\nmode enforce", ""), -1, "refused: no mx");
    is_err(&test.err, 2, 1, "mode \"enforce\" needs at least one mx");
    is_int((long long) builder.policies.n, 0, "nothing is kept");

    finish();
}


int
main(void)
{
    test_once();
    test_policy_names();
    test_rua();
    test_many();
    test_refused();

    return done();
}
