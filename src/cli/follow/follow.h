/*
 * Keeping a table equal to a source.
 *
 *     source -> rows -> draft -> candidate -> TABLE, TABLE.changes
 *
 * The table, with its changes, is the memory of the last good policy of each
 * domain; what else must outlive a restart is next to it, in TABLE.follow.
 */

#ifndef MTA_STS_FOLLOW_FOLLOW_H
#define MTA_STS_FOLLOW_FOLLOW_H


#include <stdio.h>
#include <sys/types.h>

#include "cli/source/source.h"
#include "cli/state/state.h"
#include "cli/table/table.h"
#include "domains/domains.h"
#include "replica.h"


/* Times are in seconds. */

typedef struct {
    const char         *url;
    const char         *table;
    const char         *policies;     /* a domains file, or NULL */
    const char         *state;        /* a directory, or NULL */
    const char         *exec;         /* a command, or NULL */
    const char         *metrics;      /* a file, or NULL */
    unsigned            every;        /* between looks for changes */
    unsigned            full;         /* between reads of everything */
    unsigned            grace;        /* until a domain that left is "none" */
    int                 allow;        /* any number of removals, once */
    int                 once;
    source_settings_t   source;
} follow_settings_t;


/*
 * What else is remembered, in the SQLite file TABLE.follow: the domains that
 * leave, ids that must not come back, and the domains that wait for --exec.
 * After an error all is ignored up to memo_commit() or memo_check(), which
 * report it.
 */


typedef struct memo_s  memo_t;

typedef struct {
    int64_t        since;             /* when it left */
    int64_t        none;              /* when it became none, or 0 */
    char           id[MTA_STS_ID_LEN + 1];        /* of the none, or empty */
    char           was[MTA_STS_ID_LEN + 1];       /* of the enforce policy that
                                                     it had before, or empty */
} leaving_t;


/* Errors: "FILE" and what sqlite_file_open() says. */
memo_t *memo_open(const char *file, mta_sts_err_t *err);
void memo_close(memo_t *memo);

void memo_begin(memo_t *memo);

/* Errors: the first one since memo_begin(), after which nothing is changed. */
int memo_commit(memo_t *memo, mta_sts_err_t *err);

/* Will memo_commit() or memo_check() report an error? */
int memo_failed(const memo_t *memo);

/* The first error of what was done outside of a transaction; it ends. */
int memo_check(memo_t *memo, mta_sts_err_t *err);

int memo_leaving(memo_t *memo, mta_sts_str_t domain, leaving_t *leaving);
void memo_put_leaving(memo_t *memo, mta_sts_str_t domain,
    const leaving_t *leaving);
void memo_delete_leaving(memo_t *memo, mta_sts_str_t domain);

int64_t memo_count_leaving(memo_t *memo);

/* What happened later than now happened now: the clock was wrong. */
void memo_clock(memo_t *memo, int64_t now);

/* All that leave have left so many seconds later. */
void memo_shift(memo_t *memo, int64_t seconds);

/* The enforce policy from which a domain stepped down last. */
void memo_put_down(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id);
int memo_down(memo_t *memo, mta_sts_str_t domain, char id[MTA_STS_ID_LEN + 1]);
void memo_delete_down(memo_t *memo, mta_sts_str_t domain);

/* When any number of removals was allowed last, or 0. */
void memo_put_allowed(memo_t *memo, int64_t time);
int64_t memo_allowed(memo_t *memo);

/* An id that was served for a domain is not to come back (rule 6). */
void memo_put_spent(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id);
int memo_is_spent(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id);

/* Adds all domains that are leaving or have spent ids to a builder. */
int memo_known(memo_t *memo, mta_sts_table_builder_t *known,
    mta_sts_err_t *err);

/* Calls each for each domain that leaves, in the order of their names. */
void memo_each_leaving(memo_t *memo,
    void (*each)(void *ctx, mta_sts_str_t domain, const leaving_t *leaving),
    void *ctx);

