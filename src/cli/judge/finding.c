/*
 * The table of what can be found, and lists of it.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "judge.h"


/* In their order: see finding_kind_t. */

#define KIND(kind, code, subject, severity, enforce, section, about)          \
    [kind] = { code, FINDING_ ## subject, FINDING_ ## severity, enforce,      \
               section, about }

static const finding_kind_t  finding_kinds[FINDING_KINDS] = {

    KIND(TXT_DNS, "txt-dns", TXT, ERROR, 0, "8461 3.1",
         "the lookup of the `_mta-sts` record fails"),
    KIND(TXT_NONE, "txt-none", TXT, ERROR, 0, "8461 3.1",
         "there is no `_mta-sts` record"),
    KIND(TXT_VERSION, "txt-version", TXT, ERROR, 0, "8461 3.1",
         "no TXT record begins with `v=STSv1;`"),
    KIND(TXT_SEVERAL, "txt-several", TXT, ERROR, 0, "8461 3.1",
         "more than one TXT record begins with `v=STSv1`"),
    KIND(TXT_ID_MISSING, "txt-id-missing", TXT, ERROR, 0, "8461 3.1",
         "the record has no `id`, or an empty one"),
    KIND(TXT_ID_SYNTAX, "txt-id-syntax", TXT, ERROR, 0, "8461 3.1",
         "the `id` is not 1 to 32 letters and digits"),
    KIND(TXT_SYNTAX, "txt-syntax", TXT, ERROR, 0, "8461 3.1",
         "the record breaks the grammar in another way"),
    KIND(TXT_ID_DIFFERS, "txt-id-differs", TXT, ERROR, 0, "8461 3.1",
         "the `id` is not that of the configured policy"),
    KIND(TXT_ID_TWICE, "txt-id-twice", TXT, WARNING, 0, "8461 3.1",
         "the record has two `id` fields"),
    KIND(TXT_OTHER, "txt-other", TXT, WARNING, 0, "8461 3.1",
         "there are other TXT records beside it"),
    KIND(TXT_STRINGS, "txt-strings", TXT, WARNING, 0, "8461 3.1",
         "the record is cut into several strings"),
    KIND(TXT_EXTENSION, "txt-extension", TXT, WARNING, 0, "8461 3.1",
         "the record has a field that is not `v` or `id`"),
    KIND(TXT_TRAILING_SPACE, "txt-trailing-space", TXT, WARNING, 0,
         "8461 3.1", "there is a space behind the last `;`"),
    KIND(TXT_SPACE, "txt-space", TXT, NOTE, 0, "8461 3.1",
         "there is a space in front of a `;`"),
    KIND(TXT_TTL, "txt-ttl", TXT, NOTE, 0, "8461 8.1",
         "a resolver may keep the record for more than a day"),

    KIND(HOST_DNS, "host-dns", HOST, ERROR, 0, "8461 3.3",
         "the lookup of the policy host's addresses fails"),
    KIND(HOST_NONE, "host-none", HOST, ERROR, 0, "8461 3.3",
         "the policy host has no address"),
    KIND(POLICY_NO_ROUTE, "policy-no-route", HOST, NOTE, 0, "8461 3.3",
         "an address was not tried: this machine has no route to it"),
    KIND(POLICY_CONNECT, "policy-connect", HOST, ERROR, 0, "8461 3.3",
         "an address takes no connection on port 443"),
    KIND(POLICY_TIMEOUT, "policy-timeout", HOST, ERROR, 0, "8461 3.3",
         "an address does not give the policy in time"),
    KIND(POLICY_TLS, "policy-tls", HOST, ERROR, 0, "8461 3.3",
         "the TLS handshake with TLS 1.2 or newer fails"),
    KIND(POLICY_TLS13_ONLY, "policy-tls13-only", HOST, WARNING, 0, "8461 3.3",
         "the policy host speaks TLS 1.3 alone"),
    KIND(POLICY_CERT_NAME, "policy-cert-name", HOST, ERROR, 0, "8461 3.3",
         "the certificate does not name `mta-sts.<domain>` as a DNS name"),
    KIND(POLICY_CERT_CHAIN, "policy-cert-chain", HOST, ERROR, 0, "8461 3.3",
         "the certificate's chain does not lead to a trusted root"),
    KIND(POLICY_CERT_EXPIRED, "policy-cert-expired", HOST, ERROR, 0,
         "8461 3.3", "the certificate has expired"),
    KIND(POLICY_CERT_NOT_YET, "policy-cert-not-yet", HOST, ERROR, 0,
         "8461 3.3", "the certificate is not valid yet"),
    KIND(POLICY_CERT_EXPIRES, "policy-cert-expires", HOST, WARNING, 0,
         "8461 3.3", "the certificate expires soon and was not renewed"),
    KIND(POLICY_CLOSED, "policy-closed", HOST, ERROR, 0, "8461 3.3",
         "the connection ends before the whole answer"),
    KIND(POLICY_REDIRECT, "policy-redirect", HOST, ERROR, 0, "8461 3.3",
         "the answer is a redirect, which senders must not follow"),
    KIND(POLICY_STATUS, "policy-status", HOST, ERROR, 0, "8461 3.3",
         "the answer has another status than 200"),
    KIND(POLICY_TYPE, "policy-type", HOST, ERROR, 0, "8461 3.2",
         "the media type is not `text/plain`"),
    KIND(POLICY_TYPE_FORM, "policy-type-form", HOST, WARNING, 0, "8461 3.2",
         "the media type is written in a way that some senders reject"),
    KIND(POLICY_ENCODING, "policy-encoding", HOST, ERROR, 0, "8461 3.3",
         "the answer is compressed although nobody asked for it"),
    KIND(POLICY_TOO_LARGE, "policy-too-large", HOST, ERROR, 0, "8461 3.3",
         "the policy is of 32 KiB or more"),
    KIND(POLICY_LARGE, "policy-large", HOST, WARNING, 0, "8461 3.3",
         "the policy has more than 10 KiB"),
    KIND(POLICY_SLOW, "policy-slow", HOST, WARNING, 0, "8461 3.3",
         "the answer takes more than two seconds"),
    KIND(POLICY_SYNTAX, "policy-syntax", HOST, ERROR, 0, "8461 3.2",
         "a line of the policy is not a key, `:` and a value"),
    KIND(POLICY_BOM, "policy-bom", HOST, ERROR, 0, "8461 3.2",
         "the policy begins with a byte order mark"),
    KIND(POLICY_BLANK_LINE, "policy-blank-line", HOST, ERROR, 0, "8461 3.2",
         "the policy has an empty line"),
    KIND(POLICY_VERSION, "policy-version", HOST, ERROR, 0, "8461 3.2",
         "`version` is missing or not `STSv1`"),
    KIND(POLICY_MODE, "policy-mode", HOST, ERROR, 0, "8461 3.2",
         "`mode` is missing or not one of the three"),
    KIND(POLICY_MAX_AGE, "policy-max-age", HOST, ERROR, 0, "8461 3.2",
         "`max_age` is missing or not 0 to 31557600"),
    KIND(POLICY_MX, "policy-mx", HOST, ERROR, 0, "8461 3.2",
         "an `mx` is not a host name or `*.` and a host name"),
    KIND(POLICY_MX_MISSING, "policy-mx-missing", HOST, ERROR, 0, "8461 3.2",
         "`mode` asks for an `mx` and there is none"),
    KIND(POLICY_DUPLICATE, "policy-duplicate", HOST, WARNING, 0, "8461 3.2",
         "a key that may be there once is there twice"),
    KIND(POLICY_EXTENSION, "policy-extension", HOST, WARNING, 0, "8461 3.2",
         "the policy has a key that the RFC does not know"),
    KIND(POLICY_NONE_WITHOUT_MX, "policy-none-without-mx", HOST, WARNING, 0,
         "8461 3.2", "`mode: none` without an `mx`"),
    KIND(POLICY_MAX_AGE_SHORT, "policy-max-age-short", HOST, WARNING, 0,
         "8461 3.2", "`max_age` is less than a day"),
    KIND(POLICY_MX_CASE, "policy-mx-case", HOST, WARNING, 0, "8461 4.1",
         "an `mx` has capital letters"),
    KIND(POLICY_VERSION_NOT_FIRST, "policy-version-not-first", HOST, WARNING,
         0, "8461 3.2", "`version` is not the first line"),
    KIND(POLICY_SPACE, "policy-space", HOST, WARNING, 0, "8461 3.2",
         "white space other than one space behind `:`"),
    KIND(POLICY_LINE_ENDS, "policy-line-ends", HOST, WARNING, 0, "8461 3.2",
         "some lines end with CRLF and some with LF"),
    KIND(POLICY_DIFFERS, "policy-differs", HOST, ERROR, 0, "8461 3.3",
         "the policy is not the configured one"),
    KIND(POLICY_ADDRESSES_DIFFER, "policy-addresses-differ", HOST, ERROR, 0,
         "8461 3.3", "the policy host's addresses give different policies"),

    KIND(MX_DNS, "mx-dns", MAIL, ERROR, 0, "8461 4.1",
         "the lookup of the MX records fails"),
    KIND(MX_NONE, "mx-none", MAIL, WARNING, 0, "5321 5.1",
         "there is no MX record"),
    KIND(MX_NULL, "mx-null", MAIL, WARNING, 0, "7505 3",
         "the domain's MX says that it takes no mail"),
    KIND(MX_NOT_COVERED, "mx-not-covered", MAIL, ERROR, 1, "8461 4.1",
         "a mail server matches no `mx` of the policy"),
    KIND(MX_STALE, "mx-stale", MAIL, NOTE, 0, "8461 8.1",
         "an `mx` of the policy matches no mail server"),
    KIND(MX_CNAME, "mx-cname", MAIL, WARNING, 0, "5321 5.1",
         "a mail server's name is an alias"),
    KIND(MX_HOST_DNS, "mx-host-dns", MAIL, ERROR, 1, "5321 5.1",
         "the lookup of a mail server's addresses fails"),
    KIND(MX_HOST_NONE, "mx-host-none", MAIL, ERROR, 1, "5321 5.1",
         "a mail server has no address"),
    KIND(SMTP_NO_ROUTE, "smtp-no-route", MAIL, NOTE, 0, "8461 4.2",
         "an address was not tried: this machine has no route to it"),
    KIND(SMTP_CONNECT, "smtp-connect", MAIL, WARNING, 0, "8461 4.2",
         "a mail server takes no connection on port 25"),
    KIND(SMTP_ANSWER, "smtp-answer", MAIL, ERROR, 1, "8461 4.2",
         "a mail server does not answer as SMTP says, or not in time"),
    KIND(SMTP_STARTTLS, "smtp-starttls", MAIL, ERROR, 1, "8461 4.2",
         "a mail server does not offer STARTTLS"),
    KIND(SMTP_TLS, "smtp-tls", MAIL, ERROR, 1, "8461 4.2",
         "the TLS handshake with TLS 1.2 or newer fails"),
    KIND(SMTP_CERT_NAME, "smtp-cert-name", MAIL, ERROR, 1, "8461 4.2",
         "the certificate does not have the mail server's name as a DNS name"),
    KIND(SMTP_CERT_CHAIN, "smtp-cert-chain", MAIL, ERROR, 1, "8461 4.2",
         "the certificate's chain does not lead to a trusted root"),
    KIND(SMTP_CERT_EXPIRED, "smtp-cert-expired", MAIL, ERROR, 1, "8461 4.2",
         "the certificate has expired"),
    KIND(SMTP_CERT_NOT_YET, "smtp-cert-not-yet", MAIL, ERROR, 1, "8461 4.2",
         "the certificate is not valid yet"),
    KIND(SMTP_CERT_EXPIRES, "smtp-cert-expires", MAIL, WARNING, 0, "8461 4.2",
         "the certificate expires soon and was not renewed"),

    KIND(TLSRPT_DNS, "tlsrpt-dns", TLSRPT, WARNING, 0, "8460 3",
         "the lookup of the `_smtp._tls` record fails"),
    KIND(TLSRPT_NONE, "tlsrpt-none", TLSRPT, NOTE, 0, "8460 3",
         "nobody is told of mail that was refused"),
    KIND(TLSRPT_SEVERAL, "tlsrpt-several", TLSRPT, WARNING, 0, "8460 3",
         "more than one TXT record begins with `v=TLSRPTv1`"),
    KIND(TLSRPT_SYNTAX, "tlsrpt-syntax", TLSRPT, WARNING, 0, "8460 3",
         "the record breaks the grammar, or a URI is no mailto: or https:"),
    KIND(TLSRPT_DIFFERS, "tlsrpt-differs", TLSRPT, WARNING, 0, "8460 3",
         "the record is not the configured one, or missing")
};

