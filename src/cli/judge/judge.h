/*
 * What can be found wrong with a domain: one table of kinds, and the list of
 * those that were found.
 */

#ifndef MTA_STS_JUDGE_JUDGE_H
#define MTA_STS_JUDGE_JUDGE_H


#include "base/base.h"
#include "cli/probe/probe.h"
#include "policy/policy.h"


typedef enum {
    FINDING_NOTE = 0,
    FINDING_WARNING,              /* something to repair before it hurts */
    FINDING_ERROR                 /* senders see no policy, a stale one, or
                                     refuse mail */
} finding_severity_e;


/* What of a domain a finding is about. */

typedef enum {
    FINDING_TXT = 0,              /* _mta-sts */
    FINDING_HOST,                 /* the policy host and what it serves */
    FINDING_MAIL,                 /* the mail servers */
    FINDING_TLSRPT,
    FINDING_SUBJECTS
} finding_subject_e;


/* In the order in which they are told; finding.c has their texts. */

typedef enum {
    TXT_DNS = 0,
    TXT_NONE,
    TXT_VERSION,
    TXT_SEVERAL,
    TXT_ID_MISSING,
    TXT_ID_SYNTAX,
    TXT_SYNTAX,
    TXT_ID_DIFFERS,
    TXT_ID_TWICE,
    TXT_OTHER,
    TXT_STRINGS,
    TXT_EXTENSION,
    TXT_TRAILING_SPACE,
    TXT_SPACE,
    TXT_TTL,

    HOST_DNS,
    HOST_NONE,
    POLICY_NO_ROUTE,
    POLICY_CONNECT,
    POLICY_TIMEOUT,
    POLICY_TLS,
    POLICY_TLS13_ONLY,
    POLICY_CERT_NAME,
    POLICY_CERT_CHAIN,
    POLICY_CERT_EXPIRED,
    POLICY_CERT_NOT_YET,
    POLICY_CERT_EXPIRES,
    POLICY_CLOSED,
    POLICY_REDIRECT,
    POLICY_STATUS,
    POLICY_TYPE,
    POLICY_TYPE_FORM,
    POLICY_ENCODING,
    POLICY_TOO_LARGE,
    POLICY_LARGE,
    POLICY_SLOW,
    POLICY_SYNTAX,
    POLICY_BOM,
    POLICY_BLANK_LINE,
    POLICY_VERSION,
    POLICY_MODE,
    POLICY_MAX_AGE,
    POLICY_MX,
    POLICY_MX_MISSING,
    POLICY_DUPLICATE,
    POLICY_EXTENSION,
    POLICY_NONE_WITHOUT_MX,
    POLICY_MAX_AGE_SHORT,
    POLICY_MX_CASE,
    POLICY_VERSION_NOT_FIRST,
    POLICY_SPACE,
    POLICY_LINE_ENDS,
    POLICY_DIFFERS,
    POLICY_ADDRESSES_DIFFER,

    MX_DNS,
    MX_NONE,
    MX_NULL,
    MX_NOT_COVERED,
    MX_STALE,
    MX_CNAME,
    MX_HOST_DNS,
    MX_HOST_NONE,
    SMTP_NO_ROUTE,
    SMTP_CONNECT,
    SMTP_ANSWER,
    SMTP_STARTTLS,
    SMTP_TLS,
    SMTP_CERT_NAME,
    SMTP_CERT_CHAIN,
    SMTP_CERT_EXPIRED,
    SMTP_CERT_NOT_YET,
    SMTP_CERT_EXPIRES,

    TLSRPT_DNS,
    TLSRPT_NONE,
    TLSRPT_SEVERAL,
    TLSRPT_SYNTAX,
    TLSRPT_DIFFERS,

    FINDING_KINDS
} finding_kind_e;


typedef struct {
    const char          *code;        /* stable */
    finding_subject_e    subject;
    finding_severity_e   severity;
    int                  enforce;     /* one less severe in other modes */
    const char          *section;     /* "8461 3.1": an RFC and its section */
    const char          *about;       /* a line for the reference */
} finding_kind_t;


