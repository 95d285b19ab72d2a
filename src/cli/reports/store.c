/*
 * The store of reports, an SQLite file.
 */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define STORE_VERSION  1
#define STORE_WAIT     60000          /* milliseconds for another writer */
#define STORE_COLUMNS  16


struct store_s {
    sqlite3       *db;
    char          *file;
    sqlite3_stmt  *insert[3];         /* of the three tables */
};


static const char  store_schema[] =
    "CREATE TABLE report (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE,"
    " organization TEXT NOT NULL, contact TEXT NOT NULL, name TEXT NOT NULL,"
    " signer TEXT NOT NULL, source TEXT NOT NULL, received INTEGER NOT NULL,"
    " begins INTEGER NOT NULL, ends INTEGER NOT NULL);"
    "CREATE INDEX report_ends ON report (ends);"
    "CREATE TABLE policy (id INTEGER PRIMARY KEY, report INTEGER NOT NULL"
    " REFERENCES report (id) ON DELETE CASCADE, type INTEGER NOT NULL,"
    " domain TEXT NOT NULL, mode TEXT NOT NULL, good INTEGER NOT NULL,"
    " failed INTEGER NOT NULL);"
    "CREATE INDEX policy_report ON policy (report);"
    "CREATE INDEX policy_domain ON policy (domain);"
    "CREATE TABLE detail (policy INTEGER NOT NULL"
    " REFERENCES policy (id) ON DELETE CASCADE, result TEXT NOT NULL,"
    " mx TEXT NOT NULL, reason TEXT NOT NULL, sessions INTEGER NOT NULL);"
    "CREATE INDEX detail_policy ON detail (policy);"
    "CREATE TABLE day (domain TEXT NOT NULL, type INTEGER NOT NULL,"
    " verified INTEGER NOT NULL, day INTEGER NOT NULL, good INTEGER NOT NULL,"
    " failed INTEGER NOT NULL, reports INTEGER NOT NULL,"
    " PRIMARY KEY (domain, type, verified, day)) WITHOUT ROWID;"
    "CREATE TABLE refused (reports INTEGER NOT NULL);"
    "INSERT INTO refused VALUES (0);"
    "PRAGMA user_version = 1;";

static const char *const  store_inserts[3] = {
    "INSERT INTO report (digest, organization, contact, name, signer, source,"
    " received, begins, ends) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO policy (report, type, domain, mode, good, failed)"
    " VALUES (?, ?, ?, ?, ?, ?)",
    "INSERT INTO detail VALUES (?, ?, ?, ?, ?)"
};


static int
store_error(store_t *store, mta_sts_err_t *err)
{
    return mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\": %s", store->file,
                         sqlite3_errmsg(store->db));
}


static int
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


/*
 * Switches a new file to WAL.  SQLite does not wait here for another process
 * that does the same.
 */

static void
store_wal(store_t *store)
{
    int  ms;

    for (ms = 0; ms < STORE_WAIT; ms += 10) {
        if (sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL,
                         NULL)
            != SQLITE_BUSY)
        {
            return;
        }

        (void) sqlite3_sleep(10);
    }
}


/* Creates the tables in a new file; two processes may do so at once. */

