/*
 * TLS reports (RFC 8460): the reader of what senders send by mail or by https,
 * the store, and the summaries.  Everything in a report is untrusted, and real
 * senders take liberties; the bounds below hold for all readers.
 *
 * Memory comes from diag, so no allocation fails.
 */

#ifndef MTA_STS_REPORTS_REPORTS_H
#define MTA_STS_REPORTS_REPORTS_H


#include <stdio.h>

#include "base/base.h"
#include "cli/commands/command.h"
#include "cli/evidence/evidence.h"


#define REPORTS_INPUT_MAX     (16 * 1024 * 1024)  /* bytes, unpacked or not */
#define REPORTS_MAIL_MAX      (24 * 1024 * 1024)  /* bytes, in base64 */
#define REPORTS_LINES_MAX     (1024 * 1024)       /* bytes of a mail, in lines
                                                     that are not base64 */
#define REPORTS_PARTS_MAX     1000    /* lines that begin a part */
#define REPORTS_COMMAS_MAX    1000    /* in a field of a mail */
#define REPORTS_DEPTH_MAX     32      /* of JSON */
#define REPORTS_TREE_MAX      (32 * 1024 * 1024)  /* bytes that JSON takes once
                                                     it is parsed */
#define REPORTS_RATIO_MAX     200     /* unpacked to packed */
#define REPORTS_POLICIES_MAX  100     /* of a report */
#define REPORTS_DETAILS_MAX   100     /* of a policy */
#define REPORTS_SUMS_MAX      3650    /* days that sums are kept */
#define REPORTS_RANGE_MAX     31      /* days that a report is about */
#define REPORTS_TEXT_MAX      255     /* bytes of any text */
#define REPORTS_OTHERS_MAX    10000   /* domains that the configuration covers
                                         and does not name, and as many more if
                                         a verified report does */
#define REPORTS_COUNT_MAX     1000000000000   /* sessions; more are not real */


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
 * Reads the configuration: domains that it serves a policy for are ours.
 * *state, if it is NULL, is set to the directory of mta_sts_state, or stays
 * NULL.  Returns COMMAND_OK, or another exit status after it has said what is
 * wrong.
 */
int reports_ours(const options_t *options, const mta_sts_env_t *env,
    site_t *site, const char **state);

/* Gives the domains that a configuration names, sorted, in env's memory. */
mta_sts_str_t *reports_named(const site_t *site, const mta_sts_env_t *env,
    size_t *n);

/*
 * Sets *state, if it is NULL, to the same directory or else to
 * MTA_STS_STATE_DIR.  Returns the same.
 */
int reports_state(const options_t *options, const mta_sts_env_t *env,
    const char **state);


/*
 * Reads a report from JSON, with those of its policies that are about our
 * domains, or with ours NULL about any, or that name no domain.  Control
 * characters in a text become "?", and a text is cut after REPORTS_TEXT_MAX
 * bytes; policies and details beyond their limits are left out.  The texts are
 * in env's memory.
 *
 * Errors: those of reports_measure_json(); not JSON, and what jansson found;
 * not a TLS report, and what it lacks; the date-range has more than
 * REPORTS_RANGE_MAX days.
 */
int reports_json(mta_sts_str_t text, const site_t *ours,
    const mta_sts_env_t *env, reports_report_t *report, mta_sts_err_t *err);

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
    mta_sts_str_t       signer;       /* the domain of a valid DKIM signature,
                                         in lower case; empty: unverified */
} reports_mail_t;


/*
 * Errors: the mail has more than REPORTS_LINES_MAX bytes in lines that are not
 * base64; more than REPORTS_PARTS_MAX lines that may begin a part; a field with
 * more than REPORTS_COMMAS_MAX commas.
 */
int reports_measure(mta_sts_str_t text, mta_sts_err_t *err);

/*
 * Errors: the JSON has more than REPORTS_INPUT_MAX bytes; it nests deeper than
 * REPORTS_DEPTH_MAX; it would take more than REPORTS_TREE_MAX.
 */
int reports_measure_json(mta_sts_str_t text, mta_sts_err_t *err);

/*
 * Calls each for every report in a mail; what it gets is valid until it
 * returns, its signer in env's memory.  A first line that begins with "From "
 * is not the mail's.  trusted are the authserv-ids (RFC 8601, 2.5) whose
 * Authentication-Results count: only the topmost of such fields is read.  Mails
 * within mails are read up to a depth of 8.
 *
 * Errors: those of reports_measure().
 */
int reports_mail(mta_sts_str_t text, const mta_sts_str_t *trusted, size_t n,
    const mta_sts_env_t *env,
    void (*each)(void *ctx, const reports_mail_t *mail), void *ctx,
    mta_sts_err_t *err);

/*
 * Gives the signing domain (d=) of the first passing DKIM result in the value
 * of an Authentication-Results field whose authserv-id is one of trusted; empty
 * when there is none.  *ours says whether the authserv-id is one of them.
 */
mta_sts_str_t reports_signer(mta_sts_str_t field, const mta_sts_str_t *trusted,
    size_t n, const mta_sts_env_t *env, int *ours);


