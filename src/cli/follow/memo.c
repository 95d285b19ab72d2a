/*
 * TABLE.follow, in SQLite.
 */

#include <sqlite3.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "follow.h"


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


typedef enum {
    MEMO_LEAVING = 0,
    MEMO_PUT_LEAVING,
    MEMO_DELETE_LEAVING,
    MEMO_COUNT_LEAVING,
    MEMO_EACH_LEAVING,
    MEMO_PUT_SPENT,
    MEMO_IS_SPENT,
    MEMO_KNOWN,
    MEMO_PUT_PENDING,
    MEMO_COUNT_PENDING,
    MEMO_EACH_PENDING,
    MEMO_DELETE_PENDING,
    MEMO_STATEMENTS
} memo_statement_e;

static const char *const  memo_statements[MEMO_STATEMENTS] = {
    "SELECT since, none, id, was FROM leaving WHERE domain = ?",
    "INSERT OR REPLACE INTO leaving VALUES (?, ?, ?, ?, ?)",
    "DELETE FROM leaving WHERE domain = ?",
    "SELECT count(*) FROM leaving WHERE since > ?",
    "SELECT domain, since, none, id, was FROM leaving ORDER BY domain",
    "INSERT OR IGNORE INTO spent VALUES (?, ?)",
    "SELECT 1 FROM spent WHERE domain = ? AND id = ?",
    "SELECT domain FROM leaving UNION SELECT domain FROM spent",
    "INSERT OR REPLACE INTO pending (domain) VALUES (?)",
    "SELECT count(*) FROM pending",
    "SELECT serial, domain FROM pending ORDER BY serial",
    "DELETE FROM pending WHERE serial <= ?"
};


struct memo_s {
    sqlite3        *db;
    const char     *file;
    int             failed;
    mta_sts_err_t   err;              /* the first one */
    sqlite3_stmt   *statements[MEMO_STATEMENTS];
};