typedef struct {
    finding_kind_e       kind;
    finding_severity_e   severity;
    mta_sts_str_t        text;        /* printable ASCII, one line */
} finding_t;


/* Zero a list to begin with, and set env, whose memory it takes. */

typedef struct {
    const mta_sts_env_t  *env;
    finding_t            *elts;
    size_t                n;
    size_t                size;
    int                   failed;     /* memory ran out */
} findings_t;


/* The row of the table. */
const finding_kind_t *finding_kind(finding_kind_e kind);

/* "note", "warning" or "error"; of a subject, its heading. */
const char *finding_severity(finding_severity_e severity);
const char *finding_subject(finding_subject_e subject);

/*
 * Adds a finding; bytes of its text that are not printable ASCII become "?".
 * When memory ran out the list has failed.
 */
void finding_add(findings_t *findings, finding_kind_e kind, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Copies those of from to the end of findings. */
void finding_append(findings_t *findings, const findings_t *from);

/* Is one of this kind in the list? */
int finding_has(const findings_t *findings, finding_kind_e kind);

/*
 * Makes the severities those of a domain in mode "enforce", or in another one,
 * and sorts the list by kind and text, each once.
 */
void finding_settle(findings_t *findings, int enforce);

/* How many of the list have a severity. */
size_t finding_count(const findings_t *findings, finding_severity_e severity);


/*
 * The two TXT records, as they are found in the DNS (RFC 8461, 3.1; RFC 8460,
 * 3).
 */


/* A TXT record; its strings are joined. */

typedef struct {
    mta_sts_str_t  text;
    unsigned       strings;
} txt_t;


/*
 * Looks for the one STS record in n TXT records and at its syntax, and adds
 * what is wrong.  Gives its id, a part of its text, which is empty where there
 * is no valid one.
 */
void txt_sts(const txt_t *records, size_t n, findings_t *findings,
    mta_sts_str_t *id);

/*
 * The same for the TLSRPT record; gives what stands behind "rua=", as it
 * stands.
 */
void txt_tlsrpt(const txt_t *records, size_t n, findings_t *findings,
    mta_sts_str_t *rua);


/*
 * A policy as it was fetched: what the RFC says of it (RFC 8461, 3.2, with
 * erratum 6253), and what real senders do.
 */


typedef struct {
    int              valid;           /* by the RFC */
    int              mode;            /* mta_sts_mode_e, or -1 */
    mta_sts_str_t   *mx;              /* the valid ones, in lower case */
    size_t           n;
} body_t;


/*
 * Parses text and adds what is wrong with it, each kind once; valid is told
 * also where there are findings of senders that are stricter.  The first of two
 * equal keys counts.  mx is in env's memory.  Returns MTA_STS_ERROR only when
 * memory ran out.
 */
int body_parse(body_t *body, mta_sts_str_t text, const mta_sts_env_t *env,
    findings_t *findings);

/* Does a host name in lower case match an mx pattern (RFC 8461, 4.1)? */
int body_mx_matches(mta_sts_str_t pattern, mta_sts_str_t host);


/*
 * What one address of a policy host gives to a sender.
 */


/*
 * Adds what is wrong with a transfer that has ended; policy is the configured
 * one, or NULL.  Gives the body where there is one that a sender would read,
 * which is valid as long as fetch; its data is NULL otherwise.
 */
void served_findings(const fetch_t *fetch, const mta_sts_policy_t *policy,
    time_t now, findings_t *findings, mta_sts_str_t *body);

/* Is it worth another try with TLS 1.3? */
int served_wants_tls13(const fetch_t *fetch);


/*
 * Adds what is wrong with a certificate that was seen at an address.  kind is
 * POLICY_CERT_NAME or SMTP_CERT_NAME: the kinds behind it have one order.
 */
void cert_findings(const cert_t *cert, const char *address, time_t now,
    finding_kind_e kind, findings_t *findings);


#endif /* MTA_STS_JUDGE_JUDGE_H */
