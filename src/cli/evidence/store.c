/*
 * The file of the store: its schema, transactions, and statements that are
 * prepared once.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "cli/sqlite/sqlite.h"
#include "evidence.h"


#define STORE_WAIT     60000          /* for another process; ms */
#define STORE_COLUMNS  16


struct store_s {
    sqlite_file_t   sqlite;
    char           *file;
};


/* A policy repeats the end of its report, for queries about a domain's days. */

static const char  store_tables[] =
    "CREATE TABLE report (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE,"
    " organization TEXT NOT NULL, contact TEXT NOT NULL, name TEXT NOT NULL,"
    " signer TEXT NOT NULL, source TEXT NOT NULL, received INTEGER NOT NULL,"
    " begins INTEGER NOT NULL, ends INTEGER NOT NULL);"
    "CREATE INDEX report_ends ON report (ends);"
    "CREATE TABLE policy (id INTEGER PRIMARY KEY, report INTEGER NOT NULL"
    " REFERENCES report (id) ON DELETE CASCADE, type INTEGER NOT NULL,"
    " domain TEXT NOT NULL, mode TEXT NOT NULL, good INTEGER NOT NULL,"
    " failed INTEGER NOT NULL, ends INTEGER NOT NULL);"
    "CREATE INDEX policy_report ON policy (report);"
    "CREATE INDEX policy_domain ON policy (domain, ends);"
    "CREATE TABLE detail (policy INTEGER NOT NULL"
    " REFERENCES policy (id) ON DELETE CASCADE, result TEXT NOT NULL,"
    " mx TEXT NOT NULL, reason TEXT NOT NULL, sessions INTEGER NOT NULL);"
    "CREATE INDEX detail_policy ON detail (policy);"
    "CREATE TABLE day (domain TEXT NOT NULL, type INTEGER NOT NULL,"
    " verified INTEGER NOT NULL, day INTEGER NOT NULL, good INTEGER NOT NULL,"
    " failed INTEGER NOT NULL, reports INTEGER NOT NULL,"
    " PRIMARY KEY (domain, type, verified, day)) WITHOUT ROWID;"
    "CREATE TABLE refused (digest TEXT PRIMARY KEY, ends INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE dropped (before INTEGER NOT NULL, refused INTEGER NOT NULL);"
    "INSERT INTO dropped VALUES (0, 0);";

static const sqlite_schema_t  store_schema = {
    .always = "PRAGMA foreign_keys = ON",
    .versions = { store_tables }
};


static int
store_error(store_t *store, mta_sts_err_t *err)
{
    return mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\": %s", store->file,
                         sqlite3_errmsg(store->sqlite.db));
}


int
store_exec(store_t *store, const char *sql, mta_sts_err_t *err)
{
    return sqlite_exec(&store->sqlite, sql) == SQLITE_OK
           ? MTA_STS_OK : store_error(store, err);
}


/* The name of the file, to be freed. */

static char *
store_file(const char *dir)
{
    char    *file;
    size_t   size;

    size = strlen(dir) + sizeof("/reports.sqlite");
    file = diag_malloc(size);

    (void) snprintf(file, size, "%s/reports.sqlite", dir);

    return file;
}


int
store_is_there(const char *dir)
{
    int    there;
    char  *file;

    file = store_file(dir);
    there = access(file, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);

    free(file);

    return there;
}


/* SQLite only says that it is "unable to open database file". */

static int
store_error_open(store_t *store, int create, const char *why,
    mta_sts_err_t *err)
{
    int  number;

    number = sqlite3_system_errno(store->sqlite.db);

    if (number == ENOENT && !create && access(store->file, F_OK) == -1) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "there is no \"%s\", which "
                             "\"mta-sts reports add\" makes", store->file);
    }

    if (number == 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\": %s", store->file,
                             why);
    }

    errno = number;

    return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                               mta_sts_str_from(store->file));
}


/*
 * Creates the file, which the group may read whatever the umask is: a mail
 * server's is often 077.  Errors are those of SQLite, which comes next.
 */

static void
store_create(const char *file)
{
    int          fd;
    struct stat  st;

    fd = open(file, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0644);

    if (fd == -1) {
        return;
    }

    if (fstat(fd, &st) == 0) {
        (void) fchmod(fd, (st.st_mode & 0777) | S_IRGRP);
    }

    (void) close(fd);
}


store_t *
store_open(const char *dir, int create, mta_sts_err_t *err)
{
    int          flags, keep;
    store_t     *store;
    const char  *why;

    store = diag_calloc(1, sizeof(store_t));
    store->file = store_file(dir);

    flags = create ? SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE
                   : SQLITE_OPEN_READWRITE;

    if (create) {
        store_create(store->file);
    }

    /* who may only read, reads; WAL needs its other files to be there then */

    why = sqlite_file_open(&store->sqlite, store->file, flags, STORE_WAIT,
                           &store_schema);

    if (why) {
        (void) store_error_open(store, create, why, err);
        store_close(store);
        return NULL;
    }

    keep = 1;
    (void) sqlite3_file_control(store->sqlite.db, "main",
                                SQLITE_FCNTL_PERSIST_WAL, &keep);

    return store;
}


void
store_close(store_t *store)
{
    sqlite_file_close(&store->sqlite);

    free(store->file);
    free(store);
}


int
store_begin(store_t *store, mta_sts_err_t *err)
{
    return store_exec(store, "BEGIN IMMEDIATE", err);
}


int
store_commit(store_t *store, mta_sts_err_t *err)
{
    return store_exec(store, "COMMIT", err);
}


int64_t
store_run(store_t *store, const char *sql, mta_sts_err_t *err,
    const char *types, ...)
{
    int            rc;
    va_list        args;
    sqlite3_stmt  *stmt;

    va_start(args, types);
    stmt = sqlite_statement_args(&store->sqlite, sql, types, args);
    va_end(args);

    rc = sqlite3_step(stmt);

    if (rc != SQLITE_DONE) {
        (void) store_error(store, err);
    }

    (void) sqlite3_reset(stmt);

    return rc == SQLITE_DONE ? sqlite3_last_insert_rowid(store->sqlite.db) : -1;
}


int
store_query(store_t *store, const char *sql, mta_sts_str_t text,
    int64_t number, store_each_pt each, void *ctx, mta_sts_err_t *err)
{
    int            i, rc;
    const char    *columns[STORE_COLUMNS];
    sqlite3_stmt  *stmt;

    /* a statement without the parameters takes none */

    stmt = sqlite_statement(&store->sqlite, sql, "si", text, number);

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (i = 0; i < sqlite3_column_count(stmt) && i < STORE_COLUMNS; i++) {
            columns[i] = (const char *) sqlite3_column_text(stmt, i);
            columns[i] = columns[i] ? columns[i] : "";
        }

        each(ctx, columns);
    }

    rc = rc == SQLITE_DONE ? MTA_STS_OK : store_error(store, err);

    (void) sqlite3_reset(stmt);

    return rc;
}