static void
memo_fail(memo_t *memo)
{
    if (!memo->failed) {
        memo->failed = 1;
        (void) mta_sts_error(&memo->err, MTA_STS_NOWHERE, "\"%s\": %s",
                             memo->file, sqlite3_errmsg(memo->db));
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

    memo_exec(memo, "PRAGMA journal_mode = WAL");
    memo_exec(memo, "PRAGMA synchronous = NORMAL");

    if (!memo->failed) {
        memo_create(memo);
    }

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


static void
memo_bind(sqlite3_stmt *stmt, int column, mta_sts_str_t text)
{
    (void) sqlite3_bind_text(stmt, column, text.data ? text.data : "",
                             (int) text.len, SQLITE_STATIC);
}


/* Runs a statement up to its first row.  Returns 1 if there is one. */

static int
memo_step(memo_t *memo, sqlite3_stmt *stmt)
{
    int  rc;

    if (memo->failed) {
        return 0;
    }

    rc = sqlite3_step(stmt);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        memo_fail(memo);
    }

    return rc == SQLITE_ROW;
}


/* Runs a statement of one row or none; returns 1 if there is one. */

static int
memo_run(memo_t *memo, sqlite3_stmt *stmt)
{
    int  found;

    found = memo_step(memo, stmt);

    (void) sqlite3_reset(stmt);

    return found;
}


/* The statement, and with a domain that as its first parameter. */

static sqlite3_stmt *
memo_statement(memo_t *memo, memo_statement_e which, mta_sts_str_t domain)
{
    sqlite3_stmt  *stmt;

    stmt = memo->statements[which];

    if (domain.data) {
        memo_bind(stmt, 1, domain);
    }

    return stmt;
}


static void
memo_id(sqlite3_stmt *stmt, int column, char *id)
{
    if (sqlite3_column_bytes(stmt, column) == MTA_STS_ID_LEN) {
        memcpy(id, sqlite3_column_text(stmt, column), MTA_STS_ID_LEN);
    }
}


static void
memo_row_leaving(sqlite3_stmt *stmt, int column, leaving_t *leaving)
{
    memset(leaving, 0, sizeof(leaving_t));

    leaving->since = sqlite3_column_int64(stmt, column);
    leaving->none = sqlite3_column_int64(stmt, column + 1);

    memo_id(stmt, column + 2, leaving->id);
    memo_id(stmt, column + 3, leaving->was);
}


int
memo_leaving(memo_t *memo, mta_sts_str_t domain, leaving_t *leaving)
{
    int            found;
    sqlite3_stmt  *stmt;

    stmt = memo_statement(memo, MEMO_LEAVING, domain);
    found = memo_step(memo, stmt);

    if (found) {
        memo_row_leaving(stmt, 0, leaving);
    }

    (void) sqlite3_reset(stmt);

    return found;
}


void
memo_put_leaving(memo_t *memo, mta_sts_str_t domain, const leaving_t *leaving)
{
    sqlite3_stmt  *stmt;

    stmt = memo_statement(memo, MEMO_PUT_LEAVING, domain);

    (void) sqlite3_bind_int64(stmt, 2, leaving->since);
    (void) sqlite3_bind_int64(stmt, 3, leaving->none);
    memo_bind(stmt, 4, mta_sts_str_from(leaving->id));
    memo_bind(stmt, 5, mta_sts_str_from(leaving->was));

    (void) memo_run(memo, stmt);
}


void
memo_delete_leaving(memo_t *memo, mta_sts_str_t domain)
{
    (void) memo_run(memo, memo_statement(memo, MEMO_DELETE_LEAVING, domain));
}


int64_t
memo_count_leaving(memo_t *memo, int64_t after)
{
    int64_t        n;
    sqlite3_stmt  *stmt;

    stmt = memo->statements[MEMO_COUNT_LEAVING];

    (void) sqlite3_bind_int64(stmt, 1, after);

    n = memo_step(memo, stmt) ? sqlite3_column_int64(stmt, 0) : 0;

    (void) sqlite3_reset(stmt);

    return n;
}


void
memo_each_leaving(memo_t *memo,
    void (*each)(void *ctx, mta_sts_str_t domain, const leaving_t *leaving),
    void *ctx)
{
    leaving_t      leaving;
    sqlite3_stmt  *stmt;
    mta_sts_str_t  domain;

    stmt = memo->statements[MEMO_EACH_LEAVING];

    while (memo_step(memo, stmt)) {
        domain.data = (const char *) sqlite3_column_text(stmt, 0);
        domain.len = (size_t) sqlite3_column_bytes(stmt, 0);

        memo_row_leaving(stmt, 1, &leaving);

        each(ctx, domain, &leaving);
    }

    (void) sqlite3_reset(stmt);
}


void
memo_put_spent(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id)
{
    sqlite3_stmt  *stmt;

    stmt = memo_statement(memo, MEMO_PUT_SPENT, domain);

    memo_bind(stmt, 2, id);

    (void) memo_run(memo, stmt);
}


int
memo_is_spent(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id)
{
    sqlite3_stmt  *stmt;

    stmt = memo_statement(memo, MEMO_IS_SPENT, domain);

    memo_bind(stmt, 2, id);

    return memo_run(memo, stmt);
}


int
memo_known(memo_t *memo, mta_sts_table_builder_t *known, mta_sts_err_t *err)
{
    int            rc;
    sqlite3_stmt  *stmt;
    mta_sts_str_t  domain;

    rc = MTA_STS_OK;
    stmt = memo->statements[MEMO_KNOWN];
    memo->failed = 0;

    while (rc == MTA_STS_OK && memo_step(memo, stmt)) {
        domain.data = (const char *) sqlite3_column_text(stmt, 0);
        domain.len = (size_t) sqlite3_column_bytes(stmt, 0);

        rc = mta_sts_table_add(known, domain, 0, MTA_STS_NOWHERE, err);
    }

    (void) sqlite3_reset(stmt);

    if (rc == MTA_STS_OK && memo->failed) {
        *err = memo->err;
        rc = MTA_STS_ERROR;
    }

    return rc;
}


void
memo_put_pending(memo_t *memo, mta_sts_str_t domain)
{
    (void) memo_run(memo, memo_statement(memo, MEMO_PUT_PENDING, domain));
}


int64_t
memo_count_pending(memo_t *memo)
{
    int64_t        n;
    sqlite3_stmt  *stmt;

    stmt = memo->statements[MEMO_COUNT_PENDING];

    n = memo_step(memo, stmt) ? sqlite3_column_int64(stmt, 0) : 0;

    (void) sqlite3_reset(stmt);

    return n;
}


int64_t
memo_write_pending(memo_t *memo, FILE *out)
{
    int64_t        serial;
    sqlite3_stmt  *stmt;

    serial = 0;
    stmt = memo->statements[MEMO_EACH_PENDING];

    while (memo_step(memo, stmt)) {
        serial = sqlite3_column_int64(stmt, 0);
        (void) fprintf(out, "%s\n", sqlite3_column_text(stmt, 1));
    }

    (void) sqlite3_reset(stmt);

    return serial;
}


void
memo_delete_pending(memo_t *memo, int64_t serial)
{
    sqlite3_stmt  *stmt;

    stmt = memo->statements[MEMO_DELETE_PENDING];

    (void) sqlite3_bind_int64(stmt, 1, serial);

    (void) memo_run(memo, stmt);
}
