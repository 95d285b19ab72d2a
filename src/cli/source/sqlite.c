/*
 * A file of SQLite, which is only read.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/diag/diag.h"
#include "cli/sqlite/sqlite.h"
#include "columns.h"
#include "engine.h"
#include "sqlite_schema.h"


/* There is one writer at a time: the numbers of changes are in their order. */

#define SQLITE_QUERY                                                          \
    "SELECT domain, policy, mode, mx, max_age, tlsrpt_rua, "                  \
    "(SELECT coalesce(max(number), 0) FROM mta_sts_changes) AS cursor "       \
    "FROM mta_sts_domains"

#define SQLITE_CHANGES                                                        \
    "SELECT c.domain, policy, mode, mx, max_age, tlsrpt_rua, "                \
    "d.domain IS NULL AS removed, c.number AS cursor "                        \
    "FROM mta_sts_changes c LEFT JOIN mta_sts_domains d "                     \
    "ON d.domain = c.domain WHERE c.number > ? ORDER BY c.number"

#define SQLITE_LAST                                                           \
    "SELECT coalesce(max(number), 0) < CAST(? AS INTEGER) FROM mta_sts_changes"


static const char  sqlite_default_changes[] = SQLITE_CHANGES;


/* A cursor in the type that it has in the database. */

typedef struct {
    int               type;
    sqlite3_int64     integer;
    double            real;
} sqlite_cursor_t;


typedef struct {
    const char               *name;         /* of the file */
    sqlite_file_t             file;
    const source_settings_t  *settings;
    struct stat               st;           /* of the file that is open */
    columns_t                 columns;
    sqlite_cursor_t           last;         /* that of the last row */
    sqlite_cursor_t           next;         /* the parameter */
} sqlite_t;


/* Fills err with the error of the database, and what to do about it. */

static int
sqlite_failed(sqlite_t *lite, mta_sts_err_t *err)
{
    const char  *text, *advice;

    text = sqlite3_errmsg(lite->file.db);
    advice = "";

    if (strncmp(text, "no such table: mta_sts_", 23) == 0) {
        advice = ": create it with \"mta-sts follow --init sqlite:FILE\" in a "
                 "new file, or name another one with --query and --changes";

    } else if (strncmp(text, "no such column", 14) == 0) {
        advice = ": see the columns that --query and --changes select";

    } else if ((sqlite3_errcode(lite->file.db) & 0xff) == SQLITE_CANTOPEN
               || (sqlite3_errcode(lite->file.db) & 0xff) == SQLITE_READONLY)
    {
        advice = ": in WAL mode, the folder must be writable, too";
    }

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "SQLite: \"%.*s\": %.200s%s",
                         MTA_STS_SHOW(mta_sts_str_from(lite->name)), text,
                         advice);
    sqlite_file_close(&lite->file);

    return MTA_STS_ERROR;
}


static int
sqlite_connect(sqlite_t *lite, mta_sts_err_t *err)
{
    if (stat(lite->name, &lite->st) != 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "stat() \"%.*s\" failed "
                             "(%d: %s)%s",
                             MTA_STS_SHOW(mta_sts_str_from(lite->name)), errno,
                             strerror(errno), errno == ENOENT
                             ? ": create it with \"mta-sts follow --init "
                               "sqlite:FILE\"" : "");
    }

    return sqlite_file_open(&lite->file, lite->name, SQLITE_OPEN_READONLY,
                            (int) lite->settings->timeout * 1000, NULL)
           ? sqlite_failed(lite, err) : MTA_STS_OK;
}


/*
 * Is another file in its place?  The one that is open never changes again, and
 * the cursor says nothing about the other.
 */

static int
sqlite_is_replaced(const sqlite_t *lite)
{
    struct stat  st;

    return stat(lite->name, &st) != 0 || st.st_dev != lite->st.st_dev
           || st.st_ino != lite->st.st_ino;
}


