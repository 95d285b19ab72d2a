/*
 * The reader of TLS reports: what it tolerates, and its bounds; whose DKIM
 * result counts.
 */

#include <stdlib.h>
#include <unistd.h>

#include "cli/reports/reports.h"
#include "tap.h"


#define RANGE                                                                 \
    "\"date-range\":{\"start-datetime\":\"2025-05-22T00:00:00Z\","            \
    "\"end-datetime\":\"2025-05-22T23:59:59Z\"}"


static reports_report_t  report;


static int
parse(mta_sts_str_t text)
{
    test_begin(0);

    return reports_json(text, NULL, &test.env, &report, &test.err);
}


/* A report whose one policy has these members. */

static int
parse_policy(const char *members)
{
    static char  text[4096];

    (void) snprintf(text, sizeof(text), "{" RANGE ",\"policies\":[{%s}]}",
                    members);

    return parse(mta_sts_str_from(text));
}


static void
test_refused(void)
{
    size_t  i;

    static const struct {
        const char  *text;
        const char  *error;
    } cases[] = {
        { "[]", "not a TLS report: it has no list of policies" },
        { "{}", "not a TLS report: it has no list of policies" },
        { "{" RANGE ",\"policies\":{}}",
          "not a TLS report: it has no list of policies" },
        { "{\"policies\":[{}]}",
          "not a TLS report: it has no valid date-range" },
        { "{\"policies\":[{}],\"date-range\":{\"start-datetime\":\"2025\"}}",
          "not a TLS report: it has no valid date-range" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_int(parse(mta_sts_str_from(cases[i].text)), MTA_STS_ERROR,
               "refused: %s", cases[i].text);
        is_err(&test.err, 0, 0, cases[i].error);
    }

    is_int(parse(mta_sts_str("{")), MTA_STS_ERROR, "no JSON is refused");
}


static void
test_times(void)
{
    size_t  i;
    char    text[300];

    static const struct {
        const char  *text;
        int64_t      time;
    } cases[] = {
        { "1970-01-02T00:00:01Z", 86401 },
        { "1970-01-02 00:00:01", 86401 },
        { "1970-01-02T00:00:01.999Z", 86401 },
        { "1970-01-02T02:00:01+02:00", 86401 },
        { "1970-01-01T22:30:01-01:30", 86401 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) snprintf(text, sizeof(text), "{\"policies\":[{}],\"date-range\":"
                        "{\"start-datetime\":\"%s\"}}", cases[i].text);

        is_int(parse(mta_sts_str_from(text)), MTA_STS_OK, "%s is a time",
               cases[i].text);
        is_int(report.begin, cases[i].time, "... this one");
        is_int(report.end, report.begin, "... and the end is not before it");
    }
}


static void
test_policy(void)
{
    is_int(parse_policy(""), MTA_STS_OK, "an empty policy is taken");
    is_int(report.policies[0].type, REPORTS_OTHER, "... as one of no type");
    is_int(report.policies[0].good, 0, "... without sessions");

    (void) parse_policy("\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":"
                        "\"EXAMPLE.com.\",\"policy-string\":[\"version: x\","
                        "\"mode:  testing\"]},\"summary\":{\"total-successful-"
                        "session-count\":7,"
                        "\"total-failure-session-count\":-1}");

    is_int(report.policies[0].type, REPORTS_STS, "the type");
    is_str(report.policies[0].domain, mta_sts_str("example.com"),
           "a domain is normalised");
    is_str(report.policies[0].mode, mta_sts_str("testing"), "the mode");
    is_int(report.policies[0].good, 7, "the sessions");
    is_int(report.policies[0].failed, 0, "a negative count is none");

    (void) parse_policy("\"policy\":{\"policy-domain\":\"\"},\"summary\":{"
                        "\"total-successful-session-count\":1e300,"
                        "\"total-failure-session-count\":9000000000000000}");

    is_str(report.policies[0].domain, mta_sts_str(""), "no name, no domain");
    is_int(report.policies[0].good, REPORTS_COUNT_MAX, "a real is bounded");
    is_int(report.policies[0].failed, REPORTS_COUNT_MAX, "a count is bounded");

    (void) parse_policy("\"failure-details\":[{\"failure-reason-code\":"
                        "\"a\\u0000\\u001b[1m\\u009b\"}]");

    is_str(report.policies[0].details[0].reason, mta_sts_str("a\?\?[1m\?\?"),
           "control characters are replaced");
}


static void
test_bounds(void)
{
    size_t         i;
    mta_sts_buf_t  text;

    test_begin(0);

    text = (mta_sts_buf_t) { &test.env, NULL, 0, 0, 0 };
    mta_sts_buf_add_cstr(&text, "{" RANGE ",\"organization-name\":\"");

    for (i = 0; i < REPORTS_TEXT_MAX; i++) {
        mta_sts_buf_add_cstr(&text, "\xc3\xa4");
    }

    mta_sts_buf_add_cstr(&text, "\",\"policies\":[{\"failure-details\":[{}");

    for (i = 0; i < REPORTS_DETAILS_MAX; i++) {
        mta_sts_buf_add_cstr(&text, ",{}");
    }

    mta_sts_buf_add_cstr(&text, "]}");

    for (i = 0; i < REPORTS_POLICIES_MAX; i++) {
        mta_sts_buf_add_cstr(&text, ",{}");
    }

    mta_sts_buf_add_cstr(&text, "]}");

    is_int(reports_json(mta_sts_buf_str(&text), NULL, &test.env, &report,
                        &test.err),
           MTA_STS_OK, "a large report is taken");
    is_int((long long) report.organization.len, REPORTS_TEXT_MAX - 1,
           "... a text is cut at a character");
    is_int((long long) report.n_policies, REPORTS_POLICIES_MAX,
           "... policies are cut");
    is_int((long long) report.policies[0].n_details, REPORTS_DETAILS_MAX,
           "... details are cut");
}


static void
test_digest(void)
{
    char  digest[65];

    (void) parse(mta_sts_str("{" RANGE ", \"policies\": [{}]}"));
    memcpy(digest, report.digest, sizeof(digest));

    (void) parse(mta_sts_str("{\"policies\":[{}]," RANGE "}\n"));
    ok(strcmp(digest, report.digest) == 0, "order and spaces: one digest");

    (void) parse(mta_sts_str("{\"policies\":[{},{}]," RANGE "}"));
    ok(strcmp(digest, report.digest) != 0, "another content: another digest");
}


static void
test_signers(void)
{
    int     ours;
    size_t  i;

    static const mta_sts_str_t  trusted[] = {
        { "mx.example.com", 14 }, { "mx2.example.com", 15 }
    };

    static const struct {
        const char  *field;
        const char  *signer;
        int          ours;
    } cases[] = {
        { "mx.example.com; dkim=pass header.d=Google.com", "google.com", 1 },
        { "MX.example.com 1; spf=pass; dkim=pass (2048 bits)\r\n "
          "header.d=google.com header.b=x", "google.com", 1 },
        { "mx2.example.com; dkim=pass header.d=\"google.com\"", "google.com",
          1 },
        { "mx.example.com; dkim=fail header.d=a.example; dkim=pass "
          "header.d=b.example", "b.example", 1 },
        { "mx.example.com; dkim=fail header.d=google.com", "", 1 },
        { "mx.example.com; spf=pass header.d=google.com", "", 1 },
        { "mx.example.com; spf=pass (; dkim=pass header.d=google.com)", "", 1 },
        { "mx.example.com; dkim=pass header.d=a/b", "", 1 },
        { "mx.example.com; dkim=fail reason=\"; dkim=pass header.d=a.example\"",
          "", 1 },
        { "mx.example.com; spf=pass smtp.mailfrom=\"\\\"; dkim=pass "
          "header.d=a.example ;\"@b.example", "", 1 },
        { "mx.example.com; dkim=pass reason=\"header.d=a.example x\" "
          "header.d=b.example", "b.example", 1 },
        { "mx.example.com; none", "", 1 },
        { "mx.example.org; dkim=pass header.d=google.com", "", 0 },
        { "mx.example.com.evil.example; dkim=pass header.d=google.com", "", 0 },
        { "(mx.example.com) evil.example; dkim=pass header.d=a.example", "",
          0 },
        { "mx.exam(x)ple.com; dkim=pass header.d=a.example", "", 0 },
        { "mx.example.com(x); dkim=pass(y)header.d=a.example", "a.example", 1 },
        { "", "", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_begin(0);

        is_str(reports_signer(mta_sts_str_from(cases[i].field), trusted, 2,
                              &test.env, &ours),
               mta_sts_str_from(cases[i].signer), "signer: %s",
               cases[i].field);
        is_int(ours, cases[i].ours, "... whether the server is trusted");
    }
}


static void
test_meanings(void)
{
    const reports_result_t  *result;

    result = reports_result(mta_sts_str("Certificate-Expired"));

    ok(result->meaning != NULL, "a type has a meaning");
    is_str(mta_sts_str_from(result->name), mta_sts_str("certificate-expired"),
           "... and its name is the RFC's");

    result = reports_result(mta_sts_str("certificate"));

    ok(result->meaning == NULL, "another has none");
    is_str(mta_sts_str_from(result->name), mta_sts_str("other"),
           "... nor a name");
}


/* What becomes of mail: RFC 8460, 4.3, and RFC 8461, 5. */

static void
test_effects(void)
{
    size_t  i;

    static const struct {
        reports_type_e    type;
        const char       *result;
        result_effect_e   effect;
    } cases[] = {
        { REPORTS_STS, "starttls-not-supported", RESULT_REFUSED },
        { REPORTS_STS, "certificate-host-mismatch", RESULT_REFUSED },
        { REPORTS_STS, "CERTIFICATE-EXPIRED", RESULT_REFUSED },
        { REPORTS_STS, "certificate-not-trusted", RESULT_REFUSED },
        { REPORTS_STS, "validation-failure", RESULT_REFUSED },
        { REPORTS_STS, "", RESULT_REFUSED },
        { REPORTS_STS, "nobody-defined-it", RESULT_REFUSED },
        { REPORTS_STS, "sts-policy-fetch-error", RESULT_UNPROTECTED },
        { REPORTS_STS, "sts-policy-invalid", RESULT_UNPROTECTED },
        { REPORTS_STS, "sts-webpki-invalid", RESULT_UNPROTECTED },
        { REPORTS_STS, "tlsa-invalid", RESULT_DANE },
        { REPORTS_TLSA, "tlsa-invalid", RESULT_DANE },
        { REPORTS_TLSA, "certificate-expired", RESULT_DANE },
        { REPORTS_NO_POLICY, "starttls-not-supported", RESULT_APART },
        { REPORTS_OTHER, "certificate-expired", RESULT_APART }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_int(reports_effect(cases[i].type,
                              mta_sts_str_from(cases[i].result)),
               cases[i].effect, "%s, %s", reports_type(cases[i].type),
               cases[i].result);
    }
}


/* Ten policies of a report with as many sessions as an integer has. */

static const char  overflow_rows[] =
    "INSERT INTO report VALUES (1, 'x', '', '', '', '', '', 1, 86400, 172800);"
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < 10) INSERT INTO policy SELECT i, 1, 0, 'example.com', '',"
    " 9223372036854775807, 9223372036854775807, 172800 FROM n;"
    "INSERT INTO detail SELECT id, 'x', 'mx', '', failed FROM policy";


static void
test_overflow(void)
{
    int                 i, k;
    store_t            *store;
    summary_t           summary;
    evidence_t          evidence;
    mta_sts_err_t       err;
    mta_sts_str_t       name = mta_sts_str("example.com");
    evidence_reader_t  *reader;
    char                dir[] = "/tmp/reports_test-XXXXXX", file[64];

    static const char *const  files[] = { "", "-wal", "-shm" };

    test_begin(0);

    store = mkdtemp(dir) ? store_open(dir, 1, &err) : NULL;
    ok(store != NULL, "a store");

    for (i = 0; i < 2 && store; i++) {
        is_int(store_exec(store, overflow_rows, &err), MTA_STS_OK, "reports");

        memset(&summary, 0, sizeof(summary_t));
        summary.now = 172800;
        summary.days = 30;

        is_int(summary_read(&summary, store, &name, 1, &test.env, &err),
               MTA_STS_OK, "sums that overflow are no error");
        ok(summary.domains[0].sessions[REPORTS_STS][0].failed > 1000000,
           "... nor negative");

        reader = evidence_open(dir);
        evidence_read(reader, name, 0, &test.env, &evidence);

        ok(evidence.sessions[REPORTS_STS][0].good > 1000000, "... of evidence");
        is_int(evidence_close(reader, &err), 1, "... which is known");
        is_int(store_drop(store, 172801, 0, &err), MTA_STS_OK,
               "... and dropped");

        /* the report ended at 172800 */

        for (k = 0; k < 2; k++) {
            reader = evidence_open(dir);
            evidence_read(reader, name, 172799 + k, &test.env, &evidence);

            is_int((long long) evidence.n, 1 - k, "... evidence has %d sum",
                   1 - k);
            (void) evidence_close(reader, &err);
        }
    }

    if (store) {
        store_close(store);
    }

    for (i = 0; i < 3; i++) {
        (void) snprintf(file, sizeof(file), "%s/reports.sqlite%s", dir,
                        files[i]);
        is_int(unlink(file), 0, "a file%s, which remains", files[i]);
    }

    is_int(rmdir(dir), 0, "nothing else is left");
}


int
main(void)
{
    test_refused();
    test_times();
    test_policy();
    test_bounds();
    test_digest();
    test_signers();
    test_meanings();
    test_effects();
    test_overflow();

    return done();
}
