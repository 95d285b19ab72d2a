/*
 * The id of a policy is a promise to those who have published it, so the test
 * vectors hold it fast; a copy must be as good as what it was made of.
 */

#include "set.h"


/*
 * The ids come from sha256sum, not from our code:
 *
 *     printf 'version: STSv1\r\n...' | sha256sum | cut -c1-20
 */

static const struct {
    const char  *lines;
    const char  *body;
    const char  *id;
} vectors[] = {
    { "mode enforce\nmx mail.example.com",
      "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n"
      "max_age: 604800\r\n",
      "a5963b31a082635c6ec6" },

    { "mx mail.example.com",
      "version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\n"
      "max_age: 604800\r\n",
      "c0a762642c8ff96deabc" },

    { "mx mail.example.com *.mx.example.net\nmax_age 2w\nmode testing",
      "version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\n"
      "mx: *.mx.example.net\r\nmax_age: 1209600\r\n",
      "d278fae93c6eb8df9797" },

    { "mode enforce\nmx MX.b\xc3\xbc" "cher.example. *.stra\xc3\x9f"
      "e.example\nmax_age 31557600",
      "version: STSv1\r\nmode: enforce\r\nmx: mx.xn--bcher-kva.example\r\n"
      "mx: *.xn--strae-oqa.example\r\nmax_age: 31557600\r\n",
      "bbd5ccdfa2015f671bfe" },

    { "mode none\nmax_age 1d",
      "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n",
      "94815eb6141fb6e55268" },

    { "mode none\nmax_age 1d\nmx mail.example.com",
      "version: STSv1\r\nmode: none\r\nmx: mail.example.com\r\n"
      "max_age: 86400\r\n",
      "5c495af9617cb6097fed" },

    /* reports are no part of the body */

    { "mode enforce\nmx mail.example.com\ntlsrpt_rua mailto:a@example.com",
      "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n"
      "max_age: 604800\r\n",
      "a5963b31a082635c6ec6" }
};


static void
test_vectors(void)
{
    char                     id[MTA_STS_ID_LEN + 1];
    char                     line[64];
    size_t                   i;
    mta_sts_digest_t         digest = { NULL };
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *policy;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        test_begin(0);

        policy = set_policy(vectors[i].lines);

        if (!ok(policy != NULL, "vector %zu", i)) {
            continue;
        }

        is_str(mta_sts_policy_body(policy), mta_sts_str_from(vectors[i].body),
               "its body");
        is_str(mta_sts_policy_id(policy), mta_sts_str_from(vectors[i].id),
               "its id");
        is_str(mta_sts_str_from(policy->id), mta_sts_str_from(vectors[i].id),
               "which ends with a NUL");
    }

    test_begin(0);

    (void) set_lines(&settings, "mode enforce\nmax_age 1");

    for (i = 1; i <= 100; i++) {
        (void) snprintf(line, sizeof(line), "mx mx%zu.example.com", i);
        (void) set_line(&settings, 3, line);
    }

    policy = set_render(&settings);

    if (ok(policy != NULL, "100 mx")) {
        is_int((long long) settings.mx.n, 100, "all of them");
        is_str(mta_sts_policy_id(policy), mta_sts_str("e34893e7006caf5df26b"),
               "their id");
        is_str(mta_sts_policy_mode(policy), mta_sts_str("enforce"),
               "their mode");
    }

    is_int(mta_sts_digest_id(&digest, mta_sts_str(""), id), MTA_STS_OK,
           "empty body");
    is_str(mta_sts_str_from(id), mta_sts_str("e3b0c44298fc1c149afb"),
           "its id");
    is_int(mta_sts_digest_id(&digest, mta_sts_str("abc"), id), MTA_STS_OK,
           "\"abc\"");
    is_str(mta_sts_str_from(id), mta_sts_str("ba7816bf8f01cfea4141"),
           "its id, as FIPS 180 has it");

    mta_sts_digest_free(&digest);
}


static void
test_no_mx(void)
{
    mta_sts_settings_t  settings, parent;

    test_begin(0);

    ok(set_policy("\nmode enforce") == NULL, "enforce without mx");
    is_err(&test.err, 2, 1, "mode \"enforce\" needs at least one mx");

    ok(set_policy("\n\nmax_age 1w") == NULL,
       "testing by default without mx");
    is_err(&test.err, 3, 1, "mode \"testing\" needs at least one mx");

    (void) set_lines(&parent, "\n\n\n\nmode enforce");
    (void) set_lines(&settings, "\ntlsrpt_rua mailto:a@b.example");
    mta_sts_settings_inherit(&settings, &parent);

    ok(set_render(&settings) == NULL, "enforce, inherited, without mx");
    is_err(&test.err, 2, 1, "mode \"enforce\" needs at least one mx");
    is_int((long long) test.n_warnings, 0, "no warnings besides");
}


/* The report URIs are joined in the policy. */