#undef KIND


const finding_kind_t *
finding_kind(finding_kind_e kind)
{
    return &finding_kinds[kind];
}


const char *
finding_severity(finding_severity_e severity)
{
    static const char *const  names[] = { "note", "warning", "error" };

    return names[severity];
}


const char *
finding_subject(finding_subject_e subject)
{
    static const char *const  names[] = { "TXT record", "policy host",
                                          "mail servers", "reports" };

    return names[subject];
}


static void
finding_put(findings_t *findings, finding_kind_e kind, mta_sts_str_t text)
{
    finding_t  *elts;

    elts = mta_sts_env_grow(findings->env, findings->elts, findings->n,
                            &findings->size, sizeof(finding_t));
    text = mta_sts_str_copy(findings->env, text);

    if (elts == NULL || text.data == NULL) {
        findings->failed = 1;
        return;
    }

    findings->elts = elts;

    elts += findings->n++;

    elts->kind = kind;
    elts->severity = finding_kinds[kind].severity;
    elts->text = text;
}


void
finding_add(findings_t *findings, finding_kind_e kind, const char *fmt, ...)
{
    char          *p;
    va_list        args;
    mta_sts_err_t  line;

    va_start(args, fmt);
    (void) mta_sts_error_args(&line, MTA_STS_NOWHERE, fmt, args);
    va_end(args);

    /* a lone byte above 0x7f steers some terminals, too */

    for (p = line.text; *p; p++) {
        if (*p < ' ' || *p > '~') {
            *p = '?';
        }
    }

    finding_put(findings, kind, mta_sts_str_from(line.text));
}


