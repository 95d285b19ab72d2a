/*
 * The records are what people paste into their DNS: a TXT value with an id
 * that differs from the policy's, or with a character too many, turns MTA-STS
 * off for the domain.  So does an alias that leads nowhere.
 */

#include "records.h"


#define L60  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* 3 labels of 60 characters and one of 57; and the longest a domain may be */

#define N240  L60 "." L60 "." L60 ".bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
              "bbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define N242  N240 "cc"


/* Each policy, and the values of its two records; the second may be NULL. */

static const struct {
    const char  *lines;
    const char  *sts;
    const char  *tlsrpt;
} tests[] = {
    { "mode enforce\nmx mail.example.com",
      "v=STSv1; id=a5963b31a082635c6ec6;", NULL },

    { "mode enforce\nmx mail.example.com\ntlsrpt_rua mailto:a@example.com",
      "v=STSv1; id=a5963b31a082635c6ec6;",
      "v=TLSRPTv1; rua=mailto:a@example.com" },

    { "mode none\nmax_age 1d\n"
      "tlsrpt_rua mailto:a@example.com https://example.com/v1?x=y&z",
      "v=STSv1; id=94815eb6141fb6e55268;",
      "v=TLSRPTv1; rua=mailto:a@example.com,https://example.com/v1?x=y&z" },

    { "mx mail.example.com\ntlsrpt_rua https://example.com/;,!\n"
      "tlsrpt_rua mailto:a!b@example.com mailto:c@example.com",
      "v=STSv1; id=c0a762642c8ff96deabc;",
      "v=TLSRPTv1; rua=https://example.com/%3B%2C%21,"
      "mailto:a%21b@example.com,mailto:c@example.com" }
};


/* What is wanted of "example.com", and all of its records. */

static const struct {
    const char  *lines;
    const char  *delegate;
    int          customer;
    const char  *hosts;
    const char  *records;
} sets[] = {

    /* the policy host */

    { RECORDS_MAIL, "", 0, "192.0.2.1",
      "_mta-sts.example.com 3600 TXT " RECORDS_STS "\n"
      "mta-sts.example.com 3600 A 192.0.2.1\n" },

    { RECORDS_RUA, "", 0, "2001:DB8::1 192.0.2.2 192.0.2.1",
      "_mta-sts.example.com 3600 TXT " RECORDS_STS "\n"
      "_smtp._tls.example.com 3600 TXT " RECORDS_RPT "\n"
      "mta-sts.example.com 3600 A 192.0.2.2\n"
      "mta-sts.example.com 3600 A 192.0.2.1\n"
      "mta-sts.example.com 3600 AAAA 2001:db8::1\n" },

    { RECORDS_RUA, "", 0, "MX.example.net.",
      "_mta-sts.example.com 3600 TXT " RECORDS_STS "\n"
      "_smtp._tls.example.com 3600 TXT " RECORDS_RPT "\n"
      "mta-sts.example.com 3600 CNAME mx.example.net\n" },

    /* it is what the others are aliases of */

    { RECORDS_RUA, "", 0, "mta-sts.Example.com.",
      "_mta-sts.example.com 3600 TXT " RECORDS_STS "\n"
      "_smtp._tls.example.com 3600 TXT " RECORDS_RPT "\n" },

    { RECORDS_MAIL, "", 0, "mta-sts.example.co",
      "_mta-sts.example.com 3600 TXT " RECORDS_STS "\n"
      "mta-sts.example.com 3600 CNAME mta-sts.example.co\n" },

    { RECORDS_MAIL, "p.example", 1, "mta-sts.example.com",
      "_mta-sts.example.com 3600 CNAME example.com._mta-sts.p.example\n" },

    /* that of the customer alone has a policy host */

    { RECORDS_MAIL, "p.example", 0, "",
      "example.com._mta-sts.p.example 3600 TXT " RECORDS_STS "\n" },

    { RECORDS_RUA, "p.example", 0, "",
      "example.com._mta-sts.p.example 3600 TXT " RECORDS_STS "\n"
      "example.com._smtp._tls.p.example 3600 TXT " RECORDS_RPT "\n" },

    { RECORDS_RUA, "p.example", 0, "192.0.2.1 2001:db8::1",
      "example.com._mta-sts.p.example 3600 TXT " RECORDS_STS "\n"
      "example.com._smtp._tls.p.example 3600 TXT " RECORDS_RPT "\n" },

    { RECORDS_MAIL, "p.example", 1, "",
      "_mta-sts.example.com 3600 CNAME example.com._mta-sts.p.example\n" },

    { RECORDS_RUA, "p.example", 1, "",
      "_mta-sts.example.com 3600 CNAME example.com._mta-sts.p.example\n"
      "_smtp._tls.example.com 3600 CNAME "
      "example.com._smtp._tls.p.example\n" },

    { RECORDS_RUA, "p.example", 1, "mta-sts.p.example",
      "_mta-sts.example.com 3600 CNAME example.com._mta-sts.p.example\n"
      "_smtp._tls.example.com 3600 CNAME "
      "example.com._smtp._tls.p.example\n"
      "mta-sts.example.com 3600 CNAME mta-sts.p.example\n" },

    { RECORDS_MAIL, "p.example", 1, "192.0.2.1 2001:db8::1",
      "_mta-sts.example.com 3600 CNAME example.com._mta-sts.p.example\n"
      "mta-sts.example.com 3600 A 192.0.2.1\n"
      "mta-sts.example.com 3600 AAAA 2001:db8::1\n" }
};


