/*
 * Policies that others serve: the RFC's verdicts in t/data/policies.json, and
 * what real senders made of the rest.
 */

#include <jansson.h>
#include <stdlib.h>

#include "cli/judge/judge.h"
#include "tap.h"


#define V    "version: STSv1\n"
#define E    "mode: enforce\n"
#define M    "mx: mx.example.org\n"
#define A    "max_age: 604800\n"

#define MANY  2000


static findings_t  findings;
static body_t      body;


static void
parse(mta_sts_str_t text)
{
    test_begin(0);

    memset(&findings, 0, sizeof(findings_t));
    findings.env = &test.env;

    body_parse(&body, text, &findings);
}


/* The findings of a body, joined by a space. */

static void
found(mta_sts_str_t text, const char *codes, const char *name)
{
    size_t          i;
    mta_sts_buf_t  list = { &test.env, NULL, 0, 0, 0 };

    parse(text);
    finding_settle(&findings, MTA_STS_ENFORCE);

    for (i = 0; i < findings.n; i++) {
        if (i) {
            mta_sts_buf_add_char(&list, ' ');
        }

        mta_sts_buf_add_cstr(&list, finding_kind(findings.elts[i].kind)->code);
    }

    is_str(list.len ? mta_sts_buf_str(&list) : mta_sts_str(""),
           mta_sts_str_from(codes), "%s", name);

    ok(body.valid || finding_count(&findings, FINDING_ERROR),
       "%s: an error says why it is not valid", name);
}

#define is_found(text, codes, name)  found(mta_sts_str(text), codes, name)


static void
test_verdicts(void)
{
    json_t        *list, *item;
    size_t         i;
    mta_sts_str_t  text;

    list = json_load_file("t/data/policies.json", 0, NULL);

    if (!ok(json_array_size(list) > 30, "the cases are there")) {
        return;
    }

    json_array_foreach(list, i, item) {
        text.data = json_string_value(json_object_get(item, "body"));
        text.len = json_string_length(json_object_get(item, "body"));

        parse(text);

        is_int(body.valid, json_is_true(json_object_get(item, "valid")), "%s",
               json_string_value(json_object_get(item, "name")));
    }

    json_decref(list);
}


static void
test_format(void)
{
    is_found("version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\n"
             "max_age: 604800\r\n", "", "crlf");
    is_found(V E M A, "", "lf");
    is_found("version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\n"
             "max_age: 604800", "", "crlf-noeol");
    is_found(V E M "max_age: 604800", "", "lf-noeol");
    is_found("version: STSv1\r\n" E M A, "policy-line-ends", "mixed-eol");
    is_found("version: STSv1\rmode: enforce\rmx: mx.example.org\r"
             "max_age: 604800\r", "policy-syntax policy-version policy-mode "
             "policy-max-age", "cr-only");
    is_found("version:STSv1\nmode:enforce\nmx:mx.example.org\nmax_age:604800\n",
             "policy-space", "nospace");
    is_found("version:\tSTSv1\n" E M A, "policy-space", "tab");
    is_found("version:  STSv1\n" E M A, "", "twospace");
    is_found("version: STSv1  \n" E M A, "policy-space", "trail-space");
    is_found(" version: STSv1\n" E M A, "policy-syntax policy-version",
             "lead-space");
    is_found("version : STSv1\n" E M A, "policy-syntax policy-version",
             "space-colon");
    is_found(V E "\n" M A, "policy-blank-line", "blank-mid");
    is_found(V E M A "\n", "policy-blank-line", "blank-end");
    is_found("\n" V E M A, "policy-blank-line", "blank-start");
    is_found("# comment\n" V E M A, "policy-syntax", "comment");
    is_found("\xef\xbb\xbf" V E M A, "policy-bom", "bom");
    is_found(V E M A "\0", "policy-syntax", "nul");
    is_found("", "policy-version policy-mode policy-max-age", "empty");
    is_found("<html><body>hello</body></html>\n", "policy-syntax "
             "policy-version policy-mode policy-max-age", "html");
}


static void
test_fields(void)
{
    is_found(E V M A, "policy-version-not-first", "order");
    is_found(V E A M, "", "age-before-mx");
    is_found(V E M A "note: hi there\n", "policy-extension", "ext");
    is_found(V E M A "url: https://x.example\n", "policy-extension",
             "ext-colon");
    is_found(V E M A "x: {a}\n", "policy-extension", "ext-brace");
    is_found(V E "mode: testing\n" M A, "policy-duplicate", "dup-mode");
    is_int(body.mode, MTA_STS_ENFORCE, "the first counts");
    is_found(V E M A A, "policy-duplicate", "dup-age");
    is_found(V "version: STSv2\n" E M A, "policy-duplicate", "dup-version");
    is_found("Version: STSv1\nMode: enforce\n" M A, "policy-version "
             "policy-mode policy-extension",
             "key-case");
    is_found(V "mode: Enforce\n" M A, "policy-mode", "mode-case");
    is_found(E M A, "policy-version", "no-version");
    is_found("version: STSv2\n" E M A, "policy-version", "bad-version");
    is_found(V M A, "policy-mode", "no-mode");
    is_found(V "mode: report\n" M A, "policy-mode", "bad-mode");
    is_found(V E M, "policy-max-age", "no-age");
    is_found(V E M "max_age: 0\n", "policy-max-age-short", "age-0");
    is_found(V E M "max_age: 60\n", "policy-max-age-short", "age-60");
    is_found(V E M "max_age: 86400\n", "", "a day");
    is_found(V E M "max_age: 31557600\n", "", "age-max");
    is_found(V E M "max_age: 31557601\n", "policy-max-age", "age-over");
    is_found(V E M "max_age: 99999999999\n", "policy-max-age", "age-huge");
    is_found(V E M "max_age: 604800s\n", "policy-max-age", "age-suffix");
    is_found(V E M "max_age: -1\n", "policy-max-age", "age-neg");
    is_found(V E M "max_age: 0000604800\n", "", "age-zeros");
    is_found(V E M "max_age:\n", "policy-max-age", "age empty");
    is_found(V "mode: testing\n" M A, "", "testing");
    is_found(V "mode: none\n" A, "policy-none-without-mx", "none-nomx");
    is_found(V "mode: none\n" M A, "", "none-mx");
    is_found(V E A, "policy-mx-missing", "enforce-nomx");
    is_found(V "mode: testing\n" A, "policy-mx-missing", "testing-nomx");
}


