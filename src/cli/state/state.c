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
#define STATE_ID       0x4d545353     /* "MTSS", SQLite's application_id */
#define STATE_WAIT     60000          /* for another process; ms */
#define STATE_OPEN     200            /* of a transaction; ms */
#define STATE_COMMIT   5000           /* domains in a transaction */


struct state_s {
    sqlite3       *db;                /* NULL: no state, or it has failed */
    sqlite3_stmt  *get;
    sqlite3_stmt  *put;
    sqlite3_stmt  *reported;
    int            failed;
    int            active;            /* a transaction */
    unsigned       changes;           /* in it */
    int64_t        since;             /* its begin; ms */
    char           file[PATH_MAX];
};


/* From each version of the schema to the next one; only added to. */

static const char *const  state_upgrades[] = {

    "CREATE TABLE domain ("
    "    name TEXT PRIMARY KEY,"
    "    history TEXT NOT NULL,"
    "    records TEXT NOT NULL,"
    "    findings TEXT NOT NULL,"
    "    runs TEXT NOT NULL,"
    "    configured INTEGER NOT NULL,"
    "    forgotten INTEGER NOT NULL"
    ") WITHOUT ROWID;"
};

#define STATE_VERSION                                                         \
    ((int) (sizeof(state_upgrades) / sizeof(state_upgrades[0])))


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

    (void) sqlite3_finalize(state->get);
    (void) sqlite3_finalize(state->put);
    (void) sqlite3_finalize(state->reported);
    (void) sqlite3_close(state->db);

    state->db = NULL;
    state->get = NULL;
    state->put = NULL;
    state->reported = NULL;
    state->failed = 1;
    state->active = 0;
}


