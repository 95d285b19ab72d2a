/*
 * TXT records at _mta-sts and _smtp._tls.  Cases and severities follow what
 * real senders made of them.
 */

#include "cli/judge/judge.h"
#include "tap.h"


#define ID32  "abcdefghijklmnopqrstuvwxyz012345"


static findings_t  findings;


/* The codes that were found, joined by a space. */

static mta_sts_str_t
codes(void)
{
    size_t          i;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    finding_settle(&findings, MTA_STS_ENFORCE);

    for (i = 0; i < findings.n; i++) {
        if (i) {
            mta_sts_buf_add_char(&text, ' ');
        }

        mta_sts_buf_add_cstr(&text, finding_kind(findings.elts[i].kind)->code);
    }

    return text.len ? mta_sts_buf_str(&text) : mta_sts_str("");
}


static void
begin(void)
{
    test_begin(0);

    memset(&findings, 0, sizeof(findings_t));
    findings.env = &test.env;
}


/* Up to two records. */

static size_t
records(dns_record_t *out, const char *first, const char *second)
{
    size_t  n;

    n = 0;

    if (first) {
        out[n].text = mta_sts_str_from(first);
        out[n++].strings = 1;
    }

    if (second) {
        out[n].text = mta_sts_str_from(second);
        out[n++].strings = 1;
    }

    return n;
}


static void
sts(const char *first, const char *second, const char *id, const char *found)
{
    dns_record_t   list[2];
    size_t         n;
    mta_sts_str_t  got;

    begin();
    n = records(list, first, second);

    got = txt_sts(list, n, &findings);

    is_str(codes(), mta_sts_str_from(found), "%s", first ? first : "none");
    is_str(got, mta_sts_str_from(id), "its id");
}


static void
test_sts(void)
{
    dns_record_t   record;

    sts("v=STSv1; id=1;", NULL, "1", "");
    sts("v=STSv1; id=1", NULL, "1", "");
    sts("v=STSv1;id=1;", NULL, "1", "");
    sts("v=STSv1; id=" ID32, NULL, ID32, "");
    sts("v=STSv1; id=1;", "v=spf1 -all", "1", "txt-other");
    sts("v=STSv1 ;id=1", NULL, "1", "txt-space");
    sts("v=STSv1; id=1 ;", NULL, "1", "");
    sts("v=STSv1;\tid=1;", NULL, "1", "txt-tab");
    sts("v=STSv1; id=1;", "v=stsv1; id=1;", "", "txt-several");
    sts("v=STSv1; id=1;", " v=STSv1; id=1;", "", "txt-several");
    sts("v=STSv1; id=1;", "v=STSv10; id=1;", "1", "txt-other");
    sts("v=STSv1; id=1; ", NULL, "1", "txt-trailing-space");
    sts("v=STSv1; id=1; ext=2;", NULL, "1", "txt-extension");
    sts("v=STSv1; ext=2; id=1;", NULL, "1", "txt-extension");
    sts("v=STSv1; id=1; id=2;", NULL, "1", "txt-id-twice");

    sts(NULL, NULL, "", "txt-none");
    sts("v=STSv1; id=" ID32 "6", NULL, "", "txt-id-syntax");
    sts("v=STSv1; id=2025-01-02;", NULL, "", "txt-id-syntax");
    sts("v=STSv1; id=2025_01;", NULL, "", "txt-id-syntax");
    sts("v=STSv1; id=a+b/c=;", NULL, "", "txt-id-syntax");
    sts("v=STSv1; id=;", NULL, "", "txt-id-missing");
    sts("v=STSv1;", NULL, "", "txt-id-missing");
    sts("v=STSv1", NULL, "", "txt-id-missing");
    sts("v=STSv1; id=1;; ", NULL, "1", "txt-syntax txt-trailing-space");
    sts("v=STSv1; id=1; foo", NULL, "1", "txt-syntax");
    sts("v=STSv1; id=1; foo=", NULL, "1", "txt-syntax");
    sts("v=STSv1; id=1; =a", NULL, "1", "txt-syntax");
    sts("v=STSv1; id=1; a=b=c", NULL, "1", "txt-syntax");
    sts("v=STSv1; id=1; a b=c", NULL, "1", "txt-syntax");

    sts(" v=STSv1; id=1;", NULL, "", "txt-version");
    sts("v = STSv1 ; id = 1", NULL, "", "txt-version");
    sts("v=stsv1; id=1;", NULL, "", "txt-version");
    sts("v=STSv10; id=1;", NULL, "", "txt-version");
    sts("id=1; v=STSv1;", NULL, "", "txt-version");
    sts("\"v=STSv1; id=1;\"", NULL, "", "txt-version");
    sts("v=STSv1, id=1", NULL, "", "txt-version");
    sts("v=spf1 -all", NULL, "", "txt-version");
    sts("", NULL, "", "txt-version");

    sts("v=STSv1; id=1;", "v=STSv1; id=2;", "", "txt-several");
    sts("v=STSv1; id=1;", "v=STSv1;id=1;", "", "txt-several");
    sts("v=STSv1; id=1;", "v=STSv1", "", "txt-several");

    begin();
    record.text = mta_sts_str("v=STSv1; id=1;");
    record.strings = 2;
    (void) txt_sts(&record, 1, &findings);
    is_str(codes(), mta_sts_str("txt-strings"), "two strings");
}