/* A domain that waits for --exec. */
void memo_put_pending(memo_t *memo, mta_sts_str_t domain);
int64_t memo_count_pending(memo_t *memo);

/* The serial of the one that was added last; they grow. */
int64_t memo_last_pending(memo_t *memo);

/*
 * Writes those after a serial to a file, one per line; returns the last of
 * their serials.
 */
int64_t memo_write_pending(memo_t *memo, int64_t after, FILE *out);

/* Forgets those after a serial that were not added again since another one. */
void memo_delete_pending(memo_t *memo, int64_t after, int64_t serial);


/*
 * From rows to policies.
 */


#define ROWS_CACHED  1024

typedef struct {
    mta_sts_str_t  key;               /* all texts of a row but the domain */
    size_t         size;              /* of its memory */
    uint32_t       index;             /* of the policy, in the pool */
} rows_cached_t;

typedef struct {
    const char          *file;        /* -d, or NULL */
    mta_sts_policies_t  *policies;
    mta_sts_arena_t      arena;       /* of these */
    mta_sts_domains_t    defaults;    /* the default policy */
    mta_sts_arena_t      scratched;   /* for one row */
    rows_cached_t        cached[ROWS_CACHED];
} rows_t;


/*
 * Reads the file of policies (again).  Errors are those of
 * mta_sts_policies_open() and mta_sts_file_read(); what was read before stays
 * then.
 */
int rows_open(rows_t *rows, mta_sts_err_t *err);
void rows_close(rows_t *rows);

/* Forgets the indexes of a pool. */
void rows_forget(rows_t *rows);

/* Without the white space around it. */
mta_sts_str_t rows_trim(mta_sts_str_t text);

/* The domain of a row, normalised; valid until the next row. */
int rows_domain(rows_t *rows, const source_row_t *row, mta_sts_str_t *domain,
    mta_sts_err_t *err);

/*
 * Adds the policy of a row to a pool; with max_age, not 0, instead of its own,
 * and then with that name.
 *
 * Errors: those of mta_sts_settings_set(), mta_sts_policies_render() and
 * mta_sts_intern_policy(); a row without a policy.
 */
int rows_policy(rows_t *rows, const source_row_t *row, uint32_t max_age,
    mta_sts_str_t name, mta_sts_intern_t *pool, uint32_t *index,
    mta_sts_err_t *err);


/*
 * Messages of a kind, of which there may be millions: some per minute are
 * logged, the others are counted.
 */

typedef enum {
    FOLLOW_SAY_BAD = 0,
    FOLLOW_SAY_DOWN,
    FOLLOW_SAY_LEAVING,
    FOLLOW_SAY_REFUSED,
    FOLLOW_SAYS
} follow_say_e;

typedef struct {
    int64_t        since;
    unsigned       n;
    unsigned       more;
} follow_said_t;


/* What the metrics and the status line show. */

typedef struct {
    int64_t        success;           /* the table was equal to the source */
    int64_t        full;              /* ... by reading all of it */
    int64_t        written;
    int64_t        down;              /* the source is, since; or 0 */
    uint64_t       reads;             /* of everything */
    uint64_t       looks;             /* for changes */
    uint64_t       rows;
    uint64_t       bad;
    uint64_t       bad_last;          /* of the last full read */
    uint64_t       removals;          /* domains that left */
    uint64_t       dropped;
    uint64_t       downs;             /* steps down */
    uint64_t       refused;           /* many removals, damaged table */
    int            refusing;          /* no read of everything since */
    uint64_t       errors;            /* of the source */
    uint64_t       write_errors;
    uint64_t       writes;            /* of the whole table */
    uint64_t       writes_changes;
    uint64_t       exec_failures;
    int64_t        leaving;
    int64_t        pending;           /* for --exec */
} follow_stats_t;


/* A row that is a change. */