static void
test_rua(void)
{
    mta_sts_settings_t       parent, child, other;
    const mta_sts_policy_t  *policy, *same, *own;

    test_begin(0);

    (void) set_lines(&parent, "mx a.example\n"
                     "tlsrpt_rua mailto:a,b@c.example https://d.example");
    (void) set_lines(&child, "mode enforce");
    (void) set_lines(&other, "tlsrpt_rua mailto:e@f.example");
    mta_sts_settings_inherit(&child, &parent);
    mta_sts_settings_inherit(&other, &child);

    policy = set_render(&child);
    same = set_render(&parent);
    own = set_render(&other);

    if (ok(policy && same && own, "policies with reports")) {
        is_str(mta_sts_policy_rua(policy),
               mta_sts_str("mailto:a%2Cb@c.example,https://d.example"),
               "encoded and joined");
        is_str(mta_sts_policy_rua(same), mta_sts_policy_rua(policy),
               "inherited ones are the same");
        is_str(mta_sts_policy_rua(own), mta_sts_str("mailto:e@f.example"),
               "its own are not inherited");
    }

    policy = set_policy("mx a.example");
    ok(policy && policy->rua_len == 0, "no reports, no URIs");
}


static void
test_copy(void)
{
    mta_sts_policy_t        *copy;
    const mta_sts_policy_t  *policy;

    test_begin(0);

    policy = set_policy("mode none\nmx a.example\nmx b.example");
    copy = mta_sts_policy_copy(policy, &test.env);

    ok(copy && copy != policy && mta_sts_policy_eq(copy, policy),
       "a copy is equal");
    is_str(mta_sts_policy_body(copy), mta_sts_policy_body(policy), "its body");
    is_str(mta_sts_policy_id(copy), mta_sts_policy_id(policy), "its id");
    is_str(mta_sts_policy_mode(copy), mta_sts_str("none"), "its mode");

    copy->body[0]++;
    ok(!mta_sts_policy_eq(copy, policy), "until a byte differs");

    test.fail = test.n + 1;
    ok(mta_sts_policy_copy(policy, &test.env) == NULL, "a copy needs memory");
}


/* The body is all that a policy has of them. */

static void
test_next_mx(void)
{
    size_t                   i, k, cursor;
    mta_sts_str_t            mx, text;
    const mta_sts_policy_t  *policy;

    /* a policy, and its mx with ";" behind each */

    static const char  *lists[][2] = {
        { "mode none", "" },
        { "mode none\nmax_age 1", "" },
        { "mx a", "a;" },
        { "mx *.mx.example", "*.mx.example;" },
        { "mode enforce\nmx C.example *.b.example. a.example\nmx mx.d",
          "c.example;*.b.example;a.example;mx.d;" },
        { "mx max-age mode version.mode *.mx", "max-age;mode;version.mode;"
          "*.mx;" }
    };

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        test_begin(0);

        policy = set_policy(lists[i][0]);

        if (!ok(policy != NULL, "a policy: %s", lists[i][0])) {
            continue;
        }

        text = mta_sts_str_from(lists[i][1]);
        cursor = 0;

        for (k = 0; mta_sts_policy_next_mx(policy, &cursor, &mx); k++) {
            if (!mta_sts_str_starts(text, mx) || text.data[mx.len] != ';') {
                break;
            }

            text = mta_sts_str_after(text, mx.len + 1);
        }

        is_str(text, mta_sts_str(""), "all mx of %s", lists[i][0]);
        is_int(mta_sts_policy_next_mx(policy, &cursor, &mx), 0,
               "%zu are all of them", k);
    }
}


static void
test_many_mx(void)
{
    char                     line[64];
    size_t                   i, n, bad, cursor;
    mta_sts_str_t            mx;
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *policy;

    test_begin(0);

    (void) set_lines(&settings, "mode enforce");

    for (i = 1; i <= 200; i++) {
        (void) snprintf(line, sizeof(line), "mx mx%zu.example.com", i);
        (void) set_line(&settings, 3, line);
    }

    policy = set_render(&settings);
    cursor = 0;
    bad = 0;

    for (n = 0; mta_sts_policy_next_mx(policy, &cursor, &mx); n++) {
        (void) snprintf(line, sizeof(line), "mx%zu.example.com", n + 1);
        bad += !mta_sts_str_eq(mx, mta_sts_str_from(line));
    }

    is_int((long long) n, 200, "200 mx");
    is_int((long long) bad, 0, "in their order");
}


static void
test_max_age(void)
{
    size_t                   i;
    const mta_sts_policy_t  *policy;

    static const struct {
        const char  *lines;
        uint32_t     max_age;
    } ages[] = {
        { "mx a.example\nmax_age 1", 1 },
        { "mx a.example\nmax_age 10", 10 },
        { "mode none\nmax_age 1", 1 },
        { "mode none", 604800 },
        { "mx a.example", 604800 },
        { "mx a.example 1.b\nmax_age 9d", 777600 },
        { "mx a.example\nmax_age 31557599", 31557599 },
        { "mx a.example\nmax_age 31557600", 31557600 }
    };

    for (i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        test_begin(0);

        policy = set_policy(ages[i].lines);

        if (ok(policy != NULL, "a policy: %s", ages[i].lines)) {
            is_int(mta_sts_policy_max_age(policy), ages[i].max_age,
                   "its max_age");
        }
    }
}


int
main(void)
{
    test_vectors();
    test_no_mx();
    test_rua();
    test_copy();
    test_next_mx();
    test_many_mx();
    test_max_age();

    return done();
}
