/*
 * The columns of a query, found by their names: domain, policy, mode, mx,
 * max_age, tlsrpt_rua; removed, of changes; and cursor.  The cursor of the last
 * row that has one is the parameter of the next query for changes.
 */

#ifndef MTA_STS_SOURCE_COLUMNS_H
#define MTA_STS_SOURCE_COLUMNS_H


#include "source.h"


typedef enum {
    COLUMN_DOMAIN,
    COLUMN_POLICY,
    COLUMN_MODE,
    COLUMN_MX,
    COLUMN_MAX_AGE,
    COLUMN_TLSRPT_RUA,
    COLUMN_REMOVED,
    COLUMN_CURSOR,
    COLUMNS
} column_e;


/*
 * One for the life of a source.  Zero one to begin with; columns_begin() begins
 * each query.
 */

typedef struct {
    const char     *query;         /* for all domains */
    const char     *changes;       /* NULL: no cursor is needed */

    int             all;           /* this query reads all domains */
    int             at[COLUMNS];   /* the number of a column from 0, or -1 */
    unsigned long   number;        /* of the last row */
    char           *cursor;        /* of the last row; NUL-terminated */
    size_t          cursor_size;   /* that is allocated */
    int             has_cursor;    /* it is not NULL in the source */
    char           *next;          /* the parameter, or NULL if there is none */
} columns_t;


/* Sets the queries: those of settings, or else these. */
void columns_init(columns_t *columns, const source_settings_t *settings,
    const char *query, const char *changes);

/* all is 1 for the query for all domains, 0 for that for changes. */
void columns_begin(columns_t *columns, int all);

/*
 * Gives the number and the name of a column of the query.
 *
 * Errors: unknown column "NAME", and which there may be; two columns "NAME".
 */
int columns_name(columns_t *columns, int number, const char *name,
    mta_sts_err_t *err);

/*
 * After the last name.
 *
 * Errors: no column "domain"; no column "cursor" where one is needed.
 */
int columns_check(const columns_t *columns, mta_sts_err_t *err);

/*
 * Reports a row.  values has a text for each column of the query, data NULL for
 * NULL.
 *
 * Errors: those of events->row().
 */
int columns_row(columns_t *columns, const mta_sts_str_t *values,
    const source_events_t *events, mta_sts_err_t *err);

/* After the last row: its cursor is the next parameter. */
void columns_end(columns_t *columns);

/* Without a cursor, all domains have to be read again. */
const char *columns_cursor(const columns_t *columns);

/* Forgets the cursor. */
void columns_reset(columns_t *columns);

void columns_free(columns_t *columns);


#endif /* MTA_STS_SOURCE_COLUMNS_H */