typedef struct {
    mta_sts_str_t  domain;            /* empty: does not count any more */
    uint32_t       index;             /* or MTA_STS_TABLE_REMOVED */
    int            bad;               /* the row: the policy stays */
    unsigned long  number;
} draft_change_t;


/*
 * What was read and is not in the table yet: a snapshot, or changes; in memory
 * that ends with it.
 */

typedef enum {
    DRAFT_CHANGES = 0,
    DRAFT_BEGUN,                      /* a snapshot, of which rows follow */
    DRAFT_COMPLETE,
    DRAFT_BUILT                       /* it is a table */
} draft_snapshot_e;

typedef struct {
    mta_sts_arena_t           arena;
    mta_sts_env_t             env;
    draft_snapshot_e          snapshot;
    mta_sts_table_builder_t   rows;         /* of a snapshot; all policies */
    mta_sts_intern_t          pool;         /* of these */
    mta_sts_table_builder_t   known;        /* domains with a memory */
    mta_sts_domains_t         domains;      /* the table */
    draft_change_t           *changes;
    size_t                    n_changes;
    size_t                    size;
    uint64_t                  n_bad;
    int                       again;        /* after a SIGHUP: the default
                                               policy may be another one */
    int                       ask;          /* for all rows */
    int                       noted;        /* a try to write it failed */
    int                       failed;       /* err is why */
    mta_sts_err_t             err;
} draft_t;


typedef struct {
    const follow_settings_t  *settings;
    mta_sts_str_t             place;        /* of what the source has */
    feed_t                   *feed;
    replica_t                 replica;
    memo_t                   *memo;
    rows_t                    rows;
    draft_t                   draft;
    state_t                  *state;        /* while rows are read, or NULL */
    follow_stats_t            stats;
    follow_said_t             said[FOLLOW_SAYS];
    int64_t                   boot;         /* when the system booted, as the
                                               clock has it; 0: not known */
    int                       allow;        /* removals, in the next read */
    pid_t                     child;        /* of --exec, or 0 */
    int64_t                   serial;       /* of the last domain that it got */
    int64_t                   exec_next;    /* by follow_clock() */
    unsigned                  exec_wait;    /* seconds */
    int64_t                   exec_after;   /* it got those after this serial */
    int64_t                   exec_failed;  /* those up to this one failed */
    int                       metrics_failed;
    int                       lost;         /* lines, by an error of memo */
    mta_sts_str_t             swept;        /* the last domain, if there are
                                               more; or empty */
    char                      swept_buf[MTA_STS_NAME_MAX];
} follow_t;


