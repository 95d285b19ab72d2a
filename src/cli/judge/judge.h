/*
 * What is wrong with a policy domain: facts in, findings out.  Nothing here
 * does I/O, so the same facts always give the same findings.  Memory comes from
 * diag's allocator, so no function fails for lack of it.
 */

#ifndef MTA_STS_JUDGE_JUDGE_H
#define MTA_STS_JUDGE_JUDGE_H


#include "base/base.h"
#include "cli/evidence/evidence.h"
#include "cli/probe/probe.h"
#include "kinds.h"
#include "policy/policy.h"
#include "serve/table.h"


/* In the order in which reports list them, the last first. */

typedef enum {
    FINDING_NOTE = 0,
    FINDING_WARNING,              /* to be repaired before it hurts, or what a
                                     sender rejects that is rare */
    FINDING_UNKNOWN,              /* something could not be looked at, so
                                     nothing is known to be right */
    FINDING_ERROR,                /* a common sender sees no policy, an outdated
                                     one, or does not deliver mail */
    FINDING_SEVERITIES
} finding_severity_e;


/* What of a domain a finding is about. */

typedef enum {
    FINDING_TXT = 0,              /* _mta-sts */
    FINDING_HOST,                 /* the policy host and what it serves */
    FINDING_MAIL,                 /* the mail servers */
    FINDING_TLSRPT,
    FINDING_SUBJECTS
} finding_subject_e;


#define FINDING_ENUM(kind, code, subject, severity, less, section, about)     \
    kind,

typedef enum {
    FINDING_LIST(FINDING_ENUM)
    FINDING_KINDS
} finding_kind_e;


/* An entry of the list: see kinds.h. */

typedef struct {
    const char          *code;
    finding_subject_e    subject;
    finding_severity_e   severity;
    int                  less;
    const char          *section;     /* "8461 3.1": an RFC and its section */
    const char          *about;
} finding_kind_t;


/* Texts are printable ASCII, one line. */

typedef struct {
    finding_kind_e       kind;
    finding_severity_e   severity;
    mta_sts_str_t        where;       /* a name or addresses, or empty */
    mta_sts_str_t        what;
    mta_sts_str_t        text;        /* both */
} finding_t;


/* Zero a list to begin with, and set env, whose memory it takes. */

typedef struct {
    const mta_sts_env_t  *env;
    finding_t            *elts;
    size_t                n;
    size_t                size;
    int                   configured; /* a policy is: for the advice in texts */
    int                   lower;      /* what is added: errors are warnings */
} findings_t;


const finding_kind_t *finding_kind(finding_kind_e kind);

/* Finds a kind by its code; FINDING_KINDS if there is none. */
finding_kind_e finding_find(const char *code);

/* "note", "warning", "unknown" or "error"; of a subject, its heading. */
const char *finding_severity(finding_severity_e severity);
const char *finding_subject(finding_subject_e subject);

/*
 * Adds a finding; where, NULL or a text, is what differs between servers with
 * the same fault.  Bytes that are not printable ASCII become "?".
 */