void
finding_append(findings_t *findings, const findings_t *from)
{
    size_t  i;

    for (i = 0; i < from->n; i++) {
        finding_put(findings, from->elts[i].kind, from->elts[i].text);
    }

    findings->failed |= from->failed;
}


int
finding_has(const findings_t *findings, finding_kind_e kind)
{
    size_t  i;

    for (i = 0; i < findings->n; i++) {
        if (findings->elts[i].kind == kind) {
            return 1;
        }
    }

    return 0;
}


static int
finding_cmp(const void *a, const void *b)
{
    const finding_t  *x = a, *y = b;

    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }

    return mta_sts_str_cmp(x->text, y->text);
}


void
finding_settle(findings_t *findings, int enforce)
{
    size_t      i, n;
    finding_t  *elts;

    elts = findings->elts;

    if (findings->n == 0) {
        return;
    }

    qsort(elts, findings->n, sizeof(finding_t), finding_cmp);

    for (i = 0, n = 0; i < findings->n; i++) {

        if (n && finding_cmp(&elts[n - 1], &elts[i]) == 0) {
            continue;
        }

        if (finding_kinds[elts[i].kind].enforce && !enforce) {
            elts[i].severity = finding_kinds[elts[i].kind].severity - 1;
        }

        elts[n++] = elts[i];
    }

    findings->n = n;
}


size_t
finding_count(const findings_t *findings, finding_severity_e severity)
{
    size_t  i, n;

    for (i = 0, n = 0; i < findings->n; i++) {
        n += findings->elts[i].severity == severity;
    }

    return n;
}