/* "mta-sts: text", at most some per minute and kind. */
void follow_say(follow_t *follow, follow_say_e kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Says how many were left out, when their minute is over, or now. */
void follow_say_more(follow_t *follow, int now);

/* Seconds since the epoch; and milliseconds of a clock that is not set. */
int64_t follow_time(void);
int64_t follow_uptime(void);
int64_t follow_clock(void);

/* Runs until a signal ends it, or once; returns an exit status. */
int follow_run(follow_t *follow);

/*
 * Handles SIGTERM, SIGINT, SIGHUP and SIGCHLD from now on.  Errors: pipe()
 * failed.
 */
int signals_init(mta_sts_err_t *err);

/* Is readable after a signal. */
int signals_fd(void);

/* Reads it; returns 1 after a SIGHUP. */
int signals_hang_up(void);

/* Has a signal asked to end? */
int follow_stopped(void);


/* What a source calls, see source.h; ctx is a follow_t. */
void draft_events(follow_t *follow, source_events_t *events);

void draft_init(draft_t *draft);
void draft_reset(follow_t *follow);

/*
 * Makes changes of all domains whose policy has a name, for a source that
 * cannot be asked for them, when the policies were read again.  The draft is
 * ready then, if only for the default policy.
 */
int draft_again(follow_t *follow, mta_sts_err_t *err);

/* Is there something to write, a snapshot or changes? */
int draft_is_ready(const draft_t *draft);

/*
 * Writes what was read to the table.  After an error it stays, and is to be
 * tried again; nothing is to be read before.  *refused is 1 if too much would
 * have been removed: of a snapshot all is ignored then, of changes the
 * removals.
 */
int apply_draft(follow_t *follow, int *refused, mta_sts_err_t *err);

/*
 * The same for changes, without a snapshot.  Those of a table that is damaged
 * are all refused: nginx would lose its other domains.
 */
int change_draft(follow_t *follow, int *refused, mta_sts_err_t *err);

/*
 * Writes the domains of a pool's builder as changes, in front of those that are
 * there already; all are merged if there are too many.
 */
int apply_changes(follow_t *follow, mta_sts_intern_t *pool, mta_sts_err_t *err);

/* Notes that the default policy becomes weaker, or is removed. */
void apply_note_default(follow_t *follow);

/* Writes what is mapped again, if the files are others. */
int apply_again(follow_t *follow, mta_sts_err_t *err);

/*
 * Notes that the entry of a domain becomes another; either may be NULL.  In a
 * transaction of memo.
 */
void apply_note(follow_t *follow, const mta_sts_entry_t *old,
    const mta_sts_entry_t *new, unsigned long number);


/*
 * May removed domains leave the source, besides those that have left already?
 * alone is 1 if nothing else is known to be in it.  rows are those of a
 * snapshot, or NULL.  Says why not.
 */
int leaving_allowed(follow_t *follow, uint64_t removed, int alone,
    const mta_sts_table_builder_t *rows);

/* Counts and says that the table is damaged, so that all is refused. */
void leaving_unknown(follow_t *follow);

/* After --allow-removals: those that left do not count for later ones. */
void leaving_were_allowed(follow_t *follow);

/*
 * The index of the policy of a row, under rule 6: if its bytes were served
 * before, with another max_age.  That is only so for a domain with a memory.
 *
 * Errors: those of rows_policy().
 */
int leaving_policy(follow_t *follow, mta_sts_str_t domain,
    const source_row_t *row, uint32_t *index, mta_sts_err_t *err);

/* After rows were read: lets go of the state, which others write to. */
void leaving_rest(follow_t *follow);

/* Notes which domains of rows came back; in a transaction of memo. */
void leaving_returned(follow_t *follow, const mta_sts_table_builder_t *rows);

/* The same for one domain. */
void leaving_return(follow_t *follow, mta_sts_str_t domain);

/* The clock may have been set: what waits does not wait less for that. */
void leaving_clock(follow_t *follow);

/* Notes that a domain is not in the source; in a transaction of memo. */
void leaving_left(follow_t *follow, mta_sts_str_t domain);

/*
 * Makes "none" of those whose time of grace is over, and drops those whose
 * senders are free.  If the source was not read right before, which fresh says,
 * it only looks; *stale is 1 if there is something to do.
 */
int leaving_sweep(follow_t *follow, int fresh, int *stale, mta_sts_err_t *err);

/* Are the senders of a domain free that is served as none (rules 3 and 14)? */
int leaving_is_free(state_t *state, mta_sts_str_t domain,
    const leaving_t *leaving, int64_t now);


/* Starts the command of --exec, if domains wait for it. */
void exec_start(follow_t *follow);

/* Looks whether it has ended. */
void exec_reap(follow_t *follow);

/* Ends it, without waiting. */
void exec_stop(follow_t *follow);


/* Writes the metrics, or says once why not. */
void metrics_write(follow_t *follow);

/* One line about the source and the table. */
void metrics_status(const follow_t *follow, char *line, size_t size);


/* Notifies systemd, if it asks for that, of "READY=1" and such. */
void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Half of the time of systemd's watchdog, or 0; milliseconds. */
int64_t notify_watchdog(void);


#endif /* MTA_STS_FOLLOW_FOLLOW_H */