static void
tlsrpt(const char *first, const char *second, const char *rua,
    const char *found)
{
    dns_record_t   list[2];
    size_t         n;
    mta_sts_str_t  got;

    begin();
    n = records(list, first, second);

    got = txt_tlsrpt(list, n, &findings);

    is_str(codes(), mta_sts_str_from(found), "%s", first ? first : "none");
    is_str(got, mta_sts_str_from(rua), "its rua");
}


static void
test_tlsrpt(void)
{
    tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example", NULL, "mailto:a@b.example",
           "");
    tlsrpt("v=TLSRPTv1;rua=mailto:a@b.example,https://c.example/;", NULL,
           "mailto:a@b.example,https://c.example/", "");
    tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example", "v=spf1", "mailto:a@b.example",
           "tlsrpt-other");
    tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example, mailto:c@b.example;", NULL,
           "mailto:a@b.example, mailto:c@b.example", "tlsrpt-space");
    tlsrpt("v=TLSRPTv1;; rua=mailto:a@b.example", NULL, "mailto:a@b.example",
           "tlsrpt-syntax");
    tlsrpt("v=TLSRPTv1; rua=https://h/a;b", NULL, "https://h/a",
           "tlsrpt-syntax");
    tlsrpt("v=TLSRPTv1; a=b; rua=mailto:a@b.example", NULL,
           "mailto:a@b.example", "tlsrpt-syntax");
    tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example; a=b", NULL,
           "mailto:a@b.example", "");
    tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example; rua=mailto:a@b.example", NULL,
           "mailto:a@b.example", "tlsrpt-syntax");
    tlsrpt("v=tlsrptv1; rua=mailto:a@b.example", NULL, "", "tlsrpt-version");
    tlsrpt("rua=mailto:a@b.example; v=TLSRPTv1", NULL, "", "tlsrpt-version");
    tlsrpt("v=TLSRPTv1, rua=mailto:a@b.example", NULL, "", "tlsrpt-version");
    tlsrpt("v=DMARC1; p=none", NULL, "", "tlsrpt-version");
    tlsrpt(NULL, NULL, "", "tlsrpt-none");
    tlsrpt("v=TLSRPTv2; rua=mailto:a@b.example", NULL, "", "tlsrpt-version");
    tlsrpt("v=TLSRPTv1;", NULL, "", "tlsrpt-syntax");
    tlsrpt("v=TLSRPTv1; rua=", NULL, "", "tlsrpt-syntax");
    tlsrpt("v=TLSRPTv1; rua=a@b.example", NULL, "a@b.example",
           "tlsrpt-syntax");
    tlsrpt("v=TLSRPTv1; rua=http://b.example", NULL, "http://b.example",
           "tlsrpt-syntax");
    tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example", "v=TLSRPTv1; rua=b", "",
           "tlsrpt-several");
}


