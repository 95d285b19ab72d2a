/*
 * The SQLite file: opening, upgrades, transactions, and a row for each domain.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "cli/sqlite/sqlite.h"
#include "state.h"


#define STATE_FILE     "state.db"
#define STATE_WAIT     60000          /* for another process; ms */
#define STATE_OPEN     200            /* of a transaction; ms */
#define STATE_COMMIT   5000           /* domains in a transaction */


struct state_s {
    sqlite_file_t   sqlite;           /* not open: no state, or it failed */
    int             failed;
    int             active;           /* a transaction */
    unsigned        changes;          /* in it */
    int64_t         since;            /* its begin; ms */
    char            file[PATH_MAX];
};


static const sqlite_schema_t  state_schema = {
    .id = 0x4d545353,                 /* "MTSS" */
    .always = "PRAGMA synchronous = NORMAL",
    .versions = {
        "CREATE TABLE domain ("
        "    name TEXT PRIMARY KEY,"
        "    history TEXT NOT NULL,"
        "    records TEXT NOT NULL,"
        "    findings TEXT NOT NULL,"
        "    runs TEXT NOT NULL,"
        "    configured INTEGER NOT NULL,"
        "    forgotten INTEGER NOT NULL"
        ") WITHOUT ROWID;"
    }
};


static int64_t
state_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/* Reports the error of the file, and goes on without it. */

static void
state_fail(state_t *state, const char *why)
{
    say("cannot use the state %s: %s", state->file, why);

    sqlite_file_close(&state->sqlite);

    state->failed = 1;
    state->active = 0;
}


static int
state_exec(state_t *state, const char *sql)
{
    if (state->sqlite.db == NULL) {
        return 0;
    }

    if (sqlite_exec(&state->sqlite, sql) != SQLITE_OK) {
        state_fail(state, sqlite3_errmsg(state->sqlite.db));
        return 0;
    }

    return 1;
}


state_t *
state_open(const char *dir)
{
    state_t      *state;
    const char   *why;
    struct stat   st;

    state = diag_calloc(1, sizeof(state_t));

    if (dir == NULL) {
        return state;
    }

    if (snprintf(state->file, sizeof(state->file), "%s/%s", dir, STATE_FILE)
        >= (int) sizeof(state->file))
    {
        state_fail(state, strerror(ENAMETOOLONG));
        return state;
    }

    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        state_fail(state, "the directory does not exist");
        return state;
    }

    why = sqlite_file_open(&state->sqlite, state->file, SQLITE_OPEN_READWRITE
                           |SQLITE_OPEN_CREATE, STATE_WAIT, &state_schema);

    if (why) {
        state_fail(state, why);
    }

    return state;
}


int
state_is_open(const state_t *state)
{
    return state && state->sqlite.db;
}


int
state_commit(state_t *state)
{
    if (state->active && state_exec(state, "COMMIT")) {
        state->active = 0;
        state->changes = 0;
    }

    return !state->failed;
}


void
state_pause(state_t *state)
{
    if (state->active && state_clock() - state->since > STATE_OPEN) {
        (void) state_commit(state);
    }
}


int
state_close(state_t *state)
{
    int  failed;

    (void) state_commit(state);

    sqlite_file_close(&state->sqlite);

    failed = state->failed;

    free(state);

    return !failed;
}


static mta_sts_str_t
state_column(sqlite3_stmt *stmt, int column, const mta_sts_env_t *env)
{
    mta_sts_str_t  text;

    text = sqlite_text(stmt, column);

    return mta_sts_str_copy(env, text.data ? text : mta_sts_str(""));
}


/* Reads a row; returns 0 if it is damaged. */

static int
state_row(sqlite3_stmt *stmt, const mta_sts_env_t *env, state_domain_t *domain)
{
    domain->name = state_column(stmt, 0, env);
    domain->records = state_column(stmt, 2, env);
    domain->findings = state_column(stmt, 3, env);
    domain->runs = state_column(stmt, 4, env);
    domain->configured = sqlite3_column_int64(stmt, 5);
    domain->forgotten = sqlite3_column_int64(stmt, 6);

    return plan_parse(&domain->history, state_column(stmt, 1, env), env)
           == MTA_STS_OK;
}


/* Begins a transaction, unless there is one. */

static void
state_begin(state_t *state)
{
    if (state->changes >= STATE_COMMIT) {
        (void) state_commit(state);
    }

    if (!state->active && state_exec(state, "BEGIN IMMEDIATE")) {
        state->active = 1;
        state->since = state_clock();
    }
}


int
state_get(state_t *state, mta_sts_str_t name, const mta_sts_env_t *env,
    state_domain_t *domain)
{
    int            rc;
    sqlite3_stmt  *stmt;

    memset(domain, 0, sizeof(state_domain_t));

    domain->name = name;
    domain->history.env = env;

    state_begin(state);

    if (state->sqlite.db == NULL) {
        return 0;
    }

    stmt = sqlite_statement(&state->sqlite, "SELECT * FROM domain "
                            "WHERE name = ?", "s", name);
    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW && !state_row(stmt, env, domain)) {
        state_fail(state, "a domain's history is damaged");
        memset(domain, 0, sizeof(state_domain_t));
        domain->name = name;
        domain->history.env = env;
        return 0;
    }

    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        state_fail(state, sqlite3_errmsg(state->sqlite.db));
        return 0;
    }

    (void) sqlite3_reset(stmt);

    return rc == SQLITE_ROW;
}


/* Executes what writes a row. */

static void
state_write(state_t *state, sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE) {
        state_fail(state, sqlite3_errmsg(state->sqlite.db));
        return;
    }

    (void) sqlite3_reset(stmt);
    state->changes++;
}


void
state_put(state_t *state, const state_domain_t *domain)
{
    if (state->sqlite.db == NULL) {
        return;
    }

    state_write(state, sqlite_statement(&state->sqlite, "INSERT OR REPLACE "
                "INTO domain VALUES (?, ?, ?, ?, ?, ?, ?)", "sssssii",
                domain->name, plan_text(&domain->history), domain->records,
                domain->findings, domain->runs, domain->configured,
                domain->forgotten));
}


void
state_reported(state_t *state, mta_sts_str_t name, mta_sts_str_t findings)
{
    state_begin(state);

    if (state->sqlite.db) {
        state_write(state, sqlite_statement(&state->sqlite, "UPDATE domain "
                    "SET findings = ?2 WHERE name = ?1 AND findings <> ?2",
                    "ss", name, findings));
    }
}


void
state_each(state_t *state, void (*each)(void *ctx, state_domain_t *domain),
    void *ctx)
{
    int               rc;
    sqlite3_stmt     *stmt;
    state_domain_t    domain;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { .alloc = diag_alloc, .ctx = &arena };

    (void) state_commit(state);

    if (state->sqlite.db == NULL) {
        return;
    }

    stmt = sqlite_statement(&state->sqlite, "SELECT * FROM domain "
                            "ORDER BY name", "");

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {

        if (!state_row(stmt, &env, &domain)) {
            break;
        }

        each(ctx, &domain);
        mta_sts_arena_reset(&arena);

        /* it may have failed the state, which ends the statement */

        if (state->sqlite.db == NULL) {
            mta_sts_arena_free(&arena);
            return;
        }
    }

    mta_sts_arena_free(&arena);

    if (sqlite3_reset(stmt) != SQLITE_OK) {
        state_fail(state, sqlite3_errmsg(state->sqlite.db));

    } else if (rc == SQLITE_ROW) {
        state_fail(state, "a domain's history is damaged");
    }
}