/* How severe it is depends on who rejects the policy. */

static void
severity(mta_sts_str_t text, finding_severity_e expected, const char *name)
{
    parse(text);
    finding_settle(&findings, MTA_STS_ENFORCE);

    is_int((long long) findings.n, 1, "%s: one finding", name);
    is_int(findings.n ? (int) findings.elts[0].severity : -1, expected,
           "%s: its severity", name);
}

#define is_severity(text, severity_, name)                                    \
    severity(mta_sts_str(text), severity_, name)


static void
test_severities(void)
{
    is_severity(V E M A "x: y\n", FINDING_WARNING, "ext");
    is_severity(V E M A "x: {y}\n", FINDING_ERROR, "ext-brace");
    is_severity(V E M A "x: b\374cher\n", FINDING_ERROR, "latin1");
    is_severity(V E M A E, FINDING_WARNING, "the same again");
    is_severity(V E M A "mode: testing\n", FINDING_ERROR, "another mode");

    parse(mta_sts_str(V E M A "x: y\nx: {y}\n"));
    finding_settle(&findings, MTA_STS_ENFORCE);
    is_int((long long) finding_count(&findings, FINDING_ERROR), 1,
           "an error is not hidden by a warning of the same kind");
}


static void
test_is_policy(void)
{
    ok(served_is_policy(mta_sts_str(V E M A)), "a policy");
    ok(served_is_policy(mta_sts_str("\n Mode : x\n")), "a faulty one");
    ok(!served_is_policy(mta_sts_str("<html>\n<p>mode: off</p>\n")),
       "another document");
    ok(!served_is_policy(mta_sts_str("")), "nothing");
}


static void
test_mx(void)
{
    char    *text;
    size_t   i, len;

    is_found(V E "mx: *.example.org\n" A, "", "mx-wild");
    is_found(V E "mx: mx.*.example.org\n" A, "policy-mx", "mx-wild-mid");
    is_found(V E "mx: m*.example.org\n" A, "policy-mx", "mx-wild-part");
    is_found(V E "mx: MX.Example.ORG\n" A, "policy-mx-case", "mx-upper");
    is_str(body.mx[0], mta_sts_str("mx.example.org"), "in lower case");
    is_found(V E "mx: mx.example.org.\n" A, "policy-mx", "mx-dot");
    is_found(V E "mx: .example.org\n" A, "policy-mx", "mx-leaddot");
    is_found(V E "mx: a.example, b.example\n" A, "policy-mx", "mx-list");
    is_found(V E "mx: \n" A, "policy-mx", "mx-empty");
    is_found(V E "mx: *.\n" A, "policy-mx", "a wildcard of nothing");
    is_found(V E "mx: mx.b\303\274cher.example\n" A, "policy-mx", "mx-ulabel");
    is_found(V E "mx: mx.xn--bcher-kva.example\n" A, "", "mx-alabel");
    is_found(V E "mx: mx_1.example.org\n" A, "policy-mx", "mx-under");
    is_found(V E "mx: 192.0.2.1\n" A, "policy-mx", "mx-ip");
    is_found(V E M M A, "", "mx-dup");

    text = malloc(MANY * sizeof(M) + 100);

    len = (size_t) sprintf(text, "%s", V E A);

    for (i = 0; i < MANY; i++) {
        memcpy(text + len, M, sizeof(M) - 1);
        len += sizeof(M) - 1;
    }

    parse((mta_sts_str_t) { text, len });
    is_int((long long) body.n, MANY, "many mx lines");
    is_int((long long) findings.n, 0, "with nothing to find");

    free(text);
}


static void
matches(const char *pattern, const char *host, int expected)
{
    is_int(mta_sts_name_matches_mx(mta_sts_str_from(pattern),
                                   mta_sts_str_from(host)),
           expected, "%s matches %s?", pattern, host);
}


static void
test_matches(void)
{
    matches("mx.example.org", "mx.example.org", 1);
    matches("mx.example.org", "mx2.example.org", 0);
    matches("*.example.org", "mx.example.org", 1);
    matches("*.example.org", "a.mx.example.org", 0);
    matches("*.example.org", "example.org", 0);
    matches("*.example.org", ".example.org", 0);
    matches("*.org", "mx.example.org", 0);
    matches("*.example.org", "", 0);
    matches("example.org", "mx.example.org", 0);
}


int
main(void)
{
    test_verdicts();
    test_format();
    test_fields();
    test_severities();
    test_is_policy();
    test_mx();
    test_matches();

    return done();
}