/* Nothing that a server sends controls the terminal. */

static void
test_escapes(void)
{
    size_t         i, k;
    dns_record_t   record;
    mta_sts_str_t  text;

    begin();
    record.text = mta_sts_str("v=STSv1; id=\033[2J\r\n\007; x=\302\233");
    record.strings = 1;
    (void) txt_sts(&record, 1, &findings);
    finding_settle(&findings, MTA_STS_ENFORCE);

    ok(findings.n > 0, "there is something to show");

    for (i = 0; i < findings.n; i++) {
        text = findings.elts[i].text;

        for (k = 0; k < text.len && (unsigned char) text.data[k] >= ' '
             && (unsigned char) text.data[k] != 0x7f; k++)
        {
            /* void */
        }

        ok(k == text.len, "finding %zu has no control character", i);
    }
}


/* Severities of mail servers depend on the mode; duplicates are removed. */

static void
test_settle(void)
{
    begin();
    finding_add(&findings, MX_STALE, NULL, "b");
    finding_add(&findings, SMTP_STARTTLS, NULL, "a");
    finding_add(&findings, SMTP_STARTTLS, NULL, "a");
    finding_add(&findings, TXT_NONE, NULL, "c");

    is_str(codes(), mta_sts_str("txt-none mx-stale smtp-starttls"), "sorted");

    is_int(findings.elts[2].severity, FINDING_ERROR, "an error in enforce");

    finding_settle(&findings, MTA_STS_TESTING);

    is_int(findings.elts[0].severity, FINDING_ERROR, "an error always");
    is_int(findings.elts[2].severity, FINDING_WARNING, "less without enforce");
    is_int((long long) finding_count(&findings, FINDING_WARNING), 1, "count");

    finding_settle(&findings, MTA_STS_NONE);

    is_int(findings.elts[2].severity, FINDING_NOTE, "a note in mode none");
    is_int(findings.elts[0].severity, FINDING_ERROR, "the record matters");
}


/* What differs only in where is one finding, which names each place once. */

static void
test_merge(void)
{
    begin();
    finding_add(&findings, POLICY_TLS, "192.0.2.2", "the same");
    finding_add(&findings, POLICY_TLS, "192.0.2.1", "the same");
    findings.lower = 1;
    finding_add(&findings, POLICY_TLS, "192.0.2.1", "the same");
    finding_add(&findings, POLICY_TLS, "192.0.2.3", "something else");
    findings.lower = 0;

    finding_settle(&findings, MTA_STS_ENFORCE);

    is_int((long long) findings.n, 2, "two findings");
    is_str(findings.elts[1].where, mta_sts_str("192.0.2.1, 192.0.2.2"),
           "one of them at two places");
    is_int(findings.elts[1].severity, FINDING_ERROR, "the worse severity");
    is_int(findings.elts[0].severity, FINDING_WARNING, "an error made less");
}


/* The list has a code of its own for each kind. */

static void
test_table(void)
{
    int                    i, k;
    const finding_kind_t  *kind;

    for (i = 0; i < FINDING_KINDS; i++) {
        kind = finding_kind((finding_kind_e) i);

        if (!ok(kind->code && kind->section && kind->about, "row %d", i)) {
            continue;
        }

        for (k = 0; k < i; k++) {
            if (strcmp(finding_kind((finding_kind_e) k)->code, kind->code)
                == 0)
            {
                break;
            }
        }

        ok(k == i, "%s is there once", kind->code);
        ok(!kind->less || kind->severity > FINDING_NOTE,
           "%s can be less severe", kind->code);
    }
}


int
main(void)
{
    test_sts();
    test_tlsrpt();
    test_escapes();
    test_settle();
    test_merge();
    test_table();

    return done();
}
