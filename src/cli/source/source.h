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
    mta_sts_str_t   tlsrpt_rua;    /* URIs, separated by white space or commas */
    int             removed;       /* the domain is gone; of changes only */
    unsigned long   number;        /* of the row or line, from 1, for messages */
} source_row_t;


/*
 * What a source reports.  Rows between begin() and end() are all domains that
 * it has, of one moment; other rows are changes, in their order.  If end()
 * does not follow, they are to be ignored.  A row is valid until row() returns.
 * row() returns MTA_STS_OK, or MTA_STS_ERROR with err filled to stop.
 */

typedef struct {
    void          (*begin)(void *ctx);
    int           (*row)(void *ctx, const source_row_t *row,
                         mta_sts_err_t *err);
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
} source_settings_t;


typedef struct source_s  source_t;


/*
 * Makes a source from its URL, without connecting.
 *
 * Errors: unknown source "URL", and which there are; a password in a URL;
 * "--listen" and others that the engine does not have.
 */
source_t *source_open(const char *url, const source_settings_t *settings,
    mta_sts_err_t *err);

/* Frees it, also what is not connected.  NULL is allowed. */
void source_close(source_t *source);

/*
 * Connects if it is not connected, begins to listen, and reads all domains in
 * one snapshot: begin(), the rows, end().  Nothing that is committed later is
 * lost to source_changes().  After an error it is disconnected.
 *
 * Errors: what the engine's library says, without a password.
 */
int source_read(source_t *source, const source_events_t *events,
    mta_sts_err_t *err);

/*
 * Reads what has changed since the last read; the same change may come again.
 * Not for a source without changes: see source_has_changes().
 */
int source_changes(source_t *source, const source_events_t *events,
    mta_sts_err_t *err);

int source_has_changes(const source_t *source);

/* What poll() waits for, or -1 if there is nothing but the time. */
int source_fd(const source_t *source);

/*
 * Reads notices once the fd is readable.  *noticed is 1 if something has changed.
 * Errors: the connection is lost.
 */
int source_notices(source_t *source, int *noticed, mta_sts_err_t *err);

/* Has standard input ended?  Never for a database. */
int source_ended(const source_t *source);

/* "postgresql", "mysql", "sqlite" or "lines". */
const char *source_engine(const source_t *source);


#endif /* MTA_STS_SOURCE_SOURCE_H */
