/*
 * Opening a file, its schema, and its statements.
 */

#include <stdio.h>

#include "sqlite.h"


#define SQLITE_AGAIN  10              /* ms */


const char  sqlite_foreign[] = "it is a database of something else";


int
sqlite_exec(sqlite_file_t *file, const char *sql)
{
    return sqlite3_exec(file->db, sql, NULL, NULL, NULL);
}


/*
 * SQLite does not wait in this statement for another process that does the
 * same.  What fails otherwise is left to what comes next.
 */

static void
sqlite_wal(sqlite_file_t *file, int ms)
{
    for ( /* void */ ; ms > 0; ms -= SQLITE_AGAIN) {
        if (sqlite_exec(file, "PRAGMA journal_mode = WAL") != SQLITE_BUSY) {
            return;
        }

        (void) sqlite3_sleep(SQLITE_AGAIN);
    }
}


/* Gives the version of a file; returns NULL, or why it cannot be used. */

static const char *
sqlite_version(sqlite_file_t *file, const sqlite_schema_t *schema,
    size_t newest, size_t *version)
{
    int            id, tables;
    sqlite3_stmt  *stmt;

    stmt = sqlite_statement(file, "SELECT user_version, application_id,"
                            " (SELECT count(*) FROM sqlite_master)"
                            " FROM pragma_user_version, pragma_application_id",
                            "");

    if (sqlite3_step(stmt) != SQLITE_ROW) {
        (void) sqlite3_reset(stmt);
        return sqlite3_errmsg(file->db);
    }

    *version = (size_t) sqlite3_column_int64(stmt, 0);
    id = sqlite3_column_int(stmt, 1);
    tables = sqlite3_column_int(stmt, 2);

    (void) sqlite3_reset(stmt);

    if (id && id == schema->id && *version == 0) {
        *version = 1;                 /* it was not always written */
    }

    if ((id != schema->id || *version == 0) && (id || *version || tables)) {
        return sqlite_foreign;
    }

    return *version > newest ? "it was written by a newer version of mta-sts"
                             : NULL;
}


static const char *
sqlite_upgrade(sqlite_file_t *file, int create, int ms,
    const sqlite_schema_t *schema)
{
    int          rc;
    char         sql[100];
    size_t       newest, version;
    const char  *why;

    for (newest = 0; schema->versions[newest]; newest++) { /* void */ }

    why = sqlite_version(file, schema, newest, &version);

    if (why == NULL && create) {
        sqlite_wal(file, ms);
    }

    if (why || version == newest) {
        return why;
    }

    if (!create) {
        return version ? "it was written by an older version of mta-sts"
                       : "it is empty";
    }

    rc = sqlite_exec(file, "BEGIN IMMEDIATE");

    if (rc == SQLITE_OK) {
        why = sqlite_version(file, schema, newest, &version);

        if (why) {
            return why;
        }
    }

    while (rc == SQLITE_OK && version < newest) {
        rc = sqlite_exec(file, schema->versions[version++]);
    }

    if (rc == SQLITE_OK) {
        (void) snprintf(sql, sizeof(sql), "PRAGMA user_version = %zu; "
                        "PRAGMA application_id = %d; COMMIT", newest,
                        schema->id);
        rc = sqlite_exec(file, sql);
    }

    return rc == SQLITE_OK ? NULL : sqlite3_errmsg(file->db);
}


const char *
sqlite_file_open(sqlite_file_t *file, const char *name, int flags, int ms,
    const sqlite_schema_t *schema)
{
    const char  *why;

    if (sqlite3_open_v2(name, &file->db, flags, NULL) != SQLITE_OK) {
        return sqlite3_errmsg(file->db);
    }

    (void) sqlite3_busy_timeout(file->db, ms);

    if (schema == NULL) {
        return NULL;
    }

    why = sqlite_upgrade(file, flags & SQLITE_OPEN_CREATE, ms, schema);

    if (why == NULL && schema->always
        && sqlite_exec(file, schema->always) != SQLITE_OK)
    {
        why = sqlite3_errmsg(file->db);
    }

    return why;
}


void
sqlite_file_close(sqlite_file_t *file)
{
    size_t  i;

    for (i = 0; i < SQLITE_KEPT; i++) {
        (void) sqlite3_finalize(file->kept[i].stmt);
    }

    (void) sqlite3_close_v2(file->db);

    memset(file, 0, sizeof(sqlite_file_t));
}


sqlite3_stmt *
sqlite_statement(sqlite_file_t *file, const char *sql, const char *types, ...)
{
    va_list        args;
    sqlite3_stmt  *stmt;

    va_start(args, types);
    stmt = sqlite_statement_args(file, sql, types, args);
    va_end(args);

    return stmt;
}


sqlite3_stmt *
sqlite_statement_args(sqlite_file_t *file, const char *sql, const char *types,
    va_list args)
{
    int             n;
    size_t          i;
    sqlite3_stmt   *stmt;
    mta_sts_str_t   text;

    for (i = 0; i < SQLITE_KEPT - 1 && file->kept[i].sql; i++) {
        if (file->kept[i].sql == sql) {
            break;
        }
    }

    stmt = file->kept[i].stmt;

    /* the last place is for those that come when all others are taken */

    if (file->kept[i].sql != sql) {
        (void) sqlite3_finalize(stmt);

        file->kept[i].sql = NULL;
        file->kept[i].stmt = NULL;

        if (sqlite3_prepare_v2(file->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
            return NULL;
        }

        file->kept[i].sql = sql;
        file->kept[i].stmt = stmt;
    }

    for (n = 1; *types; types++, n++) {
        if (*types == 'i') {
            (void) sqlite3_bind_int64(stmt, n, va_arg(args, int64_t));
            continue;
        }

        text = va_arg(args, mta_sts_str_t);
        (void) sqlite3_bind_text(stmt, n, text.len ? text.data : "",
                                 (int) text.len, SQLITE_STATIC);
    }

    return stmt;
}


mta_sts_str_t
sqlite_text(sqlite3_stmt *stmt, int column)
{
    mta_sts_str_t  text;

    text.data = (const char *) sqlite3_column_text(stmt, column);
    text.len = (size_t) sqlite3_column_bytes(stmt, column);

    return text;
}
