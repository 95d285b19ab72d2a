/*
 * Where live domains come from: rows of a database, or lines on standard input.
 *
 *     postgresql://...       libpq's URI
 *     mysql://...            MariaDB and MySQL
 *     sqlite:FILE
 *     -                      lines on standard input
 *
 * A row is as the source has it: nothing in it is checked here.
 */

#ifndef MTA_STS_SOURCE_SOURCE_H
#define MTA_STS_SOURCE_SOURCE_H


#include "base/base.h"


/* A text is NULL in the source where its data is NULL. */

typedef struct {
    mta_sts_str_t   domain;
    mta_sts_str_t   policy;        /* the name of a policy */
    mta_sts_str_t   mode;
    mta_sts_str_t   mx;            /* patterns, separated by white space or
                                      commas */
    mta_sts_str_t   max_age;
    mta_sts_str_t   tlsrpt_rua;    /* URIs, separated as mx is */
    int             removed;       /* the domain is gone; of changes only */
    unsigned long   number;        /* of the row or line, from 1 */
} source_row_t;


/*
 * What a source reports.  Rows between begin() and end() are all domains that
 * it has, of one moment; other rows are changes, in their order.  If end()
 * does not follow, they are to be ignored: there may be another begin().  A row
 * is valid until row() returns.  row() returns MTA_STS_OK, or MTA_STS_ERROR
 * with err filled to stop.
 *
 * bad() is called instead of row() for what cannot be a row, such as a line of
 * an unknown command, with the reason; row has its number, and its domain if
 * there is one.
 */

typedef struct {
    void          (*begin)(void *ctx);
    int           (*row)(void *ctx, const source_row_t *row,
                         mta_sts_err_t *err);
    void          (*bad)(void *ctx, const source_row_t *row,
                         const mta_sts_err_t *why);
    void          (*end)(void *ctx);
    void           *ctx;
} source_events_t;


typedef struct {
    const char     *query;         /* SQL that selects all domains, or NULL for
                                      the table mta_sts_domains */
    const char     *changes;       /* SQL with one parameter, the cursor, or
                                      NULL */
    const char     *listen;        /* a channel of PostgreSQL, or NULL */
    unsigned        timeout;       /* of connecting and of silence; seconds */
    int           (*stopped)(void);     /* is a wait to end? */
} source_settings_t;


/* A source that is read. */

typedef struct feed_s  feed_t;


/*
 * Makes a source from its URL, without connecting; both must live as long.
 *
 * Errors: unknown source "URL", and which there are; a password in a URL;
 * "--listen" and others that the engine does not have; out of memory.
 */
feed_t *feed_open(const char *url, const source_settings_t *settings,
    mta_sts_err_t *err);

/* Frees it, also what is not connected.  NULL is allowed. */
void feed_close(feed_t *feed);

/*
 * Connects if it is not connected, begins to listen, and reads all domains in
 * one snapshot: begin(), the rows, end().  Nothing that is committed later is
 * lost to feed_changes().  After an error it is disconnected.
 *
 * Lines cannot be asked for: this is feed_changes().
 *
 * Errors: what the engine's library says, without a password.
 */
int feed_read(feed_t *feed, const source_events_t *events,
    mta_sts_err_t *err);

/*
 * Reads what has changed since the last read; the same change may come again.
 * Not for a source without changes: see feed_has_changes().
 *
 * Of lines, those that are there already, not waiting for more; a snapshot may
 * begin in one call and end in another.  It is the last of a call that it ends
 * in, and nothing is before it in the one that it begins in.
 */
int feed_changes(feed_t *feed, const source_events_t *events,
    mta_sts_err_t *err);

int feed_has_changes(const feed_t *feed);

/* What poll() waits for, or -1 if there is nothing but the time. */
int feed_fd(const feed_t *feed);

/* Are there lines that come when they come, instead of queries? */
int feed_is_stream(const feed_t *feed);

/*
 * Reads notices once the fd is readable, and before each wait: one that came
 * with the rows of a query is there already.  *noticed is 1 if something has
 * changed.
 * Errors: the connection is lost.
 */
int feed_notices(feed_t *feed, int *noticed, mta_sts_err_t *err);

/* Are there changes to be read at once, without waiting for the fd? */
int feed_more(const feed_t *feed);

/* Has standard input ended?  Never for a database. */
int feed_ended(const feed_t *feed);

/* "postgresql", "mysql", "sqlite" or "lines". */
const char *feed_engine(const feed_t *feed);

/*
 * Creates the schema of a source that is a file.
 *
 * Errors: those of feed_open(); a source whose schema is made by its own
 * tools; those of the engine.
 */
int feed_init(const char *url, mta_sts_err_t *err);


#endif /* MTA_STS_SOURCE_SOURCE_H */
