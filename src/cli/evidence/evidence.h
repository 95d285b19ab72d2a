/*
 * The store of TLS reports (RFC 8460): the file reports.sqlite in the state
 * directory, its schema, and what the reports say about a domain, for those who
 * judge or advise.  The program "mta-sts reports" adds to it; others only read.
 *
 * Memory comes from diag, so no allocation fails.
 */

#ifndef MTA_STS_EVIDENCE_EVIDENCE_H
#define MTA_STS_EVIDENCE_EVIDENCE_H


#include "base/base.h"


/* The policy that a sender applied (RFC 8460, 4.1 and 4.4). */

typedef enum {
    REPORTS_STS = 0,
    REPORTS_TLSA,
    REPORTS_NO_POLICY,
    REPORTS_OTHER                 /* an unknown type */
} reports_type_e;

#define REPORTS_TYPES  (REPORTS_OTHER + 1)

/* "sts", "tlsa", "no-policy-found" or "other" */
const char *reports_type(reports_type_e type);


/* What becomes of mail whose session failed. */

typedef enum {
    RESULT_REFUSED = 0,           /* not delivered in enforce; also assumed
                                     for an unknown result */
    RESULT_UNPROTECTED,           /* delivered as without a policy: the sender
                                     could not fetch or use it */
    RESULT_DANE,                  /* not delivered, whatever the policy is */
    RESULT_APART                  /* no policy was applied */
} result_effect_e;


/* A result type (RFC 8460, 4.3). */

typedef struct {
    const char        *name;          /* "other" if it is unknown */
    const char        *meaning;       /* and what to do; or NULL */
    result_effect_e    effect;        /* with a policy of type sts */
} reports_result_t;


/* Finds a result type, in any case; never NULL. */
const reports_result_t *reports_result(mta_sts_str_t name);

/* What a result means for mail, with a policy of a type. */
result_effect_e reports_effect(reports_type_e type, mta_sts_str_t result);


/*
 * The file.  Its schema has a version; another one is refused.
 */

typedef struct store_s  store_t;


/* A sum of SQL that is no error when untrusted numbers overflow. */

#define STORE_SUM(x)  "CAST(total(" x ") AS INTEGER)"


/*
 * Opens the store in dir, or with create makes it.  NULL and err on failure:
 * there is no "FILE"; open() "FILE" failed (ERRNO: TEXT); "FILE" and what
 * sqlite_file_open() says.
 */
store_t *store_open(const char *dir, int create, mta_sts_err_t *err);

void store_close(store_t *store);

/* Is there a file? */
int store_is_there(const char *dir);

/*
 * Runs statements without parameters and rows; begins and ends a transaction.
 * Errors: "FILE" and what SQLite says.
 */
int store_exec(store_t *store, const char *sql, mta_sts_err_t *err);
int store_begin(store_t *store, mta_sts_err_t *err);
int store_commit(store_t *store, mta_sts_err_t *err);

/*
 * Binds and runs a statement: of types, "s" is a slice, "i" an int64_t.  sql
 * must be a constant, since the prepared statement is kept by its address.
 * Returns the id of the last inserted row, or -1.
 */
int64_t store_run(store_t *store, const char *sql, mta_sts_err_t *err,
    const char *types, ...);


/*
 * Calls each for every row of a query, with the texts of its columns, never
 * NULL, which are valid until it returns.  text is ?1 and number ?2; sql must
 * be a constant, as above, and each must not use the store.
 */
typedef void (*store_each_pt)(void *ctx, const char *const *columns);

int store_query(store_t *store, const char *sql, mta_sts_str_t text,
    int64_t number, store_each_pt each, void *ctx, mta_sts_err_t *err);


/*
 * What reports say about a domain.  Sessions of different types are never added
 * up: a sender may list a session that it judged by two policies twice.
 */

typedef enum {
    EVIDENCE_ABSENT = 0,          /* there is no store */
    EVIDENCE_UNKNOWN,             /* it cannot be read */
    EVIDENCE_READ
} evidence_status_e;


typedef struct {
    int64_t              good;
    int64_t              failed;
    int64_t              reports;
} evidence_sessions_t;


/* Sessions that failed for one reason, says one sender. */

typedef struct {
    reports_type_e       type;
    int                  verified;
    result_effect_e      effect;
    mta_sts_str_t        result;      /* a result type, or empty */
    mta_sts_str_t        mx;          /* or empty */
    mta_sts_str_t        organization;
    mta_sts_str_t        signer;      /* of a verified report */
    int64_t              sessions;    /* 0: the number is not given */
    int64_t              last;        /* end of the last such report */
    int                  alone;       /* no report with it has a good session */
    int64_t              all;         /* sessions of this signer, good and
                                         failed, with this type of policy */
} evidence_failure_t;


typedef struct {
    evidence_status_e    status;
    const char          *why;         /* EVIDENCE_UNKNOWN */
    int                  taken;       /* the store has reports, of any domain */
    int64_t              last;        /* end of its last report, or 0 */
    evidence_sessions_t  sessions[REPORTS_TYPES][2];  /* type, verified */
    evidence_failure_t  *failures;    /* verified ones first, of each type the
                                         most frequent first */
    size_t               n;
    size_t               size;
} evidence_t;


typedef struct evidence_reader_s  evidence_reader_t;


/* Opens the store in dir for reading; never NULL.  dir NULL is none. */
evidence_reader_t *evidence_open(const char *dir);

/* Frees it.  Returns 0 and err if the store could not be read. */
int evidence_close(evidence_reader_t *reader, mta_sts_err_t *err);

/*
 * Gives what the reports that ended since a time, in seconds since the epoch,
 * say about a domain; in env's memory, but why is the reader's.
 */
void evidence_read(evidence_reader_t *reader, mta_sts_str_t domain,
    int64_t since, const mta_sts_env_t *env, evidence_t *evidence);

/*
 * Writes a failure and who reported it into buf: "4 of 90 sessions to
 * mx1.example.com failed, certificate-expired, says Sender Ltd, signed by
 * sender.example".  It may have any bytes of the sender.
 */
#define EVIDENCE_TEXT  400
const char *evidence_text(const evidence_failure_t *failure,
    char buf[EVIDENCE_TEXT]);


#endif /* MTA_STS_EVIDENCE_EVIDENCE_H */
