/*
 * The connection to MariaDB, and what its errors mean; internal to the engine.
 */

#ifndef MTA_STS_SOURCE_MYSQL_CONNECTION_H
#define MTA_STS_SOURCE_MYSQL_CONNECTION_H


#include <mysql.h>

#include "columns.h"
#include "mysql_url.h"


typedef struct {
    mysql_url_t               url;
    const source_settings_t  *settings;
    MYSQL                    *conn;            /* or NULL */
    columns_t                 columns;
    int64_t                   back;            /* the next look back; s */

    /* of a query */

    MYSQL_STMT               *stmt;            /* or NULL */
    int64_t                   since;           /* when the server was heard */
    unsigned                  n;               /* columns */
    MYSQL_BIND                binds[COLUMNS];
    unsigned long             lengths[COLUMNS];
    my_bool                   nulls[COLUMNS];
    char                     *texts[COLUMNS];
    size_t                    sizes[COLUMNS];
} mysql_t;


/*
 * Connects.
 *
 * Errors of this and of what follows, after which it is disconnected: what the
 * library or the server says, and what to do; the server has sent nothing.
 */
int mysql_connect_server(mysql_t *my, mta_sts_err_t *err);

void mysql_disconnect(mysql_t *my);

/* Fills err with the error of the statement, or of the connection. */
int mysql_failed(mysql_t *my, mta_sts_err_t *err);

/* Runs a command that gives no rows. */
int mysql_command(mysql_t *my, const char *sql, mta_sts_err_t *err);

/* Seconds, of a clock that is not set. */
int64_t mysql_clock(void);


#endif /* MTA_STS_SOURCE_MYSQL_CONNECTION_H */
