/*
 * MariaDB and MySQL.
 *
 * Rows come one by one, from a statement that is prepared so that the cursor is
 * a parameter.  Passwords and TLS come from libmariadb's own files.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "engine.h"
#include "mysql_connection.h"


#define MYSQL_TEXT   1024             /* bytes of a column, to begin with */

/*
 * MariaDB does not show which transactions are running: one that commits
 * within this time after its changes is not lost.  Statements that are long or
 * wait for a lock, and replicas that lag, take longer: now and then, a look
 * goes back by ten minutes.
 */

#define MYSQL_CURSOR  "UTC_TIMESTAMP(6) - INTERVAL 30 SECOND AS `cursor` "

#define MYSQL_QUERY                                                           \
    "SELECT domain, policy, mode, mx, max_age, tlsrpt_rua, "                  \
    MYSQL_CURSOR "FROM mta_sts_domains"

#define MYSQL_CHANGES                                                         \
    "SELECT c.domain, policy, mode, mx, max_age, tlsrpt_rua, "                \
    "d.domain IS NULL AS removed, " MYSQL_CURSOR                              \
    "FROM mta_sts_changes c LEFT JOIN mta_sts_domains d "                     \
    "ON d.domain = c.domain WHERE c.changed >= ?"

#define MYSQL_BACK  MYSQL_CHANGES " - INTERVAL 10 MINUTE"

#define MYSQL_BACK_TIME   10          /* seconds between these */
#define MYSQL_BACK_SHARE  10          /* they take at most 1/10 of the time */


static const char  mysql_default_changes[] = MYSQL_CHANGES;


/* Prepares and runs a query; its parameter, if there is one, is the cursor. */

static int
mysql_execute(mysql_t *my, const char *sql, const char *cursor,
    mta_sts_err_t *err)
{
    MYSQL_BIND     bind;
    unsigned long  length;

    my->stmt = mysql_stmt_init(my->conn);

    if (my->stmt == NULL) {
        return mta_sts_error_memory(err);
    }

    if (mysql_stmt_prepare(my->stmt, sql, (unsigned long) strlen(sql)) != 0) {
        return mysql_failed(my, err);
    }

    if (mysql_stmt_param_count(my->stmt) != (cursor ? 1U : 0U)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "MariaDB: the query has %lu "
                             "parameters \"?\", must have %s",
                             mysql_stmt_param_count(my->stmt),
                             cursor ? "one, the cursor" : "none");
    }

    if (cursor) {
        memset(&bind, 0, sizeof(MYSQL_BIND));

        length = (unsigned long) strlen(cursor);
        bind.buffer_type = MYSQL_TYPE_STRING;
        bind.buffer = (void *) (uintptr_t) cursor;
        bind.buffer_length = length;
        bind.length = &length;

        if (mysql_stmt_bind_param(my->stmt, &bind)) {
            return mysql_failed(my, err);
        }
    }

    return mysql_stmt_execute(my->stmt) == 0 ? MTA_STS_OK
                                             : mysql_failed(my, err);
}


static int
mysql_columns(mysql_t *my, mta_sts_err_t *err)
{
    int           rc;
    unsigned      i;
    MYSQL_RES    *meta;
    MYSQL_FIELD  *fields;

    meta = mysql_stmt_result_metadata(my->stmt);

    if (meta == NULL) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "MariaDB: the query gives "
                             "no rows, must be a SELECT");
    }

    my->n = mysql_num_fields(meta);
    fields = mysql_fetch_fields(meta);
    rc = MTA_STS_OK;

    for (i = 0; i < my->n && rc == MTA_STS_OK; i++) {
        rc = columns_name(&my->columns, (int) i, fields[i].name, err);
    }

    mysql_free_result(meta);

    return rc == MTA_STS_OK ? columns_check(&my->columns, err) : rc;
}


/* Says where the texts of a row go. */

static int
mysql_bind(mysql_t *my, mta_sts_err_t *err)
{
    unsigned  i;

    for (i = 0; i < my->n; i++) {
        if (my->texts[i] == NULL) {
            my->sizes[i] = MYSQL_TEXT;
            my->texts[i] = diag_malloc(MYSQL_TEXT);
        }

        memset(&my->binds[i], 0, sizeof(MYSQL_BIND));

        my->binds[i].buffer_type = MYSQL_TYPE_STRING;
        my->binds[i].buffer = my->texts[i];
        my->binds[i].buffer_length = (unsigned long) my->sizes[i];
        my->binds[i].length = &my->lengths[i];
        my->binds[i].is_null = &my->nulls[i];
    }

    return mysql_stmt_bind_result(my->stmt, my->binds) ? mysql_failed(my, err)
                                                       : MTA_STS_OK;
}


/* Makes room for a text that was cut, and fetches it again. */