static int
sqlite_columns(sqlite_t *lite, sqlite3_stmt *stmt, mta_sts_err_t *err)
{
    int  i, n;

    n = sqlite3_column_count(stmt);

    for (i = 0; i < n; i++) {
        if (columns_name(&lite->columns, i, sqlite3_column_name(stmt, i), err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return columns_check(&lite->columns, err);
}


static void
sqlite_save_cursor(sqlite_t *lite, sqlite3_stmt *stmt)
{
    int  at;

    at = lite->columns.at[COLUMN_CURSOR];

    if (at == -1 || sqlite3_column_type(stmt, at) == SQLITE_NULL) {
        return;
    }

    lite->last.type = sqlite3_column_type(stmt, at);
    lite->last.integer = sqlite3_column_int64(stmt, at);
    lite->last.real = sqlite3_column_double(stmt, at);
}


static void
sqlite_bind_cursor(const sqlite_t *lite, sqlite3_stmt *stmt,
    const char *cursor)
{
    switch (lite->next.type) {

    case SQLITE_INTEGER:
        (void) sqlite3_bind_int64(stmt, 1, lite->next.integer);
        return;

    case SQLITE_FLOAT:
        (void) sqlite3_bind_double(stmt, 1, lite->next.real);
        return;

    default:
        (void) sqlite3_bind_text(stmt, 1, cursor, -1, SQLITE_STATIC);
    }
}


static int
sqlite_row(sqlite_t *lite, sqlite3_stmt *stmt, const source_events_t *events,
    mta_sts_err_t *err)
{
    int            i;
    mta_sts_str_t  values[COLUMNS];

    sqlite_save_cursor(lite, stmt);

    for (i = 0; i < sqlite3_column_count(stmt); i++) {
        values[i] = sqlite_text(stmt, i);

        if (values[i].data == NULL
            && sqlite3_column_type(stmt, i) != SQLITE_NULL)
        {

            /* an empty BLOB, or no memory */

            if (sqlite3_errcode(lite->file.db) == SQLITE_NOMEM) {
                return mta_sts_error_memory(err);
            }

            values[i].data = "";
        }
    }

    return columns_row(&lite->columns, values, events, err);
}


/* Runs a prepared statement; its parameter, if there is one, is the cursor. */

static int
sqlite_run(sqlite_t *lite, sqlite3_stmt *stmt, const char *cursor,
    const source_events_t *events, mta_sts_err_t *err)
{
    int  rc, n;

    n = sqlite3_bind_parameter_count(stmt);

    if (n != (cursor ? 1 : 0)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "SQLite: the query has %d "
                             "parameters \"?\", must have %s", n,
                             cursor ? "one, the cursor" : "none");
    }

    if (sqlite3_column_count(stmt) == 0 || !sqlite3_stmt_readonly(stmt)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "SQLite: the query must be "
                             "a SELECT");
    }

    if (cursor) {
        sqlite_bind_cursor(lite, stmt, cursor);
    }

    /* the first step prepares it anew, if the columns of "*" have changed */

    rc = sqlite3_step(stmt);

    if ((rc == SQLITE_ROW || rc == SQLITE_DONE)
        && sqlite_columns(lite, stmt, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for ( /* void */ ; rc == SQLITE_ROW; rc = sqlite3_step(stmt)) {
        if (sqlite_row(lite, stmt, events, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return rc == SQLITE_DONE ? MTA_STS_OK : sqlite_failed(lite, err);
}


static int
sqlite_rows(sqlite_t *lite, const char *sql, const char *cursor,
    const source_events_t *events, mta_sts_err_t *err)
{
    int            rc;
    const char    *rest;
    sqlite3_stmt  *stmt;

    columns_begin(&lite->columns, cursor == NULL);

    if (sqlite3_prepare_v2(lite->file.db, sql, -1, &stmt, &rest)
        != SQLITE_OK)
    {
        return sqlite_failed(lite, err);
    }

    if (rest[strspn(rest, " \t\r\n;")] != '\0') {
        rc = mta_sts_error(err, MTA_STS_NOWHERE, "SQLite: the query must be "
                           "one statement");
    } else {
        rc = sqlite_run(lite, stmt, cursor, events, err);
    }

    (void) sqlite3_finalize(stmt);

    if (rc != MTA_STS_OK) {
        sqlite_file_close(&lite->file);
    }

    return rc;
}


static int
sqlite_read(void *data, const source_events_t *events, mta_sts_err_t *err)
{
    sqlite_t  *lite = data;

    if (lite->file.db && sqlite_is_replaced(lite)) {
        sqlite_file_close(&lite->file);
    }

    if (lite->file.db == NULL && sqlite_connect(lite, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    events->begin(events->ctx);

    if (sqlite_rows(lite, lite->columns.query, NULL, events, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    columns_end(&lite->columns);
    lite->next = lite->last;
    events->end(events->ctx);

    return MTA_STS_OK;
}


/*
 * Have the numbers of changes gone back, as after ".restore"?  The cursor says
 * nothing then.
 */

static int
sqlite_went_back(sqlite_t *lite, const char *cursor)
{
    int            back;
    sqlite3_stmt  *stmt;

    if (lite->columns.changes != sqlite_default_changes
        || sqlite3_prepare_v2(lite->file.db, SQLITE_LAST, -1, &stmt, NULL)
           != SQLITE_OK)
    {
        return 0;
    }

    sqlite_bind_cursor(lite, stmt, cursor);

    back = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0);

    (void) sqlite3_finalize(stmt);

    return back;
}


static int
sqlite_changes(void *data, const source_events_t *events, mta_sts_err_t *err)
{
    sqlite_t    *lite = data;
    const char  *cursor;

    cursor = columns_cursor(&lite->columns);

    if (lite->file.db == NULL || cursor == NULL || sqlite_is_replaced(lite)
        || sqlite_went_back(lite, cursor))
    {
        return sqlite_read(data, events, err);
    }

    if (sqlite_rows(lite, lite->columns.changes, cursor, events, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    columns_end(&lite->columns);
    lite->next = lite->last;

    return MTA_STS_OK;
}


static void *
sqlite_open(const char *url, const source_settings_t *settings,
    mta_sts_err_t *err)
{
    sqlite_t    *lite;
    const char  *file;

    file = sqlite_url_file(url, err);

    if (file == NULL) {
        return NULL;
    }

    lite = diag_calloc(1, sizeof(sqlite_t));

    lite->name = file;
    lite->settings = settings;

    columns_init(&lite->columns, settings, SQLITE_QUERY,
                 sqlite_default_changes);

    return lite;
}


static void
sqlite_close(void *data)
{
    sqlite_t  *lite = data;

    sqlite_file_close(&lite->file);
    columns_free(&lite->columns);
    free(lite);
}


const engine_t  engine_sqlite = {
    .name = "sqlite",
    .schemes = { "sqlite:" },
    .takes = ENGINE_SQL,
    .open = sqlite_open,
    .close = sqlite_close,
    .read = sqlite_read,
    .changes = sqlite_changes,
    .init = sqlite_schema_create
};