static int
build(const mta_sts_entry_t *entry, const mta_sts_record_wanted_t *wanted,
    mta_sts_record_t **records, size_t *n)
{
    *records = NULL;
    *n = 99;

    if (mta_sts_record_check(entry, wanted, &test.err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return mta_sts_record_build(entry, wanted, &test.env, records, n,
                                &test.err);
}


static void
is_record(const mta_sts_record_t *record, const char *name, const char *value)
{
    is_str(record->name, mta_sts_str_from(name), "its name");
    is_str(record->type, mta_sts_str("TXT"), "its type");
    is_int(record->ttl, 3600, "its TTL");
    is_str(record->value, mta_sts_str_from(value), "its value");
}


static void
test_build(void)
{
    size_t                    i, n;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_record_wanted_t   wanted;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_begin(0);

        wanted = wanted_of("", 0, "");
        entry = entry_of("example.com", set_policy(tests[i].lines), 7);

        if (!is_int(build(&entry, &wanted, &records, &n), MTA_STS_OK,
                    "records of %s", tests[i].lines))
        {
            continue;
        }

        if (is_int((long long) n, tests[i].tlsrpt ? 2 : 1, "their number")) {
            is_record(&records[0], "_mta-sts.example.com", tests[i].sts);

            if (tests[i].tlsrpt) {
                is_record(&records[1], "_smtp._tls.example.com",
                          tests[i].tlsrpt);
            }
        }
    }
}


/* Reports are inherited like all else, and do not change the id. */

static void
test_inherited(void)
{
    size_t                    n;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_settings_t        settings, parent;
    mta_sts_record_wanted_t   wanted;

    test_begin(0);

    (void) set_lines(&parent, "tlsrpt_rua mailto:a@example.com");
    (void) set_lines(&settings, "mode enforce\nmx mail.example.com");
    mta_sts_settings_inherit(&settings, &parent);

    wanted = wanted_of("", 0, "");
    entry = entry_of("example.com", set_render(&settings), 7);

    is_int(build(&entry, &wanted, &records, &n), MTA_STS_OK,
           "records of a policy that inherits its reports");

    if (is_int((long long) n, 2, "are two")) {
        is_record(&records[0], "_mta-sts.example.com", RECORDS_STS);
        is_record(&records[1], "_smtp._tls.example.com", RECORDS_RPT);
    }
}


static void
test_sets(void)
{
    int                       rc;
    size_t                    i, n;
    mta_sts_buf_t            text;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_record_wanted_t   wanted;

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        test_begin(0);

        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = &test.env;

        wanted = wanted_of(sets[i].delegate, sets[i].customer, sets[i].hosts);
        entry = entry_of("example.com", set_policy(sets[i].lines), 7);

        rc = build(&entry, &wanted, &records, &n);

        if (rc == MTA_STS_OK) {
            records_add(&text, records, n);
        }

        is_str(mta_sts_buf_str(&text), mta_sts_str_from(sets[i].records),
               "set %zu", i);
    }
}


/* Each kind alone, and two. */

static void
test_kinds(void)
{
    int                       customer;
    size_t                    i, k, n, bad;
    unsigned                  kinds;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_record_wanted_t   wanted;

    for (kinds = 1; kinds <= MTA_STS_RECORD_ALL; kinds++) {
        for (customer = 0; customer < 2; customer++) {
            test_begin(0);

            wanted = wanted_of(customer ? "p.example" : "", customer,
                               "192.0.2.1");
            wanted.kinds = kinds;
            entry = entry_of("example.com", set_policy(RECORDS_RUA), 7);

            is_int(build(&entry, &wanted, &records, &n), MTA_STS_OK,
                   "records of kinds %u", kinds);

            for (i = 0, bad = 0; i < n; i++) {
                bad += (records[i].kind & kinds) == 0;
            }

            for (i = 1, k = 0; i <= MTA_STS_RECORD_ALL; i *= 2) {
                k += (kinds & i) != 0;
            }

            is_int((long long) n, (long long) k, "all of them");
            is_int((long long) bad, 0, "and no others");
        }
    }
}


