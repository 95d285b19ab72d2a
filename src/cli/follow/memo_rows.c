/*
 * What is in TABLE.follow.
 */

#include "memo.h"


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


static mta_sts_str_t
memo_text(sqlite3_stmt *stmt)
{
    mta_sts_str_t  text;

    text.data = (const char *) sqlite3_column_text(stmt, 0);
    text.len = (size_t) sqlite3_column_bytes(stmt, 0);

    return text;
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


/* The number that a statement gives, and 0 if there is none. */

static int64_t
memo_count(memo_t *memo, sqlite3_stmt *stmt)
{
    int64_t  n;

    n = memo_step(memo, stmt) ? sqlite3_column_int64(stmt, 0) : 0;

    (void) sqlite3_reset(stmt);

    return n;
}


int64_t
memo_count_leaving(memo_t *memo)
{
    return memo_count(memo, memo->statements[MEMO_COUNT_LEAVING]);
}


void
memo_clock(memo_t *memo, int64_t now)
{
    sqlite3_stmt  *stmt;

    stmt = memo->statements[MEMO_CLOCK];

    (void) sqlite3_bind_int64(stmt, 1, now);

    (void) memo_run(memo, stmt);
}


void
memo_shift(memo_t *memo, int64_t seconds)
{
    sqlite3_stmt  *stmt;

    stmt = memo->statements[MEMO_SHIFT];

    (void) sqlite3_bind_int64(stmt, 1, seconds);

    (void) memo_run(memo, stmt);
}


void
memo_put_down(memo_t *memo, mta_sts_str_t domain, mta_sts_str_t id)
{
    sqlite3_stmt  *stmt;

    stmt = memo_statement(memo, MEMO_PUT_DOWN, domain);

    memo_bind(stmt, 2, id);

    (void) memo_run(memo, stmt);
}


int
memo_down(memo_t *memo, mta_sts_str_t domain, char id[MTA_STS_ID_LEN + 1])
{
    int            found;
    sqlite3_stmt  *stmt;

    memset(id, 0, MTA_STS_ID_LEN + 1);

    stmt = memo_statement(memo, MEMO_DOWN, domain);
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
    (void) memo_run(memo, memo_statement(memo, MEMO_DELETE_DOWN, domain));
}


void
memo_put_allowed(memo_t *memo, int64_t time)
{
    sqlite3_stmt  *stmt;

    stmt = memo->statements[MEMO_PUT_ALLOWED];

    (void) sqlite3_bind_int64(stmt, 1, time);

    (void) memo_run(memo, stmt);
}


int64_t
memo_allowed(memo_t *memo)
{
    return memo_count(memo, memo->statements[MEMO_ALLOWED]);
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
        domain = memo_text(stmt);
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
        domain = memo_text(stmt);
        rc = mta_sts_table_add(known, domain, 0, MTA_STS_NOWHERE, err);
    }

    (void) sqlite3_reset(stmt);

    return rc == MTA_STS_OK ? memo_check(memo, err) : MTA_STS_ERROR;
}


void
memo_put_pending(memo_t *memo, mta_sts_str_t domain)
{
    (void) memo_run(memo, memo_statement(memo, MEMO_PUT_PENDING, domain));
}


int64_t
memo_count_pending(memo_t *memo)
{
    return memo_count(memo, memo->statements[MEMO_COUNT_PENDING]);
}


int64_t
memo_last_pending(memo_t *memo)
{
    return memo_count(memo, memo->statements[MEMO_LAST_PENDING]);
}


int64_t
memo_write_pending(memo_t *memo, int64_t after, FILE *out)
{
    int64_t        serial;
    sqlite3_stmt  *stmt;

    serial = 0;
    stmt = memo->statements[MEMO_EACH_PENDING];

    (void) sqlite3_bind_int64(stmt, 1, after);

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
    sqlite3_stmt  *stmt;

    stmt = memo->statements[MEMO_DELETE_PENDING];

    (void) sqlite3_bind_int64(stmt, 1, after);
    (void) sqlite3_bind_int64(stmt, 2, serial);

    (void) memo_run(memo, stmt);
}