static int
mysql_grow(mysql_t *my, mta_sts_err_t *err)
{
    int       grown;
    unsigned  i;

    for (i = 0, grown = 0; i < my->n; i++) {

        if (my->nulls[i] || my->lengths[i] <= my->sizes[i]) {
            continue;
        }

        grown = 1;
        free(my->texts[i]);
        my->sizes[i] = my->lengths[i];
        my->texts[i] = diag_malloc(my->sizes[i]);
        my->binds[i].buffer = my->texts[i];
        my->binds[i].buffer_length = (unsigned long) my->sizes[i];

        if (mysql_stmt_fetch_column(my->stmt, &my->binds[i], i, 0) != 0) {
            return mysql_failed(my, err);
        }
    }

    return grown ? mysql_bind(my, err) : MTA_STS_OK;
}


static int
mysql_row(mysql_t *my, const source_events_t *events, mta_sts_err_t *err)
{
    unsigned       i;
    mta_sts_str_t  values[COLUMNS];

    if (mysql_grow(my, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < my->n; i++) {
        values[i].data = my->nulls[i] ? NULL : my->texts[i];
        values[i].len = my->nulls[i] ? 0 : my->lengths[i];
    }

    return columns_row(&my->columns, values, events, err);
}


static int
mysql_rows(mysql_t *my, const char *sql, const char *cursor,
    const source_events_t *events, mta_sts_err_t *err)
{
    int  rc;

    columns_begin(&my->columns, cursor == NULL);

    if (mysql_execute(my, sql, cursor, err) != MTA_STS_OK
        || mysql_columns(my, err) != MTA_STS_OK
        || mysql_bind(my, err) != MTA_STS_OK)
    {
        mysql_disconnect(my);
        return MTA_STS_ERROR;
    }

    for ( ;; ) {
        my->since = mysql_clock();
        rc = mysql_stmt_fetch(my->stmt);

        if (rc == MYSQL_NO_DATA) {
            break;
        }

        if (rc == 1) {
            return mysql_failed(my, err);
        }

        if (mysql_row(my, events, err) != MTA_STS_OK) {
            mysql_disconnect(my);
            return MTA_STS_ERROR;
        }
    }

    (void) mysql_stmt_close(my->stmt);
    my->stmt = NULL;

    return MTA_STS_OK;
}


static int
mysql_read(void *data, const source_events_t *events, mta_sts_err_t *err)
{
    mysql_t  *my = data;

    if (my->conn == NULL && mysql_connect_server(my, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    events->begin(events->ctx);

    if (mysql_command(my, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ "
                      "ONLY", err) != MTA_STS_OK
        || mysql_rows(my, my->columns.query, NULL, events, err) != MTA_STS_OK
        || mysql_command(my, "COMMIT", err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    columns_end(&my->columns);
    events->end(events->ctx);

    return MTA_STS_OK;
}


static int
mysql_changes(void *data, const source_events_t *events, mta_sts_err_t *err)
{
    int64_t      begin;
    mysql_t     *my = data;
    const char  *cursor, *sql;

    cursor = columns_cursor(&my->columns);

    /* there was no row that could have had one */

    if (my->conn == NULL || cursor == NULL) {
        return mysql_read(data, events, err);
    }

    begin = mysql_clock();
    sql = my->columns.changes == mysql_default_changes && begin >= my->back
          ? MYSQL_BACK : my->columns.changes;

    if (mysql_command(my, "START TRANSACTION READ ONLY", err) != MTA_STS_OK
        || mysql_rows(my, sql, cursor, events, err) != MTA_STS_OK
        || mysql_command(my, "COMMIT", err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (sql != my->columns.changes) {
        my->back = mysql_clock() + MYSQL_BACK_TIME
                   + MYSQL_BACK_SHARE * (mysql_clock() - begin);
    }

    columns_end(&my->columns);

    return MTA_STS_OK;
}


static void
mysql_end(void *data)
{
    size_t    i;
    mysql_t  *my = data;

    mysql_disconnect(my);
    mysql_library_end();

    for (i = 0; i < COLUMNS; i++) {
        free(my->texts[i]);
    }

    columns_free(&my->columns);
    mysql_url_free(&my->url);
    free(my);
}


static void *
mysql_begin(const char *url, const source_settings_t *settings,
    mta_sts_err_t *err)
{
    mysql_t  *my;

    my = diag_calloc(1, sizeof(mysql_t));

    if (mysql_url_parse(&my->url, url, err) != MTA_STS_OK) {
        mysql_url_free(&my->url);
        free(my);
        return NULL;
    }

    my->settings = settings;

    columns_init(&my->columns, settings, MYSQL_QUERY, mysql_default_changes);

    return my;
}


const engine_t  engine_mysql = {
    .name = "mysql",
    .schemes = { "mysql://", "mariadb://" },
    .takes = ENGINE_SQL,
    .open = mysql_begin,
    .close = mysql_end,
    .read = mysql_read,
    .changes = mysql_changes
};