void finding_add(findings_t *findings, finding_kind_e kind, const char *where,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Is one of this kind in the list? */
int finding_has(const findings_t *findings, finding_kind_e kind);

/*
 * Makes the severities those of a domain in a mode, mta_sts_mode_e or -1, and
 * sorts the list by kind and text.  One finding remains of those that differ
 * only in where.
 */
void finding_settle(findings_t *findings, int mode);

/* The number of findings of a severity. */
size_t finding_count(const findings_t *findings, finding_severity_e severity);


/*
 * The judgement of one domain.
 */


/* A certificate that was seen, for monitoring. */

typedef struct {
    int            smtp;              /* of a mail server */
    int            rsa;               /* its key; otherwise ECDSA */
    mta_sts_str_t  host;
    mta_sts_str_t  address;
    time_t         not_after;
} cert_seen_t;


typedef struct {
    const mta_sts_entry_t  *entry;    /* its policy is NULL where nothing is
                                         configured */
    const facts_t          *facts;
    int                     mode;     /* of the live policy, or -1 */
    int64_t                 max_age;  /* of the live policy; seconds, or -1 */
    int                     preload;  /* the policy is fit for preloading */
    mta_sts_str_t           id;       /* of the live record, or empty */
    findings_t              findings; /* settled */
    cert_seen_t            *certs;
    size_t                  n_certs;
    int                     served;   /* every address of the policy host
                                         serves the configured policy, byte for
                                         byte, in a way that senders accept */
    int                     covered;  /* every MX host matches the configured
                                         policy, or this is not in "enforce"; -1
                                         if the MX records are not known */
    int                     unknown;  /* no lookup had an answer */
    int                     smtp;     /* mail servers were connected to */
    int                     reports;  /* there is a store of reports */
    time_t                  now;      /* the time of the check */
} result_t;


/*
 * Judges facts about the domain of entry.  Everything in result is in env's
 * memory, or in that of facts and entry.
 */
void judge(const facts_t *facts, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env, result_t *result);

/*
 * Was everything looked at that a finding of a kind could be about?  If not, it
 * is not known to be gone where result does not have it.
 */
int result_looked(const result_t *result, finding_kind_e kind);


/*
 * The TXT records of a domain (RFC 8461, 3.1; RFC 8460, 3).
 */


/*
 * Looks for the one STS record in the n records at _mta-sts, and judges its
 * syntax.  Returns its id, a part of its text, which is empty where there is no
 * valid one.
 */
mta_sts_str_t txt_sts(const dns_record_t *records, size_t n,
    findings_t *findings);

/* Is there an STS record in an answer? */
int txt_has_sts(const dns_answer_t *answer);

/*
 * The same as txt_sts() for the TLSRPT record; returns the value of "rua=" as
 * it is in the record.
 */
mta_sts_str_t txt_tlsrpt(const dns_record_t *records, size_t n,
    findings_t *findings);


/*
 * Reports (RFC 8460).
 */


/* Failures count for so long: reports come once a day; seconds. */

#define REPORTED_SINCE  (3 * 86400)

/*
 * Judges where reports about domain go: rua is the value of "rua=".  A host in
 * the domain, with mailto: or https:, is found, and whether all are.
 */
void reported_address(mta_sts_str_t domain, mta_sts_str_t rua,
    findings_t *findings);

/* Judges what was reported since REPORTED_SINCE, by verified reports alone. */
void reported_findings(const evidence_t *evidence, time_t now,
    mta_sts_str_t rua, findings_t *findings);


/*
 * A policy as it was fetched (RFC 8461, 3.2, with erratum 6253).
 */


typedef struct {
    int              valid;           /* by the RFC */
    int              mode;            /* mta_sts_mode_e, or -1 */
    int64_t          max_age;         /* seconds, or -1 */
    mta_sts_str_t   *mx;              /* the valid ones, in lower case */
    size_t           n;
    size_t           size;            /* of mx */
} body_t;


/*
 * Parses text, and adds at most one finding per kind.  A policy that only some
 * senders reject is valid.  The first of two equal keys counts.  mx is in the
 * memory of the findings.
 */
void body_parse(body_t *body, mta_sts_str_t text, findings_t *findings);

/* The same as body_parse() for a rendered policy, which is valid. */
void body_of(body_t *body, const mta_sts_policy_t *policy,
    const mta_sts_env_t *env);


/*
 * The mail servers and the mx patterns of a policy.
 */


/*
 * Compares the MX hosts of facts with a policy that senders follow, in both
 * directions: adds MX_NOT_COVERED for each host that matches no pattern, and
 * MX_STALE for each pattern that matches no host.  Nothing is compared in mode
 * "none", or where the MX records are unknown.
 */
void mx_findings(const facts_t *facts, const body_t *policy,
    findings_t *findings);

/*
 * Would a policy that is not served yet stop mail?  Adds MX_NOT_COVERED_NEXT
 * for each MX host that matches no pattern of it in mode "enforce"; findings
 * may be NULL.  Returns what covered is in result_t.
 *
 * Whoever announces a policy (records --served) runs check_run() with
 * PROBE_POLICY|PROBE_RECORDS, without PROBE_SMTP: no mail server is connected
 * to.  A result may be announced if it is served and covered is 1; if not, the
 * findings of severity FINDING_ERROR say why.
 */
int mx_covered(const facts_t *facts, const body_t *policy,
    findings_t *findings);

/* Judges the MX records and what the mail servers show to a sender. */
void mail_findings(const facts_t *facts, findings_t *findings);


/*
 * What the addresses of the policy host serve to a sender (RFC 8461, 3.3).
 */


/* Is text a policy, with or without faults, and not another document? */
int served_is_policy(mta_sts_str_t text);

/* Is there an answer with a policy, from a server with trusted certificates? */
int served_has_body(const fetch_t *fetch, time_t now);

/* Would a sender that follows the RFC read that policy? */
int served_is_read(const fetch_t *fetch, time_t now);

/* RFC 8461, 3.2: the media type is text/plain, with or without parameters. */
int media_is_plain(const fetch_t *fetch);

/* Judges the media type. */
void media_findings(const fetch_t *fetch, findings_t *findings);

/* Judges one address, but not the contents of a policy. */
void served_findings(const fetch_t *fetch, time_t now, findings_t *findings);

/*
 * Judges the policy of an address against the configured one.  reload: whether
 * it is advised to serve the latter.
 */
void served_differs(const fetch_t *fetch, mta_sts_str_t wanted, int reload,
    findings_t *findings);

/* Would a sender accept the certificate? */
int cert_is_trusted(const cert_t *cert, time_t now);

/*
 * Judges the lookups of a host's addresses.  dns is HOST_DNS or MX_HOST_DNS:
 * the kinds after it, up to that for family, have the same order.
 */
void address_findings(const probe_host_t *host, finding_kind_e dns,
    findings_t *findings);

/* Judges the policy host and each of its addresses by served_findings(). */
void host_findings(const facts_t *facts, findings_t *findings);

/*
 * Judges the certificates that an address has shown, also one of the other
 * kind.  kind is POLICY_CERT_NAME or SMTP_CERT_NAME: the kinds after it have
 * the same order.
 */
void cert_findings(const fetch_t *fetch, time_t now, finding_kind_e kind,
    findings_t *findings);


/*
 * What TXT records and policies have in common: fields between separators.
 */


#define FIELD_NAME_MAX  32            /* of an extension (RFC 8461, 3.1, 3.2) */


/*
 * Takes the next field from *rest, up to a separator or the end.  Returns 0
 * when there is none.  An empty field follows a separator at the end;
 * rest->data is NULL after the last field.
 */
int field_next(mta_sts_str_t *rest, char separator, mta_sts_str_t *field);

/* The field without spaces and tabs at its begin and end. */
mta_sts_str_t field_trim(mta_sts_str_t field);

/* Is it a space or tab?  A letter or digit? */
int field_is_space(char ch);
int field_is_alnum(char ch);

/*
 * Is it the name of an extension: up to FIELD_NAME_MAX letters, digits, "_",
 * "-" and ".", of which the first is a letter or digit?
 */
int field_is_name(mta_sts_str_t name);


#endif /* MTA_STS_JUDGE_JUDGE_H */
