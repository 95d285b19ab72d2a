/*
 * TLS reports (RFC 8460): from what senders send, by mail or by https, to
 * values.  Everything in a report is untrusted, and real senders take liberties:
 * shared by all readers is that what is bounded here is bounded everywhere.
 *
 * Memory comes from diag, so no allocation fails.
 */

#ifndef MTA_STS_REPORTS_REPORTS_H
#define MTA_STS_REPORTS_REPORTS_H


#include "base/base.h"


#define REPORTS_INPUT_MAX     (16 * 1024 * 1024)  /* bytes, unpacked or not */
#define REPORTS_RATIO_MAX     200     /* unpacked to packed */
#define REPORTS_POLICIES_MAX  100     /* of a report */
#define REPORTS_DETAILS_MAX   100     /* of a policy */
#define REPORTS_TEXT_MAX      255     /* bytes of any text */
#define REPORTS_COUNT_MAX     1000000000000   /* sessions; more are not real */


/* The policy that a sender applied (RFC 8460, 4.1 and 4.4). */

typedef enum {
    REPORTS_STS = 0,
    REPORTS_TLSA,
    REPORTS_NO_POLICY,
    REPORTS_OTHER                 /* a type that nobody defined */
} reports_type_e;


/* Sessions that failed for one reason (RFC 8460, 4.3 and 4.4). */

typedef struct {
    mta_sts_str_t       result;       /* "certificate-expired", or empty */
    mta_sts_str_t       mx;           /* receiving-mx-hostname, or empty */
    mta_sts_str_t       reason;       /* free text of the sender */
    int64_t             sessions;
} reports_detail_t;


typedef struct {
    reports_type_e      type;
    mta_sts_str_t       domain;       /* in lower case; empty if not named */
    mta_sts_str_t       mode;         /* of the policy-string, or empty */
    int64_t             good;         /* sessions */
    int64_t             failed;       /* sessions */
    reports_detail_t   *details;
    size_t              n_details;
} reports_policy_t;


typedef struct {
    mta_sts_str_t       organization;
    mta_sts_str_t       contact;
    mta_sts_str_t       id;
    int64_t             begin;        /* seconds since the epoch */
    int64_t             end;
    reports_policy_t   *policies;
    size_t              n_policies;
    char                digest[65];   /* SHA-256 of the JSON in one fixed form:
                                         the same report has the same one,
                                         however it came */
} reports_report_t;


/*
 * Reads a report from JSON.  Control characters in a text become "?", and a
 * text is cut after REPORTS_TEXT_MAX bytes; policies and details beyond their
 * limits are left out.  The texts are in env's memory.
 *
 * Errors: not JSON, and what jansson found; not a TLS report, and what it lacks.
 */
int reports_json(mta_sts_str_t text, const mta_sts_env_t *env,
    reports_report_t *report, mta_sts_err_t *err);

/* Is it gzip? */
int reports_is_gzip(mta_sts_str_t data);

/*
 * Unpacks gzip, in env's memory, never more than the limits above allow.
 *
 * Errors: damaged; truncated; more than REPORTS_INPUT_MAX bytes;
 * more than REPORTS_RATIO_MAX times its size.
 */
int reports_unpack(mta_sts_str_t data, const mta_sts_env_t *env,
    mta_sts_str_t *text, mta_sts_err_t *err);


/* A report in a mail, and who vouches for it. */

typedef struct {
    mta_sts_str_t       data;         /* JSON or gzip */
    mta_sts_str_t       signer;       /* the domain of a valid DKIM signature, in
                                         lower case; empty: unverified */
} reports_mail_t;


/*
 * Calls each for every report in a mail, or in an mbox of them.  trusted are the
 * authserv-ids (RFC 8601, 2.5) whose Authentication-Results count: only the
 * topmost of such fields is read.  Mails within mails are read up to a depth of
 * 8.  Returns the number of mails; each returns nothing.
 */
size_t reports_mail(mta_sts_str_t text, const mta_sts_str_t *trusted, size_t n,
    const mta_sts_env_t *env,
    void (*each)(void *ctx, const reports_mail_t *mail), void *ctx);

/*
 * Gives the signing domain (d=) of the first passing DKIM result in the value of
 * an Authentication-Results field whose authserv-id is one of trusted; empty
 * when there is none.  *ours says whether the authserv-id is one of them.
 */
mta_sts_str_t reports_signer(mta_sts_str_t field, const mta_sts_str_t *trusted,
    size_t n, const mta_sts_env_t *env, int *ours);


#endif /* MTA_STS_REPORTS_REPORTS_H */