static void
test_ttl(void)
{
    size_t                    i, k, n, bad;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_record_wanted_t   wanted;

    static const uint32_t  ttls[] = { 0, 1, 86400, MTA_STS_RECORD_TTL_MAX };

    for (i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
        test_begin(0);

        wanted = wanted_of("p.example", 1, "192.0.2.1 2001:db8::1");
        wanted.ttl = ttls[i];
        entry = entry_of("example.com", set_policy(RECORDS_RUA), 7);

        is_int(build(&entry, &wanted, &records, &n), MTA_STS_OK,
               "records with a TTL of %u", ttls[i]);

        for (k = 0, bad = 0; k < n; k++) {
            bad += records[k].ttl != ttls[i];
        }

        is_int((long long) n, 4, "are four");
        is_int((long long) bad, 0, "each of them has it");
    }
}


/* On both sides, as long as a name can be and a character longer. */

static void
is_long(const char *domain, const char *delegate, const char *lines,
    size_t longest)
{
    int                       customer;
    char                      expected[512];
    size_t                    n;
    mta_sts_str_t             name;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_record_wanted_t   wanted;

    for (customer = 0; customer < 2; customer++) {
        test_begin(0);

        wanted = wanted_of(delegate, customer, "");
        entry = entry_of(domain, set_policy(lines), 7);

        if (longest <= 253) {
            if (is_int(build(&entry, &wanted, &records, &n), MTA_STS_OK,
                       "a name of %zu characters", longest))
            {
                name = customer ? records[n - 1].value : records[n - 1].name;
                is_int((long long) name.len, (long long) longest, "is one");
            }

            continue;
        }

        is_int(build(&entry, &wanted, &records, &n), MTA_STS_ERROR,
               "a name of %zu characters", longest);

        (void) snprintf(expected, sizeof(expected), "domain \"%.100s\" is too "
                        "long to be delegated to \"%.100s\"",
                        domain, delegate);
        is_err(&test.err, 7, 0, expected);
    }
}


static void
test_long(void)
{
    is_int(sizeof(N242) - 1, 242, "the longest domain");

    is_long(N242, "a", RECORDS_MAIL, 253);
    is_long(N242, "ab", RECORDS_MAIL, 254);
    is_long(N240, "abc", RECORDS_MAIL, 253);
    is_long(N240, "abcd", RECORDS_MAIL, 254);

    /* with reports the longer label counts */

    is_long(N240, "a", RECORDS_RUA, 253);
    is_long(N240, "ab", RECORDS_RUA, 254);
    is_long(N242, "a", RECORDS_RUA, 255);

    /* it may be the delegate, which is truncated in messages, too */

    is_long("abc", N240, RECORDS_MAIL, 253);
    is_long("abcd", N240, RECORDS_MAIL, 254);
}


/* A domain without a delegation is always short enough. */

static void
test_longest(void)
{
    size_t                    n;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_record_wanted_t   wanted;

    test_begin(0);

    wanted = wanted_of("", 0, "192.0.2.1");
    entry = entry_of(N242, set_policy(RECORDS_RUA), 7);

    is_int(build(&entry, &wanted, &records, &n), MTA_STS_OK,
           "records of the longest domain");

    if (is_int((long long) n, 3, "are three")) {
        is_str(records[1].name, mta_sts_str("_smtp._tls." N242), "the longest");
        is_str(records[2].name, mta_sts_str("mta-sts." N242), "and another");
    }
}


/* With reports, and with targets that are there already. */

static int
memory(const char *delegate, int customer)
{
    size_t                    n;
    mta_sts_entry_t           entry;
    mta_sts_record_t         *records;
    mta_sts_record_wanted_t   wanted = { 0, 60, { NULL, 0 }, customer,
                                         NULL, 2 };

    static const mta_sts_policy_t  policy = { 0, 20, MTA_STS_TESTING,
                                              "a5963b31a082635c6ec6",
                                              "mailto:a@example.com" };
    static const mta_sts_target_t  targets[] = {
        { { "A", 1 }, { "192.0.2.1", 9 } },
        { { "AAAA", 4 }, { "2001:db8::1", 11 } }
    };

    wanted.delegate = mta_sts_str_from(delegate);
    wanted.targets = targets;

    entry = entry_of("example.com", &policy, 7);

    return build(&entry, &wanted, &records, &n);
}


static int
memory_build(void)
{
    return memory("", 0);
}


static int
memory_delegate(void)
{
    return memory("p.example", 0);
}


static int
memory_customer(void)
{
    return memory("p.example", 1);
}


int
main(void)
{
    test_build();
    test_inherited();
    test_sets();
    test_kinds();
    test_ttl();
    test_long();
    test_longest();
    test_memory(memory_build, "build");
    test_memory(memory_delegate, "provider's side");
    test_memory(memory_customer, "customer's side");

    return done();
}
