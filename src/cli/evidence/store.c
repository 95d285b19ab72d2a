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


#define STORE_VERSION  1
#define STORE_WAIT     60000          /* milliseconds for another writer */
#define STORE_COLUMNS  16
#define STORE_KEPT     24             /* statements */


struct store_s {
    sqlite3       *db;
    char          *file;

    struct {
        const char    *sql;
        sqlite3_stmt  *stmt;
    } kept[STORE_KEPT];
};


/* A policy repeats the end of its report, for queries about a domain's days. */

static const char  store_schema[] =
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
    "INSERT INTO dropped VALUES (0, 0);"
    "PRAGMA user_version = 1;";


static int
store_error(store_t *store, mta_sts_err_t *err)
{
    return mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\": %s", store->file,
                         sqlite3_errmsg(store->db));
}


int
store_exec(store_t *store, const char *sql, mta_sts_err_t *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK
           ? MTA_STS_OK : store_error(store, err);
}


static void
store_number(void *ctx, const char *const *columns)
{
    *(int64_t *) ctx = strtoll(columns[0], NULL, 10);
}


/* Creates the tables in a new file; two processes may do so at once. */

static int
store_upgrade(store_t *store, int create, mta_sts_err_t *err)
{
    int      rc;
    int64_t  version;

    if (create) {
        sqlite_wal(store->db, STORE_WAIT);

        if (store_begin(store, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    version = 0;
    rc = store_query(store, "PRAGMA user_version", mta_sts_str(""), 0,
                     store_number, &version, err);

    if (rc != MTA_STS_OK) {
        return rc;
    }

    if (version > STORE_VERSION || (version == 0 && !create)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, version ? "\"%s\" was "
                             "written by a newer mta-sts" : "\"%s\" is not a "
                             "store of reports", store->file);
    }

    if (version == 0 && store_exec(store, store_schema, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return create ? store_commit(store, err) : MTA_STS_OK;
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
store_error_open(store_t *store, int create, mta_sts_err_t *err)
{
    int  number;

    number = sqlite3_system_errno(store->db);

    if (number == ENOENT && !create) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "there is no \"%s\", which "
                             "\"mta-sts reports add\" makes", store->file);
    }

    if (number == 0) {
        return store_error(store, err);
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
    int       flags, keep;
    store_t  *store;

    store = diag_calloc(1, sizeof(store_t));
    store->file = store_file(dir);

    flags = create ? SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE
                   : SQLITE_OPEN_READWRITE;

    if (create) {
        store_create(store->file);
    }

    /* who may only read, reads; WAL needs its other files to be there then */

    if (sqlite3_open_v2(store->file, &store->db, flags, NULL) != SQLITE_OK) {
        (void) store_error_open(store, create, err);
        store_close(store);
        return NULL;
    }

    (void) sqlite3_busy_timeout(store->db, STORE_WAIT);

    keep = 1;
    (void) sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL,
                                &keep);

    if (store_exec(store, "PRAGMA foreign_keys = ON", err) != MTA_STS_OK
        || store_upgrade(store, create, err) != MTA_STS_OK)
    {
        store_close(store);
        return NULL;
    }

    return store;
}


void
store_close(store_t *store)
{
    size_t  i;

    for (i = 0; i < STORE_KEPT; i++) {
        (void) sqlite3_finalize(store->kept[i].stmt);
    }

    (void) sqlite3_close(store->db);

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


/* The prepared statement of an SQL text; NULL and err on failure. */

static sqlite3_stmt *
store_prepare(store_t *store, const char *sql, mta_sts_err_t *err)
{
    size_t  i;

    for (i = 0; i < STORE_KEPT - 1 && store->kept[i].sql; i++) {
        if (store->kept[i].sql == sql) {
            return store->kept[i].stmt;
        }
    }

    /* the last place is for those that come when all others are taken */

    (void) sqlite3_finalize(store->kept[i].stmt);

    store->kept[i].sql = NULL;
    store->kept[i].stmt = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &store->kept[i].stmt, NULL)
        != SQLITE_OK)
    {
        (void) store_error(store, err);
        return NULL;
    }

    store->kept[i].sql = sql;

    return store->kept[i].stmt;
}


int64_t
store_run(store_t *store, const char *sql, mta_sts_err_t *err,
    const char *types, ...)
{
    int             i, rc;
    va_list         args;
    sqlite3_stmt   *stmt;
    mta_sts_str_t   text;

    stmt = store_prepare(store, sql, err);

    if (stmt == NULL) {
        return -1;
    }

    va_start(args, types);

    for (i = 0; types[i]; i++) {
        if (types[i] == 'i') {
            (void) sqlite3_bind_int64(stmt, i + 1, va_arg(args, int64_t));
            continue;
        }

        text = va_arg(args, mta_sts_str_t);
        (void) sqlite3_bind_text(stmt, i + 1, text.len ? text.data : "",
                                 (int) text.len, SQLITE_STATIC);
    }

    va_end(args);

    rc = sqlite3_step(stmt);

    if (rc != SQLITE_DONE) {
        (void) store_error(store, err);
    }

    (void) sqlite3_reset(stmt);

    return rc == SQLITE_DONE ? sqlite3_last_insert_rowid(store->db) : -1;
}


int
store_query(store_t *store, const char *sql, mta_sts_str_t text,
    int64_t number, store_each_pt each, void *ctx, mta_sts_err_t *err)
{
    int            i, rc;
    const char    *columns[STORE_COLUMNS];
    sqlite3_stmt  *stmt;

    stmt = store_prepare(store, sql, err);

    if (stmt == NULL) {
        return MTA_STS_ERROR;
    }

    /* a statement without the parameter takes none */

    (void) sqlite3_bind_text(stmt, 1, text.len ? text.data : "",
                             (int) text.len, SQLITE_STATIC);
    (void) sqlite3_bind_int64(stmt, 2, number);

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
