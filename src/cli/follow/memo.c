/*
 * TABLE.follow, in SQLite: the file, and transactions.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "memo.h"


#define MEMO_ID       0x4d545346      /* "MTSF", SQLite's application_id */
#define MEMO_VERSION  1
#define MEMO_WAIT     10000           /* milliseconds */


static const char  memo_schema[] =
    "CREATE TABLE leaving (domain TEXT PRIMARY KEY, since INTEGER NOT NULL,"
    " none INTEGER NOT NULL, id TEXT NOT NULL, was TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX leaving_since ON leaving (since);"
    "CREATE TABLE spent (domain TEXT NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY (domain, id)) WITHOUT ROWID;"
    "CREATE TABLE pending (serial INTEGER PRIMARY KEY AUTOINCREMENT,"
    " domain TEXT NOT NULL UNIQUE);"
    "PRAGMA application_id = 1297371974;"
    "PRAGMA user_version = 1;";


/* What came later, and an older version may ignore. */

static const char  memo_added[] =
    "CREATE TABLE IF NOT EXISTS down (domain TEXT PRIMARY KEY,"
    " id TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS allowed (row INTEGER PRIMARY KEY,"
    " time INTEGER NOT NULL);";


static const char *const  memo_statements[MEMO_STATEMENTS] = {
    "SELECT since, none, id, was FROM leaving WHERE domain = ?",
    "INSERT OR REPLACE INTO leaving VALUES (?, ?, ?, ?, ?)",
    "DELETE FROM leaving WHERE domain = ?",
    "SELECT count(*) FROM leaving",
    "SELECT domain, since, none, id, was FROM leaving ORDER BY domain",
    "UPDATE leaving SET since = min(since, ?1), none = min(none, ?1)"
    " WHERE since > ?1 OR none > ?1",
    "UPDATE leaving SET since = since + ?1,"
    " none = CASE none WHEN 0 THEN 0 ELSE none + ?1 END",
    "INSERT OR REPLACE INTO down VALUES (?, ?)",
    "SELECT id FROM down WHERE domain = ?",
    "DELETE FROM down WHERE domain = ?",
    "INSERT OR REPLACE INTO allowed VALUES (1, ?)",
    "SELECT time FROM allowed",
    "INSERT OR IGNORE INTO spent VALUES (?, ?)",
    "SELECT 1 FROM spent WHERE domain = ? AND id = ?",
    "SELECT domain FROM leaving UNION SELECT domain FROM spent",
    "INSERT OR REPLACE INTO pending (domain) VALUES (?)",
    "SELECT count(*) FROM pending",
    "SELECT coalesce(max(serial), 0) FROM pending",
    "SELECT serial, domain FROM pending WHERE serial > ? ORDER BY serial",
    "DELETE FROM pending WHERE serial > ? AND serial <= ?"
};


/* What to do about an error of SQLite. */

static const char *
memo_advice(sqlite3 *db)
{
    int  code;

    code = sqlite3_errcode(db) & 0xff;

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
                             memo->file, sqlite3_errmsg(memo->db),
                             memo_advice(memo->db));
    }
}


static void
memo_exec(memo_t *memo, const char *sql)
{
    if (!memo->failed
        && sqlite3_exec(memo->db, sql, NULL, NULL, NULL) != SQLITE_OK)
    {
        memo_fail(memo);
    }
}


static int64_t
memo_number(memo_t *memo, const char *sql)
{
    int64_t        n;
    sqlite3_stmt  *stmt;

    n = 0;

    if (sqlite3_prepare_v2(memo->db, sql, -1, &stmt, NULL) != SQLITE_OK
        || sqlite3_step(stmt) != SQLITE_ROW)
    {
        memo_fail(memo);

    } else {
        n = sqlite3_column_int64(stmt, 0);
    }

    (void) sqlite3_finalize(stmt);

    return n;
}


static void
memo_create(memo_t *memo)
{
    int64_t  version;

    version = memo_number(memo, "PRAGMA user_version");

    if (version == MEMO_VERSION
        && memo_number(memo, "PRAGMA application_id") == MEMO_ID)
    {
        return;
    }

    if (!memo->failed
        && memo_number(memo, "SELECT count(*) FROM sqlite_master"))
    {
        memo->failed = 1;
        (void) mta_sts_error(&memo->err, MTA_STS_NOWHERE, "\"%s\" was written "
                             "by something else, or by a newer version",
                             memo->file);
    }

    memo_exec(memo, "BEGIN IMMEDIATE");
    memo_exec(memo, memo_schema);
    memo_exec(memo, "COMMIT");
}


memo_t *
memo_open(const char *file, mta_sts_err_t *err)
{
    size_t   i;
    memo_t  *memo;

    memo = diag_calloc(1, sizeof(memo_t));

    memo->file = file;

    if (sqlite3_open_v2(file, &memo->db, SQLITE_OPEN_READWRITE
                        |SQLITE_OPEN_CREATE, NULL)
        != SQLITE_OK)
    {
        memo_fail(memo);
    }

    (void) sqlite3_busy_timeout(memo->db, MEMO_WAIT);

    /* what is remembered must be there after a crash before its table is */

    memo_exec(memo, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");

    if (!memo->failed) {
        memo_create(memo);
    }

    memo_exec(memo, memo_added);

    for (i = 0; i < MEMO_STATEMENTS && !memo->failed; i++) {
        if (sqlite3_prepare_v2(memo->db, memo_statements[i], -1,
                               &memo->statements[i], NULL)
            != SQLITE_OK)
        {
            memo_fail(memo);
        }
    }

    if (memo->failed) {
        *err = memo->err;
        memo_close(memo);
        return NULL;
    }

    return memo;
}


void
memo_close(memo_t *memo)
{
    size_t  i;

    if (memo == NULL) {
        return;
    }

    for (i = 0; i < MEMO_STATEMENTS; i++) {
        (void) sqlite3_finalize(memo->statements[i]);
    }

    (void) sqlite3_close(memo->db);

    free(memo);
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

        if (!sqlite3_get_autocommit(memo->db)) {
            (void) sqlite3_exec(memo->db, "ROLLBACK", NULL, NULL, NULL);
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
