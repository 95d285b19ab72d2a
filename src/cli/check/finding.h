/*
 * What can be found wrong with a domain: one table of kinds, and the list of
 * those that were found.
 */

#ifndef MTA_STS_FINDING_H
#define MTA_STS_FINDING_H


#include "../../core/error.h"


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


#endif /* MTA_STS_FINDING_H */