static int
state_exec(state_t *state, const char *sql)
{
    if (state->db == NULL) {
        return 0;
    }

    if (sqlite3_exec(state->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        state_fail(state, sqlite3_errmsg(state->db));
        return 0;
    }

    return 1;
}


static sqlite3_stmt *
state_prepare(state_t *state, const char *sql)
{
    sqlite3_stmt  *stmt;

    if (state->db == NULL) {
        return NULL;
    }

    if (sqlite3_prepare_v2(state->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        state_fail(state, sqlite3_errmsg(state->db));
        return NULL;
    }

    return stmt;
}


/* The value of a pragma; or -1. */

static int
state_pragma(state_t *state, const char *sql)
{
    int            value;
    sqlite3_stmt  *stmt;

    stmt = state_prepare(state, sql);

    if (stmt == NULL) {
        return -1;
    }

    value = -1;

    if (sqlite3_step(stmt) == SQLITE_ROW) {
        value = sqlite3_column_int(stmt, 0);
    }

    if (sqlite3_finalize(stmt) != SQLITE_OK) {
        state_fail(state, sqlite3_errmsg(state->db));
    }

    return value;
}


static void
state_upgrade(state_t *state)
{
    int   id, version;
    char  sql[80];

    if (!state_exec(state, "BEGIN IMMEDIATE")) {
        return;
    }

    version = state_pragma(state, "PRAGMA user_version");
    id = state_pragma(state, "PRAGMA application_id");

    if (state->db && version > STATE_VERSION) {
        state_fail(state, "it was written by a newer version of mta-sts");
    }

    if (state->db && id != STATE_ID && (id || version
        || state_pragma(state, "SELECT count(*) FROM sqlite_master")))
    {
        state_fail(state, "it is a database of something else");
    }

    for (; state->db && version < STATE_VERSION; version++) {
        (void) state_exec(state, state_upgrades[version]);
    }

    (void) snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; "
                    "PRAGMA application_id = %d; COMMIT", STATE_VERSION,
                    STATE_ID);
    (void) state_exec(state, sql);
}


state_t *
state_open(const char *dir)
{
    state_t      *state;
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

    if (sqlite3_open_v2(state->file, &state->db, SQLITE_OPEN_READWRITE
                        |SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
    {
        state_fail(state, sqlite3_errmsg(state->db));
        return state;
    }

    (void) sqlite3_busy_timeout(state->db, STATE_WAIT);

    sqlite_wal(state->db, STATE_WAIT);

    if (state_exec(state, "PRAGMA synchronous = NORMAL")) {
        state_upgrade(state);
    }

    state->get = state_prepare(state, "SELECT * FROM domain WHERE name = ?");
    state->put = state_prepare(state, "INSERT OR REPLACE INTO domain VALUES "
                                      "(?, ?, ?, ?, ?, ?, ?)");
    state->reported = state_prepare(state, "UPDATE domain SET findings = ?2 "
                                    "WHERE name = ?1 AND findings <> ?2");

    return state;
}


int
state_is_open(const state_t *state)
{
    return state && state->db;
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

    (void) sqlite3_finalize(state->get);
    (void) sqlite3_finalize(state->put);
    (void) sqlite3_finalize(state->reported);

    if (sqlite3_close(state->db) != SQLITE_OK) {
        state_fail(state, sqlite3_errmsg(state->db));
    }

    failed = state->failed;

    free(state);

    return !failed;
}


static mta_sts_str_t
state_column(sqlite3_stmt *stmt, int column, const mta_sts_env_t *env)
{
    mta_sts_str_t  text;

    text.data = (const char *) sqlite3_column_text(stmt, column);
    text.len = (size_t) sqlite3_column_bytes(stmt, column);

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

    if (state->db && !state->active && state_exec(state, "BEGIN IMMEDIATE")) {
        state->active = 1;
        state->since = state_clock();
    }
}


int
state_get(state_t *state, mta_sts_str_t name, const mta_sts_env_t *env,
    state_domain_t *domain)
{
    int  rc;

    memset(domain, 0, sizeof(state_domain_t));

    domain->name = name;
    domain->history.env = env;

    state_begin(state);

    if (state->db == NULL) {
        return 0;
    }

    (void) sqlite3_bind_text(state->get, 1, name.data, (int) name.len,
                             SQLITE_STATIC);

    rc = sqlite3_step(state->get);

    if (rc == SQLITE_ROW && !state_row(state->get, env, domain)) {
        state_fail(state, "a domain's history is damaged");
        memset(domain, 0, sizeof(state_domain_t));
        domain->name = name;
        domain->history.env = env;
        return 0;
    }

    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        state_fail(state, sqlite3_errmsg(state->db));
        return 0;
    }

    (void) sqlite3_reset(state->get);

    return rc == SQLITE_ROW;
}


static void
state_bind(sqlite3_stmt *stmt, int column, mta_sts_str_t text)
{
    (void) sqlite3_bind_text(stmt, column, text.data ? text.data : "",
                             (int) text.len, SQLITE_STATIC);
}


/* Executes what writes a row. */

static void
state_write(state_t *state, sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE) {
        state_fail(state, sqlite3_errmsg(state->db));
        return;
    }

    (void) sqlite3_reset(stmt);
    state->changes++;
}


void
state_put(state_t *state, const state_domain_t *domain)
{
    if (state->db == NULL) {
        return;
    }

    state_bind(state->put, 1, domain->name);
    state_bind(state->put, 2, plan_text(&domain->history));
    state_bind(state->put, 3, domain->records);
    state_bind(state->put, 4, domain->findings);
    state_bind(state->put, 5, domain->runs);
    (void) sqlite3_bind_int64(state->put, 6, domain->configured);
    (void) sqlite3_bind_int64(state->put, 7, domain->forgotten);

    state_write(state, state->put);
}


void
state_reported(state_t *state, mta_sts_str_t name, mta_sts_str_t findings)
{
    state_begin(state);

    if (state->db) {
        state_bind(state->reported, 1, name);
        state_bind(state->reported, 2, findings);
        state_write(state, state->reported);
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

    stmt = state_prepare(state, "SELECT * FROM domain ORDER BY name");

    if (stmt == NULL) {
        return;
    }

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {

        if (!state_row(stmt, &env, &domain)) {
            break;
        }

        each(ctx, &domain);
        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);

    if (sqlite3_finalize(stmt) != SQLITE_OK) {
        state_fail(state, sqlite3_errmsg(state->db));

    } else if (rc == SQLITE_ROW) {
        state_fail(state, "a domain's history is damaged");
    }
}
