/*
 * What senders report (RFC 8460), and where their reports go.
 */

#include "cli/evidence/evidence.h"
#include "judge.h"


#define REPORTED_DAY    86400
#define REPORTED_WEEK   (7 * REPORTED_DAY)
#define REPORTED_SHOWN  5             /* failures of a kind */

/* Of a sender's sessions, one in so many that is refused is not few. */

#define REPORTED_FEW    20


/* Has the URI the scheme?  Removes it then. */

static int
reported_scheme(mta_sts_str_t *uri, mta_sts_str_t scheme)
{
    mta_sts_str_t  begin;

    begin = *uri;
    begin.len = scheme.len;

    if (uri->len < scheme.len || !mta_sts_str_caseeq(begin, scheme)) {
        return 0;
    }

    *uri = mta_sts_str_after(*uri, scheme.len);

    return 1;
}


/* The host of a report URI, without the dot at its end; empty if none. */

static mta_sts_str_t
reported_host(mta_sts_str_t uri)
{
    size_t         i;
    mta_sts_str_t  rest, host = { "", 0 };

    if (reported_scheme(&uri, mta_sts_str("https://"))) {
        for (i = 0; i < uri.len && strchr("/?#", uri.data[i]) == NULL; i++) {
            /* void */
        }

        host = uri;
        host.len = i;

    } else if (reported_scheme(&uri, mta_sts_str("mailto:"))) {
        (void) field_next(&uri, '?', &host);
    }

    /* what is before the last "@" is the mailbox or the user */

    for (i = host.len; i > 0; i--) {
        if (host.data[i - 1] == '@') {
            host = mta_sts_str_after(host, i);
            break;
        }
    }

    rest = host;
    (void) field_next(&rest, ':', &host);

    if (mta_sts_str_ends(host, mta_sts_str("."))) {
        host.len--;
    }

    return host;
}


/* Does a report by this URI go to the domain that it is about, or below it? */

static int
reported_is_own(mta_sts_str_t uri, mta_sts_str_t domain)
{
    mta_sts_str_t  host;

    host = reported_host(uri);

    if (host.len > domain.len
        && host.data[host.len - domain.len - 1] == '.')
    {
        host = mta_sts_str_after(host, host.len - domain.len);
    }

    return mta_sts_str_caseeq(host, domain);
}


void
reported_address(mta_sts_str_t domain, mta_sts_str_t rua, findings_t *findings)
{
    size_t         n, own;
    mta_sts_str_t  uri, rest;

    rest = rua;
    n = own = 0;

    while (rua.len && field_next(&rest, ',', &uri)) {
        n++;
        own += (size_t) reported_is_own(field_trim(uri), domain);
    }

    if (own == 0) {
        return;
    }

    if (own < n) {
        finding_add(findings, TLSRPT_OWN, NULL, "%zu of %zu report addresses "
                    "%s in the domain that the reports are about, whose "
                    "servers may be what is broken; the other%s not", own, n,
                    own == 1 ? "is" : "are", n - own == 1 ? " is" : "s are");
        return;
    }

    finding_add(findings, TLSRPT_OWN, NULL, "all reports go to the domain that "
                "they are about, whose servers may be what is broken; add an "
                "address in another domain");
}


/*
 * Does a failure concern much of what its sender has, by number or by MX?  How
 * many sessions with one MX are good no report says (RFC 8460, 4.4), but one
 * without any good session says that it is none.
 */

static int
reported_is_much(const evidence_t *evidence, const evidence_failure_t *failure)
{
    size_t                     i;
    double                     sessions;
    const evidence_failure_t  *other;

    sessions = 0;

    for (i = 0; i < evidence->n; i++) {
        other = &evidence->failures[i];

        if (other->verified && other->effect == failure->effect
            && other->type == failure->type
            && mta_sts_str_eq(other->signer, failure->signer))
        {
            sessions += (double) other->sessions;
        }
    }

    return failure->sessions == 0 || failure->alone
           || sessions * REPORTED_FEW >= (double) failure->all;
}


static void
reported_failure(const evidence_failure_t *failure, finding_kind_e kind,
    findings_t *findings)
{
    char         buf[EVIDENCE_TEXT];
    const char  *meaning;

    meaning = reports_result(failure->result)->meaning;

    finding_add(findings, kind, NULL, "%s: %s%s%s", reports_type(failure->type),
                evidence_text(failure, buf), meaning ? ": " : "",
                meaning ? meaning : "");
}


/* Those first that concern much, the others as warnings. */

static void
reported_failures(const evidence_t *evidence, result_effect_e effect,
    finding_kind_e kind, findings_t *findings)
{
    int                        few;
    size_t                     i, n, n_much;
    const evidence_failure_t  *failure;

    n = 0;
    n_much = 0;

    for (few = 0; few <= 1; few++) {
        findings->lower = few;

        for (i = 0; i < evidence->n; i++) {
            failure = &evidence->failures[i];

            if (failure->verified && failure->effect == effect
                && reported_is_much(evidence, failure) != few
                && n++ < REPORTED_SHOWN)
            {
                reported_failure(failure, kind, findings);
            }
        }

        n_much = few ? n_much : n;
    }

    findings->lower = n_much <= REPORTED_SHOWN;

    if (n > REPORTED_SHOWN) {
        finding_add(findings, kind, NULL, "and %zu more, see mta-sts reports",
                    n - REPORTED_SHOWN);
    }

    findings->lower = 0;
}


void
reported_findings(const evidence_t *evidence, time_t now, mta_sts_str_t rua,
    findings_t *findings)
{
    if (evidence->status == EVIDENCE_UNKNOWN) {
        finding_add(findings, REPORT_UNKNOWN, NULL, "what senders report is "
                    "not known: %s", evidence->why);
        return;
    }

    reported_failures(evidence, RESULT_REFUSED, REPORT_REFUSED, findings);
    reported_failures(evidence, RESULT_UNPROTECTED, REPORT_UNPROTECTED,
                      findings);
    reported_failures(evidence, RESULT_DANE, REPORT_DANE, findings);
    reported_failures(evidence, RESULT_APART, REPORT_APART, findings);

    if (rua.len == 0 || !evidence->taken
        || evidence->last >= now - REPORTED_WEEK)
    {
        return;
    }

    if (evidence->last == 0) {
        finding_add(findings, REPORT_NONE, NULL, "no report has come, and the "
                    "record asks for them: does mta-sts reports add get what "
                    "is sent to \"%.*s\"?", MTA_STS_SHOW(rua));
        return;
    }

    finding_add(findings, REPORT_NONE, NULL, "the last report ended %lld days "
                "ago: does mta-sts reports add still get what is sent to "
                "\"%.*s\"?", (long long) (now - evidence->last) / REPORTED_DAY,
                MTA_STS_SHOW(rua));
}
