/*
 * The records are what people paste into their DNS: a TXT value with an id
 * that differs from the policy's, or with a character too many, turns MTA-STS
 * off for the domain.
 */

#include "../../src/core/record.h"
#include "set.h"


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


static void
is_record(const mta_sts_record_t *record, const char *label, const char *value)
{
    is_str(record->label, mta_sts_str_from(label), "its label");
    is_str(record->type, mta_sts_str("TXT"), "its type");
    is_int(record->ttl, 3600, "its TTL");
    is_str(record->value, mta_sts_str_from(value), "its value");
}


static void
test_build(void)
{
    size_t                   i, n;
    mta_sts_record_t         records[MTA_STS_RECORDS_MAX];
    const mta_sts_policy_t  *policy;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_begin(0);
        memset(records, 0xa5, sizeof(records));

        n = 99;
        policy = set_policy(tests[i].lines);

        ok(policy
           && mta_sts_record_build(policy, &test.env, records, &n, &test.err)
              == MTA_STS_OK,
           "records of %s", tests[i].lines);

        if (is_int((long long) n, tests[i].tlsrpt ? 2 : 1, "their number")) {
            is_record(&records[0], "_mta-sts", tests[i].sts);

            if (tests[i].tlsrpt) {
                is_record(&records[1], "_smtp._tls", tests[i].tlsrpt);
            }
        }
    }
}


/* Reports are inherited like all else, and do not change the id. */

static void
test_inherited(void)
{
    size_t                   n;
    mta_sts_record_t         records[MTA_STS_RECORDS_MAX];
    mta_sts_settings_t       settings, parent;
    const mta_sts_policy_t  *policy;

    test_begin(0);

    (void) set_lines(&parent, "tlsrpt_rua mailto:a@example.com");
    (void) set_lines(&settings, "mode enforce\nmx mail.example.com");
    mta_sts_settings_inherit(&settings, &parent);

    n = 99;
    policy = set_render(&settings);

    ok(policy
       && mta_sts_record_build(policy, &test.env, records, &n, &test.err)
          == MTA_STS_OK,
       "records of a policy that inherits its reports");

    if (is_int((long long) n, 2, "are two")) {
        is_record(&records[0], "_mta-sts",
                  "v=STSv1; id=a5963b31a082635c6ec6;");
        is_record(&records[1], "_smtp._tls",
                  "v=TLSRPTv1; rua=mailto:a@example.com");
    }
}


static int
memory_build(void)
{
    size_t            n;
    mta_sts_record_t  records[MTA_STS_RECORDS_MAX];

    static const mta_sts_str_t     rua = { "mailto:a@example.com", 20 };
    static const mta_sts_policy_t  policy = { &rua, 0, MTA_STS_TESTING,
                                              "a5963b31a082635c6ec6", "" };

    return mta_sts_record_build(&policy, &test.env, records, &n, &test.err);
}


int
main(void)
{
    test_build();
    test_inherited();
    test_memory(memory_build, "build");

    return done();
}
