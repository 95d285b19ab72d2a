/*
 * TABLE.follow, in SQLite: the file, and transactions.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "memo.h"


#define MEMO_WAIT  10000              /* for another process; ms */


/*
 * What is remembered must be there after a crash before its table is.  Tables
 * that an older version may ignore are no new version of the schema.
 */

static const sqlite_schema_t  memo_schema = {
    .id = 0x4d545346,                 /* "MTSF" */
    .always =
        "PRAGMA synchronous = FULL;"
        "CREATE TABLE IF NOT EXISTS down (domain TEXT PRIMARY KEY,"
        " id TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS allowed (row INTEGER PRIMARY KEY,"
        " time INTEGER NOT NULL);",
    .versions = {
        "CREATE TABLE leaving (domain TEXT PRIMARY KEY,"
        " since INTEGER NOT NULL, none INTEGER NOT NULL, id TEXT NOT NULL,"
        " was TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX leaving_since ON leaving (since);"
        "CREATE TABLE spent (domain TEXT NOT NULL, id TEXT NOT NULL,"
        " PRIMARY KEY (domain, id)) WITHOUT ROWID;"
        "CREATE TABLE pending (serial INTEGER PRIMARY KEY AUTOINCREMENT,"
        " domain TEXT NOT NULL UNIQUE);"
    }
};


/* What to do about an error of SQLite. */

static const char *
memo_advice(int code)
{
    code &= 0xff;

    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT
           ? ": restore it, or move it away; \"A damaged memory\" in follow.md "
             "says what is lost then"
           : "";
}


void
memo_fail(memo_t *memo)
{
    if (!memo->failed) {
        memo->failed = 1;
        (void) mta_sts_error(&memo->err, MTA_STS_NOWHERE, "\"%s\": %s%s",
                             memo->file, sqlite3_errmsg(memo->sqlite.db),
                             memo_advice(sqlite3_errcode(memo->sqlite.db)));
    }
}


static void
memo_exec(memo_t *memo, const char *sql)
{
    if (!memo->failed && sqlite_exec(&memo->sqlite, sql) != SQLITE_OK) {
        memo_fail(memo);
    }
}


/* SQLite opens a file of which only the first page is not damaged. */

static const char *
memo_check_pages(memo_t *memo, int *code)
{
    int            ok;
    sqlite3_stmt  *stmt;

    stmt = sqlite_statement(&memo->sqlite, "PRAGMA quick_check(1)", "");
    *code = sqlite3_step(stmt);

    if (*code != SQLITE_ROW) {
        return sqlite3_errmsg(memo->sqlite.db);
    }

    ok = mta_sts_str_eq(sqlite_text(stmt, 0), mta_sts_str("ok"));
    *code = ok ? SQLITE_OK : SQLITE_CORRUPT;

    (void) sqlite3_reset(stmt);

    return ok ? NULL : sqlite3_errstr(SQLITE_CORRUPT);
}


memo_t *
memo_open(const char *file, mta_sts_err_t *err)
{
    int          code;
    memo_t      *memo;
    const char  *why;

    memo = diag_calloc(1, sizeof(memo_t));

    memo->file = file;

    why = sqlite_file_open(&memo->sqlite, file, SQLITE_OPEN_READWRITE
                           |SQLITE_OPEN_CREATE, MEMO_WAIT, &memo_schema);

    code = sqlite3_errcode(memo->sqlite.db);
    why = why ? why : memo_check_pages(memo, &code);

    if (why) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\": %s%s", file, why,
                             memo_advice(code));
        memo_close(memo);
        return NULL;
    }

    return memo;
}


void
memo_close(memo_t *memo)
{
    if (memo) {
        sqlite_file_close(&memo->sqlite);
        free(memo);
    }
}


void
memo_begin(memo_t *memo)
{
    memo->failed = 0;

    memo_exec(memo, "BEGIN IMMEDIATE");
}


int
memo_commit(memo_t *memo, mta_sts_err_t *err)
{
    memo_exec(memo, "COMMIT");

    if (memo->failed) {
        *err = memo->err;
        memo->failed = 0;

        if (!sqlite3_get_autocommit(memo->sqlite.db)) {
            (void) sqlite_exec(&memo->sqlite, "ROLLBACK");
        }

        return MTA_STS_ERROR;
    }

    return MTA_STS_OK;
}


int
memo_failed(const memo_t *memo)
{
    return memo->failed;
}


int
memo_check(memo_t *memo, mta_sts_err_t *err)
{
    if (!memo->failed) {
        return MTA_STS_OK;
    }

    *err = memo->err;
    memo->failed = 0;

    return MTA_STS_ERROR;
}