static int
store_upgrade(store_t *store, int create, mta_sts_err_t *err)
{
    int      rc;
    int64_t  version;

    if (create) {
        store_wal(store);

        if (store_begin(store, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    version = 0;
    rc = store_query(store, "PRAGMA user_version", NULL, 0, store_number,
                     &version, err);

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


store_t *
store_open(const char *dir, int create, mta_sts_err_t *err)
{
    int       flags;
    size_t    size;
    store_t  *store;

    size = strlen(dir) + sizeof("/reports.sqlite");

    store = diag_calloc(1, sizeof(store_t));
    store->file = diag_malloc(size);
    (void) snprintf(store->file, size, "%s/reports.sqlite", dir);

    flags = create ? SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE
                   : SQLITE_OPEN_READWRITE;

    /* who may only read, reads; WAL needs its other files to be there then */

    if (sqlite3_open_v2(store->file, &store->db, flags, NULL) != SQLITE_OK) {
        (void) store_error(store, err);
        store_close(store);
        return NULL;
    }

    (void) sqlite3_busy_timeout(store->db, STORE_WAIT);

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

    for (i = 0; i < 3; i++) {
        (void) sqlite3_finalize(store->insert[i]);
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


/*
 * Binds and runs an INSERT into a table: "s" is a slice, "i" an int64_t.
 * Returns the row's id, or -1.
 */

static int64_t
store_insert(store_t *store, size_t table, mta_sts_err_t *err,
    const char *types, ...)
{
    int             i, rc;
    va_list         args;
    sqlite3_stmt  **stmt;
    mta_sts_str_t   text;

    stmt = &store->insert[table];

    if (*stmt == NULL && sqlite3_prepare_v2(store->db, store_inserts[table],
                                            -1, stmt, NULL) != SQLITE_OK)
    {
        (void) store_error(store, err);
        return -1;
    }

    va_start(args, types);

    for (i = 0; types[i]; i++) {
        if (types[i] == 'i') {
            (void) sqlite3_bind_int64(*stmt, i + 1, va_arg(args, int64_t));
            continue;
        }

        text = va_arg(args, mta_sts_str_t);
        (void) sqlite3_bind_text(*stmt, i + 1, text.len ? text.data : "",
                                 (int) text.len, SQLITE_STATIC);
    }

    va_end(args);

    rc = sqlite3_step(*stmt);

    (void) sqlite3_reset(*stmt);

    if (rc != SQLITE_DONE) {
        (void) store_error(store, err);
        return -1;
    }

    return sqlite3_last_insert_rowid(store->db);
}


static int
store_policy(store_t *store, int64_t report, const reports_policy_t *policy,
    mta_sts_err_t *err)
{
    size_t                   i;
    int64_t                  id;
    const reports_detail_t  *detail;

    id = store_insert(store, 1, err, "iissii", report, (int64_t) policy->type,
                      policy->domain, policy->mode, policy->good,
                      policy->failed);

    for (i = 0; id != -1 && i < policy->n_details; i++) {
        detail = &policy->details[i];

        if (store_insert(store, 2, err, "isssi", id, detail->result,
                         detail->mx, detail->reason, detail->sessions)
            == -1)
        {
            return MTA_STS_ERROR;
        }
    }

    return id == -1 ? MTA_STS_ERROR : MTA_STS_OK;
}


/* A known report that nobody vouched for, and now somebody does. */

static int
store_verify(store_t *store, const reports_report_t *report,
    const reports_origin_t *origin, mta_sts_err_t *err)
{
    int            rc;
    sqlite3_stmt  *stmt;

    if (origin->signer.len == 0) {
        return MTA_STS_OK;
    }

    stmt = NULL;

    if (sqlite3_prepare_v2(store->db, "UPDATE report SET signer = ? "
                           "WHERE digest = ? AND signer = ''", -1, &stmt, NULL)
        != SQLITE_OK)
    {
        return store_error(store, err);
    }

    (void) sqlite3_bind_text(stmt, 1, origin->signer.data,
                             (int) origin->signer.len, SQLITE_STATIC);
    (void) sqlite3_bind_text(stmt, 2, report->digest, -1, SQLITE_STATIC);

    rc = sqlite3_step(stmt) == SQLITE_DONE ? MTA_STS_OK
                                           : store_error(store, err);

    (void) sqlite3_finalize(stmt);

    return rc;
}


int
store_add(store_t *store, const reports_report_t *report,
    const reports_origin_t *origin, store_result_e *result,
    mta_sts_err_t *err)
{
    size_t   i;
    int64_t  id;

    id = 0;

    if (store_query(store, "SELECT id FROM report WHERE digest = ?1",
                    report->digest, 0, store_number, &id, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (id) {
        *result = STORE_KNOWN;
        return store_verify(store, report, origin, err);
    }

    *result = STORE_NEW;

    id = store_insert(store, 0, err, "ssssssiii",
                      mta_sts_str_from(report->digest), report->organization,
                      report->contact, report->id, origin->signer,
                      origin->source, origin->received, report->begin,
                      report->end);

    if (id == -1) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < report->n_policies; i++) {
        if (store_policy(store, id, &report->policies[i], err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
store_refuse(store_t *store, mta_sts_err_t *err)
{
    return store_exec(store, "UPDATE refused SET reports = reports + 1", err);
}


int
store_drop(store_t *store, int64_t before, mta_sts_err_t *err)
{
    char  sql[800];

    (void) snprintf(sql, sizeof(sql),
        "BEGIN IMMEDIATE;"
        "INSERT INTO day SELECT p.domain, p.type, r.signer <> '' AS v,"
        " r.begins / 86400 * 86400 AS d, sum(p.good), sum(p.failed),"
        " count(DISTINCT r.id)"
        " FROM policy p JOIN report r ON r.id = p.report"
        " WHERE r.ends < %lld GROUP BY p.domain, p.type, v, d"
        " ON CONFLICT (domain, type, verified, day)"
        " DO UPDATE SET good = good + excluded.good,"
        " failed = failed + excluded.failed,"
        " reports = reports + excluded.reports;"
        "DELETE FROM report WHERE ends < %lld;"
        "COMMIT", (long long) before, (long long) before);

    return store_exec(store, sql, err);
}


int
store_query(store_t *store, const char *sql, const char *text, int64_t number,
    store_each_pt each, void *ctx, mta_sts_err_t *err)
{
    int            i, rc;
    const char    *columns[STORE_COLUMNS];
    sqlite3_stmt  *stmt;

    stmt = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return store_error(store, err);
    }

    /* a statement without the parameter takes none */

    (void) sqlite3_bind_text(stmt, 1, text ? text : "", -1, SQLITE_STATIC);
    (void) sqlite3_bind_int64(stmt, 2, number);

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (i = 0; i < sqlite3_column_count(stmt) && i < STORE_COLUMNS; i++) {
            columns[i] = (const char *) sqlite3_column_text(stmt, i);
            columns[i] = columns[i] ? columns[i] : "";
        }

        each(ctx, columns);
    }

    rc = rc == SQLITE_DONE ? MTA_STS_OK : store_error(store, err);

    (void) sqlite3_finalize(stmt);

    return rc;
}