/*
 * SQL: the day that a report is summed up into, by its last second; and the
 * beginning of the day of ?2, from which on a summary counts: no day counts in
 * part, so that a sum counts like its reports.
 */

#define REPORTS_DAY(ends)  "(" ends " - 1) / 86400 * 86400"
#define REPORTS_SINCE      "(?2 / 86400 * 86400)"


/*
 * Adding to the store.
 */


/* How a report came, and who vouches for it. */

typedef struct {
    mta_sts_str_t       source;       /* "mail", "file" or "https ADDRESS" */
    mta_sts_str_t       signer;       /* as in reports_mail_t */
    int64_t             received;     /* seconds since the epoch */
} reports_origin_t;


typedef enum {
    STORE_NEW = 0,
    STORE_KNOWN                       /* the same digest is there already */
} store_result_e;


/* store_add() and store_refuse() must be within a transaction. */

/*
 * Adds a report.  One that is known counts once; when the known one is
 * unverified and this one is not, it becomes verified.
 */
int store_add(store_t *store, const reports_report_t *report,
    const reports_origin_t *origin, store_result_e *result,
    mta_sts_err_t *err);

/* Counts a report about domains that are not ours, once. */
int store_refuse(store_t *store, const reports_report_t *report,
    mta_sts_err_t *err);

/*
 * Removes the reports that ended before a time, in seconds since the epoch;
 * what remains are sums per domain, type and day of the end, which are removed
 * if they are of days before sums.  The store has the latest "before" in the
 * table "dropped".
 */
int store_drop(store_t *store, int64_t before, int64_t sums,
    mta_sts_err_t *err);


/* Reports that are read and wait for a transaction; zero one to begin with. */

#define REPORTS_BATCH_MAX  256

typedef struct {
    reports_report_t        reports[REPORTS_BATCH_MAX];
    reports_origin_t        origins[REPORTS_BATCH_MAX];
    size_t                  n;
    size_t                  rows;     /* policies and details of all reports */
    char                   *done[REPORTS_BATCH_MAX];  /* files to be removed
                                                         after the commit */
    size_t                  n_done;
    mta_sts_arena_t         arena;
} reports_batch_t;


/* Adding: from files, directories and standard input to the store. */

typedef struct {
    store_t                *store;
    const char             *state;    /* directory, for bad/ of stdin */
    const site_t           *ours;
    const mta_sts_str_t    *trusted;  /* authserv-ids */
    size_t                  n_trusted;
    int64_t                 now;
    int64_t                 since;    /* reports that ended before are old */
    int                     pipe;     /* standard input is one mail, whatever
                                         it begins with */

    size_t                  added;    /* what became of the reports */
    size_t                  known;
    size_t                  refused;
    size_t                  old;
    size_t                  bad;      /* files that are no report */
    size_t                  skipped;  /* files that are not looked at, mails of
                                         a Maildir without a report */
    size_t                  unread;   /* files that cannot be opened or read */

    size_t                  others;   /* domains with reports that ours covers
                                         and does not name, once counted */
    int                     counted;
    int                     full;     /* REPORTS_OTHERS_MAX was reached */

    reports_batch_t         batch;
} reports_adder_t;


/*
 * Adds what is in a file, "-" or directory.  In a directory, files that are
 * named as nginx names those of its spool are removed once they are stored, or
 * moved to bad/ next to a file with the reason; others are only read.
 *
 * Errors: those of the store; bad input of "-" that cannot be kept.  What is
 * wrong with a file is said and counted.
 */
int reports_add(reports_adder_t *adder, const char *name, mta_sts_err_t *err);

/*
 * Puts a copy of a report into the batch, or the path of a file that is to be
 * removed after it.  A full batch is flushed.  A report without policies is
 * refused; so is what REPORTS_OTHERS_MAX leaves out.
 */
int reports_batch(reports_adder_t *adder, const reports_report_t *report,
    const reports_origin_t *origin, mta_sts_err_t *err);
int reports_batch_done(reports_adder_t *adder, const char *path,
    mta_sts_err_t *err);

/* Adds the batch to the store in one transaction, and empties it. */
int reports_flush(reports_adder_t *adder, mta_sts_err_t *err);

/*
 * Removes what is old (see store_drop()), and the sums of domains that ours
 * covers, does not name, and of which no report is left: a sender may have
 * invented them.
 */
int reports_drop(reports_adder_t *adder, mta_sts_err_t *err);

/*
 * Keeps what cannot be read in DIR/bad/NAME, with NAME.reason: from is a file
 * to be moved, or NULL; data is written unless it is empty.  name begins with
 * the time.  Errors: those of the file system; there are too many other files.
 */
int reports_bad(const mta_sts_env_t *env, const char *dir, const char *name,
    const char *from, mta_sts_str_t data, const char *reason,
    mta_sts_err_t *err);

/* DIR/NAMESUFFIX */
mta_sts_str_t reports_path(const mta_sts_env_t *env, const char *dir,
    const char *name, const char *suffix);

/* What is being read; for the files that add. */

typedef struct reports_input_s  reports_input_t;

