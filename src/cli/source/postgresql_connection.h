/*
 * The connection to PostgreSQL, and what its errors mean; internal to the
 * engine.
 */

#ifndef MTA_STS_SOURCE_POSTGRESQL_CONNECTION_H
#define MTA_STS_SOURCE_POSTGRESQL_CONNECTION_H


#include <libpq-fe.h>

#include "columns.h"


typedef struct {
    const char               *url;
    const source_settings_t  *settings;
    PGconn                   *conn;         /* or NULL */
    int                       noticed;      /* and not reported yet */
    columns_t                 columns;
} postgresql_t;


/*
 * Connects, and begins to listen.
 *
 * Errors of this and of what follows, after which it is disconnected: what
 * libpq or the server says, and what to do; the server has sent nothing.
 */
int postgresql_connect(postgresql_t *pg, mta_sts_err_t *err);

void postgresql_disconnect(postgresql_t *pg);

/* Fills err after a function of libpq has failed; returns MTA_STS_ERROR. */
int postgresql_lost(postgresql_t *pg, mta_sts_err_t *err);

/* The same for a result that is an error. */
int postgresql_refused(postgresql_t *pg, const PGresult *result,
    mta_sts_err_t *err);

/*
 * The next result; NULL if there is none, or after an error, when pg->conn is
 * NULL, too.
 */
PGresult *postgresql_result(postgresql_t *pg, mta_sts_err_t *err);

/* Runs a command that gives no rows. */
int postgresql_command(postgresql_t *pg, const char *sql, mta_sts_err_t *err);


#endif /* MTA_STS_SOURCE_POSTGRESQL_CONNECTION_H */
