/*
 * PostgreSQL, and what speaks its protocol.
 *
 * Rows come one by one (libpq's single-row mode), so that ten million of them
 * take no more memory than one, with nothing but standard SQL.  LISTEN and the
 * default queries, for the tables of sql/postgresql.sql, are PostgreSQL's own.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "engine.h"
#include "postgresql_connection.h"


/*
 * A transaction that commits late has an old number: its changes have numbers
 * from the oldest one that was running, xmin, on, and so has the next query.
 */

#define POSTGRESQL_CURSOR  "pg_snapshot_xmin(pg_current_snapshot())"

#define POSTGRESQL_QUERY                                                      \
    "SELECT domain, policy, mode, mx, max_age, tlsrpt_rua, "                  \
    POSTGRESQL_CURSOR " AS cursor FROM mta_sts_domains"

#define POSTGRESQL_CHANGES                                                    \
    "SELECT domain, policy, mode, mx, max_age, tlsrpt_rua, "                  \
    "d.domain IS NULL AS removed, " POSTGRESQL_CURSOR " AS cursor "           \
    "FROM mta_sts_changes c LEFT JOIN mta_sts_domains d USING (domain) "      \
    "WHERE c.xid >= $1::xid8"


static int
postgresql_columns(postgresql_t *pg, const PGresult *result,
    mta_sts_err_t *err)
{
    int  i;

    for (i = 0; i < PQnfields(result); i++) {
        if (columns_name(&pg->columns, i, PQfname(result, i), err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return columns_check(&pg->columns, err);
}


/* A row, or, after the last one, a result without rows. */

static int
postgresql_row(postgresql_t *pg, const PGresult *result, int first,
    const source_events_t *events, mta_sts_err_t *err)
{
    int              i;
    mta_sts_str_t    values[COLUMNS];
    ExecStatusType   status;

    status = PQresultStatus(result);

    if (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "PostgreSQL: the query "
                             "gives no rows, must be a SELECT");
    }

    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
        return postgresql_refused(pg, result, err);
    }

    if (first && postgresql_columns(pg, result, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (status == PGRES_TUPLES_OK) {
        return MTA_STS_OK;
    }

    for (i = 0; i < PQnfields(result); i++) {
        values[i].data = PQgetisnull(result, 0, i) ? NULL
                                                   : PQgetvalue(result, 0, i);
        values[i].len = (size_t) PQgetlength(result, 0, i);
    }

    return columns_row(&pg->columns, values, events, err);
}


static int
postgresql_rows(postgresql_t *pg, const char *sql, const char *cursor,
    const source_events_t *events, mta_sts_err_t *err)
{
    int        rc, first;
    PGresult  *result;

    columns_begin(&pg->columns, cursor == NULL);

    if (!PQsendQueryParams(pg->conn, sql, cursor ? 1 : 0, NULL, &cursor, NULL,
                           NULL, 0)
        || !PQsetSingleRowMode(pg->conn))
    {
        return postgresql_lost(pg, err);
    }

    rc = MTA_STS_OK;

    for (first = 1; rc == MTA_STS_OK; first = 0) {

        result = postgresql_result(pg, err);

        if (result == NULL) {
            break;
        }

        rc = postgresql_row(pg, result, first, events, err);
        PQclear(result);
    }

    if (rc != MTA_STS_OK) {
        postgresql_disconnect(pg);
    }

    return pg->conn ? MTA_STS_OK : MTA_STS_ERROR;
}


static int
postgresql_read(void *data, const source_events_t *events, mta_sts_err_t *err)
{
    postgresql_t  *pg = data;

    if (pg->conn == NULL && postgresql_connect(pg, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    events->begin(events->ctx);

    if (postgresql_command(pg, "START TRANSACTION ISOLATION LEVEL REPEATABLE "
                           "READ, READ ONLY", err) != MTA_STS_OK
        || postgresql_rows(pg, pg->columns.query, NULL, events, err)
           != MTA_STS_OK
        || postgresql_command(pg, "COMMIT", err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    columns_end(&pg->columns);
    events->end(events->ctx);

    return MTA_STS_OK;
}


static int
postgresql_changes(void *data, const source_events_t *events,
    mta_sts_err_t *err)
{
    const char    *cursor;
    postgresql_t  *pg = data;

    cursor = columns_cursor(&pg->columns);

    /* there was no row that could have had one */

    if (pg->conn == NULL || cursor == NULL) {
        return postgresql_read(data, events, err);
    }

    if (postgresql_command(pg, "START TRANSACTION READ ONLY", err)
        != MTA_STS_OK
        || postgresql_rows(pg, pg->columns.changes, cursor, events, err)
           != MTA_STS_OK
        || postgresql_command(pg, "COMMIT", err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    columns_end(&pg->columns);

    return MTA_STS_OK;
}


static int
postgresql_notices(void *data, int *noticed, mta_sts_err_t *err)
{
    PGnotify      *notify;
    postgresql_t  *pg = data;

    *noticed = 0;

    if (pg->conn == NULL) {
        return MTA_STS_OK;
    }

    if (!PQconsumeInput(pg->conn)) {
        return postgresql_lost(pg, err);
    }

    while ((notify = PQnotifies(pg->conn)) != NULL) {
        *noticed = 1;
        PQfreemem(notify);
    }

    return MTA_STS_OK;
}


static int
postgresql_fd(const void *data)
{
    const postgresql_t  *pg = data;

    return pg->conn ? PQsocket(pg->conn) : -1;
}


/* Connects to nothing: only the syntax of the URL is verified. */

static void *
postgresql_open(const char *url, const source_settings_t *settings,
    mta_sts_err_t *err)
{
    char              *why;
    postgresql_t      *pg;
    PQconninfoOption  *options;

    why = NULL;
    options = PQconninfoParse(url, &why);

    if (options == NULL) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "invalid URL of a source: "
                             "%.*s", why ? (int) strcspn(why, "\n") : 0,
                             why ? why : "");
        PQfreemem(why);
        return NULL;
    }

    PQconninfoFree(options);

    pg = diag_calloc(1, sizeof(postgresql_t));

    pg->url = url;
    pg->settings = settings;

    columns_init(&pg->columns, settings, POSTGRESQL_QUERY, POSTGRESQL_CHANGES);

    return pg;
}


static void
postgresql_close(void *data)
{
    postgresql_t  *pg = data;

    postgresql_disconnect(pg);
    columns_free(&pg->columns);
    free(pg);
}


const engine_t  engine_postgresql = {
    .name = "postgresql",
    .schemes = { "postgresql://", "postgres://" },
    .takes = ENGINE_SQL|ENGINE_LISTEN,
    .open = postgresql_open,
    .close = postgresql_close,
    .read = postgresql_read,
    .changes = postgresql_changes,
    .fd = postgresql_fd,
    .notices = postgresql_notices
};