struct reports_input_s {
    reports_adder_t    *adder;
    mta_sts_env_t       env;
    reports_origin_t    origin;
    int                 posted;       /* JSON or gzip, no mail: its header would
                                         be the sender's */
    int                 single;       /* not an mbox */
    size_t              parts;        /* of mails, that are reports */
    int                 bad;
    mta_sts_err_t       why;          /* of the first bad report */
    int                 none;         /* it is bad since it has no report */
    int                 unread;       /* by an error of read(), which is why */
    int                 failed;
    mta_sts_err_t       err;          /* of the store */

    /*
     * keeps bad input that cannot be read again, or its reason only if data is
     * empty; may be NULL
     */

    int               (*keep)(reports_input_t *input, mta_sts_str_t data);
};


/* Begins with an input, whose memory is in arena. */
void reports_add_begin(reports_input_t *input, reports_adder_t *adder,
    mta_sts_arena_t *arena, int64_t received, mta_sts_str_t source);

/*
 * Adds what the bytes of a file have; says in input whether a report is bad.
 * Errors: those of the store, in input->err.
 */
int reports_add_data(reports_input_t *input, mta_sts_str_t data);

/*
 * The same for all that a file descriptor gives, in bounded memory.  Of an
 * mbox, mails without a report are left out if others have one.
 */
int reports_add_fd(reports_input_t *input, int fd);


/*
 * Names of domains as a person writes them, normalised, sorted, each once.
 * Says what is wrong: no name of a domain; a word without a dot, which is a
 * mistyped command.
 */
int reports_names(const options_list_t *args, const mta_sts_env_t *env,
    mta_sts_str_t **names, size_t *n);


/* The summary of a domain.  Sessions of different types are never added up. */

typedef struct {
    reports_type_e      type;
    int                 verified;
    mta_sts_str_t       name;         /* result type, MX, or organisation */
    mta_sts_str_t       signer;       /* of an organisation */
    mta_sts_str_t       digest;       /* of the organisation's last report */
    int64_t             good;
    int64_t             failed;
    int64_t             reports;
    int64_t             last;         /* time, or the day of a trend */
} summary_row_t;


typedef struct {
    summary_row_t      *elts;
    size_t              n;
    size_t              size;
} summary_rows_t;


typedef struct {
    mta_sts_str_t        domain;      /* empty: not named */
    evidence_sessions_t  sessions[REPORTS_TYPES][2];  /* type, verified */
    evidence_sessions_t  summed[REPORTS_TYPES][2];    /* those of them that are
                                                         only sums */
    summary_rows_t       failures;    /* by type and result */
    summary_rows_t       hosts;       /* by type and MX */
    summary_rows_t       reporters;   /* by type and organisation */
    summary_rows_t       days;        /* by type and day, the oldest first */
    int64_t              last;        /* end of the last report */
    int64_t              last_of[2];  /* of the unverified, of the verified */
} summary_domain_t;


typedef struct {
    summary_domain_t   *domains;
    size_t              n;
    size_t              size;
    int64_t             refused;      /* reports, since the store is there */
    int64_t             now;
    unsigned            days;
    int                 color;        /* out is a terminal */
    const site_t       *ours;         /* or NULL */
    int                 named;        /* only domains that ours names */
} summary_t;


typedef enum {
    SUMMARY_GOOD = 0,
    SUMMARY_NOTE,                     /* a reporter has stopped */
    SUMMARY_WARNING,                  /* unverified failures; no report for a
                                         week */
    SUMMARY_ERROR                     /* verified failures */
} summary_severity_e;


/*
 * Sums up the reports that ended in the last days (UTC), of names and of those
 * domains of the store that a default policy of ours covers, unless named is
 * set; with n 0 and without ours of all domains.  now, days, color, ours and
 * named must be set.
 */
int summary_read(summary_t *summary, store_t *store,
    const mta_sts_str_t *names, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err);

summary_severity_e summary_severity(const summary_t *summary,
    const summary_domain_t *domain);

/*
 * Has a reporter stopped: has its organisation sent nothing for a week, while
 * others go on?
 */
int summary_has_stopped(const summary_t *summary,
    const summary_domain_t *domain, const summary_row_t *reporter);

/* Formats a day of a time as YYYY-MM-DD. */
#define SUMMARY_DAY  sizeof("YYYY-MM-DD")
const char *summary_day(int64_t time, char *buf);


/* The formats.  A write error is for whoever closes out. */

void summary_text(const summary_t *summary, FILE *out);
void summary_json(const summary_t *summary, FILE *out);
void summary_prometheus(const summary_t *summary, FILE *out);
void summary_html(const summary_t *summary, FILE *out);

/* Can a digest begin with it: 4 or more hex digits? */
int reports_is_id(const char *id);

/*
 * Prints the report whose digest begins with id, in any case.
 *
 * Errors: no report "ID"; more than one report begins with "ID"; the store's.
 */
int reports_show(store_t *store, const char *id, FILE *out,
    mta_sts_err_t *err);


#endif /* MTA_STS_REPORTS_REPORTS_H */
