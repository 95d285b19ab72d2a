/*
 * What is in TABLE.follow.
 */

#include "memo.h"


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


/*
 * Runs a statement of one row or none.  Returns the number in its first column;
 * or 0.
 */

static int64_t
memo_run(memo_t *memo, const char *sql, const char *types, ...)
{
    int64_t        n;
    va_list        args;
    sqlite3_stmt  *stmt;

    va_start(args, types);
    stmt = sqlite_statement_args(&memo->sqlite, sql, types, args);
    va_end(args);

    n = memo_step(memo, stmt) ? sqlite3_column_int64(stmt, 0) : 0;

    (void) sqlite3_reset(stmt);

    return n;
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

    stmt = sqlite_statement(&memo->sqlite, "SELECT since, none, id, was "
                            "FROM leaving WHERE domain = ?", "s", domain);
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
    (void) memo_run(memo, "INSERT OR REPLACE INTO leaving "
                    "VALUES (?, ?, ?, ?, ?)", "siiss", domain, leaving->since,
                    leaving->none, mta_sts_str_from(leaving->id),
                    mta_sts_str_from(leaving->was));
}


void
memo_delete_leaving(memo_t *memo, mta_sts_str_t domain)
{
    (void) memo_run(memo, "DELETE FROM leaving WHERE domain = ?", "s", domain);
}


int64_t
memo_count_leaving(memo_t *memo)
{
    return memo_run(memo, "SELECT count(*) FROM leaving", "");
}


void
memo_clock(memo_t *memo, int64_t now)
{
    (void) memo_run(memo, "UPDATE leaving SET since = min(since, ?1), "
                    "none = min(none, ?1) WHERE since > ?1 OR none > ?1", "i",
                    now);
}


void
memo_shift(memo_t *memo, int64_t seconds)
{
    (void) memo_run(memo, "UPDATE leaving SET since = since + ?1, "
                    "none = CASE none WHEN 0 THEN 0 ELSE none + ?1 END", "i",
                    seconds);
}


void
memo_put_down(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id)
{
    (void) memo_run(memo, "INSERT OR REPLACE INTO down VALUES (?, ?)", "ss",
                    domain, id);
}


int
memo_down(memo_t *memo, mta_sts_str_t domain, char id[MTA_STS_ID_LEN + 1])
{
    int            found;
    sqlite3_stmt  *stmt;

    memset(id, 0, MTA_STS_ID_LEN + 1);

    stmt = sqlite_statement(&memo->sqlite, "SELECT id FROM down "
                            "WHERE domain = ?", "s", domain);
    found = memo_step(memo, stmt);

    if (found) {
        memo_id(stmt, 0, id);
    }

    (void) sqlite3_reset(stmt);

    return found;
}


void
memo_delete_down(memo_t *memo, mta_sts_str_t domain)
{
    (void) memo_run(memo, "DELETE FROM down WHERE domain = ?", "s", domain);
}


void
memo_put_allowed(memo_t *memo, int64_t time)
{
    (void) memo_run(memo, "INSERT OR REPLACE INTO allowed VALUES (1, ?)", "i",
                    time);
}


int64_t
memo_allowed(memo_t *memo)
{
    return memo_run(memo, "SELECT time FROM allowed", "");
}


void
memo_each_leaving(memo_t *memo,
    void (*each)(void *ctx, mta_sts_str_t domain, const leaving_t *leaving),
    void *ctx)
{
    leaving_t      leaving;
    sqlite3_stmt  *stmt;

    stmt = sqlite_statement(&memo->sqlite, "SELECT domain, since, none, id, "
                            "was FROM leaving ORDER BY domain", "");

    while (memo_step(memo, stmt)) {
        memo_row_leaving(stmt, 1, &leaving);

        each(ctx, sqlite_text(stmt, 0), &leaving);
    }

    (void) sqlite3_reset(stmt);
}


void
memo_put_spent(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id)
{
    (void) memo_run(memo, "INSERT OR IGNORE INTO spent VALUES (?, ?)", "ss",
                    domain, id);
}


int
memo_is_spent(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id)
{
    return memo_run(memo, "SELECT 1 FROM spent WHERE domain = ? AND id = ?",
                    "ss", domain, id) != 0;
}


int
memo_known(memo_t *memo, mta_sts_table_builder_t *known, mta_sts_err_t *err)
{
    int            rc;
    sqlite3_stmt  *stmt;

    rc = MTA_STS_OK;
    memo->failed = 0;

    stmt = sqlite_statement(&memo->sqlite, "SELECT domain FROM leaving "
                            "UNION SELECT domain FROM spent", "");

    while (rc == MTA_STS_OK && memo_step(memo, stmt)) {
        rc = mta_sts_table_add(known, sqlite_text(stmt, 0), 0, MTA_STS_NOWHERE,
                               err);
    }

    (void) sqlite3_reset(stmt);

    return rc == MTA_STS_OK ? memo_check(memo, err) : MTA_STS_ERROR;
}


void
memo_put_pending(memo_t *memo, mta_sts_str_t domain)
{
    (void) memo_run(memo, "INSERT OR REPLACE INTO pending (domain) VALUES (?)",
                    "s", domain);
}


int64_t
memo_count_pending(memo_t *memo)
{
    return memo_run(memo, "SELECT count(*) FROM pending", "");
}


int64_t
memo_last_pending(memo_t *memo)
{
    return memo_run(memo, "SELECT coalesce(max(serial), 0) FROM pending", "");
}


int64_t
memo_write_pending(memo_t *memo, int64_t after, FILE *out)
{
    int64_t        serial;
    sqlite3_stmt  *stmt;

    serial = 0;
    stmt = sqlite_statement(&memo->sqlite, "SELECT serial, domain FROM pending "
                            "WHERE serial > ? ORDER BY serial", "i", after);

    while (memo_step(memo, stmt)) {
        serial = sqlite3_column_int64(stmt, 0);
        (void) fprintf(out, "%s\n", sqlite3_column_text(stmt, 1));
    }

    (void) sqlite3_reset(stmt);

    return serial;
}


void
memo_delete_pending(memo_t *memo, int64_t after, int64_t serial)
{
    (void) memo_run(memo, "DELETE FROM pending WHERE serial > ? "
                    "AND serial <= ?", "ii", after, serial);
}
