/*
 * PostgreSQL, and what speaks its protocol.
 *
 * Rows come one by one (libpq's single-row mode), so that ten million of them
 * take no more memory than one, with nothing but standard SQL.  LISTEN and the
 * default queries, for the tables of sql/postgresql.sql, are PostgreSQL's own.
 */

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "columns.h"
#include "engine.h"


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


typedef struct {
    const char               *url;
    const source_settings_t  *settings;
    const char               *query;
    const char               *changes;      /* or NULL */
    PGconn                   *conn;         /* or NULL */
    int                       noticed;      /* and not reported yet */
    columns_t                 columns;
} postgresql_t;


/* What to do about an error, by the code of the SQL standard. */

static const struct {
    const char  *state;
    const char  *advice;
} postgresql_advice[] = {
    { "42P01", ": create it with postgresql.sql, or name another one with "
               "--query and --changes" },
    { "42703", ": see the columns that --query and --changes select" },
    { "42501", ": GRANT SELECT on the tables to the user of the URL" },
    { "25006", ": the queries must only read" },
    { "08P01", ": the changes query has one parameter, $1" },
    { "42P18", ": the changes query has one parameter, $1, such as "
               "$1::bigint" },
    { "22P02", ": is the column \"cursor\" of the type of $1?" }
};


static void
postgresql_disconnect(postgresql_t *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->noticed = 0;
}


/* A message of several lines becomes one. */

static void
postgresql_join(char *to, size_t size, const char *message)
{
    size_t  n;

    for (n = 0; *message && n < size - 1; message++) {

        if (strchr(" \t\n", *message) == NULL) {
            to[n++] = *message;

        } else if (n && to[n - 1] != ' ') {
            to[n++] = ' ';
        }
    }

    if (n && to[n - 1] == ' ') {
        n--;
    }

    to[n] = '\0';
}


static int
postgresql_lost(postgresql_t *pg, mta_sts_err_t *err)
{
    char         text[300];
    const char  *advice;

    postgresql_join(text, sizeof(text), PQerrorMessage(pg->conn));

    advice = PQconnectionNeedsPassword(pg->conn)
             || (PQconnectionUsedPassword(pg->conn)
                 && PQstatus(pg->conn) != CONNECTION_OK
                 && strstr(text, "password"))
             ? ": passwords come from the file ~/.pgpass, or PGPASSFILE" : "";

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "PostgreSQL: %s%s",
                         text[0] ? text : "the connection is lost", advice);

    postgresql_disconnect(pg);

    return MTA_STS_ERROR;
}


static int
postgresql_refused(postgresql_t *pg, const PGresult *result,
    mta_sts_err_t *err)
{
    char         text[300];
    size_t       i;
    const char  *state, *message, *advice;

    state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (state == NULL || message == NULL) {
        return postgresql_lost(pg, err);
    }

    postgresql_join(text, sizeof(text), message);

    for (i = 0, advice = "";
         i < sizeof(postgresql_advice) / sizeof(postgresql_advice[0]); i++)
    {
        if (strcmp(state, postgresql_advice[i].state) == 0) {
            advice = postgresql_advice[i].advice;
        }
    }

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "PostgreSQL: %s%s", text,
                         advice);

    postgresql_disconnect(pg);

    return MTA_STS_ERROR;
}


static int64_t
postgresql_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/* Waits until the server has sent something. */

static int
postgresql_wait(postgresql_t *pg, mta_sts_err_t *err)
{
    int            n;
    int64_t        end, left;
    struct pollfd  fd;

    fd.fd = PQsocket(pg->conn);
    fd.events = POLLIN;
    end = postgresql_clock() + (int64_t) pg->settings->timeout * 1000;

    do {
        left = end - postgresql_clock();
        n = poll(&fd, 1, left > 0 ? (int) left : 0);
    } while (n == -1 && errno == EINTR && !pg->settings->stopped());

    if (n == -1) {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "poll()",
                                   mta_sts_str(""));
        postgresql_disconnect(pg);
        return MTA_STS_ERROR;
    }

    if (n == 0) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "PostgreSQL: the server has "
                             "sent nothing for %u seconds",
                             pg->settings->timeout);
        postgresql_disconnect(pg);
        return MTA_STS_ERROR;
    }

    if (!PQconsumeInput(pg->conn)) {
        return postgresql_lost(pg, err);
    }

    return MTA_STS_OK;
}


/* The next result; NULL if there is none, or for an error. */

static PGresult *
postgresql_result(postgresql_t *pg, mta_sts_err_t *err)
{
    while (PQisBusy(pg->conn)) {
        if (postgresql_wait(pg, err) != MTA_STS_OK) {
            return NULL;
        }
    }

    return PQgetResult(pg->conn);
}


/* Runs a command that gives no rows. */

static int
postgresql_command(postgresql_t *pg, const char *sql, mta_sts_err_t *err)
{
    int        rc;
    PGresult  *result;

    if (!PQsendQuery(pg->conn, sql)) {
        return postgresql_lost(pg, err);
    }

    rc = MTA_STS_OK;

    while (rc == MTA_STS_OK && (result = postgresql_result(pg, err)) != NULL) {

        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            rc = postgresql_refused(pg, result, err);
        }

        PQclear(result);
    }

    return pg->conn ? rc : MTA_STS_ERROR;
}


static int
postgresql_listen(postgresql_t *pg, mta_sts_err_t *err)
{
    int      rc;
    char    *channel, *sql;
    size_t   size;

    channel = PQescapeIdentifier(pg->conn, pg->settings->listen,
                                 strlen(pg->settings->listen));

    if (channel == NULL) {
        return postgresql_lost(pg, err);
    }

    size = strlen(channel) + sizeof("LISTEN ");
    sql = diag_malloc(size);

    (void) snprintf(sql, size, "LISTEN %s", channel);

    rc = postgresql_command(pg, sql, err);

    free(sql);
    PQfreemem(channel);

    return rc;
}


/* NOTICE and WARNING are not for a log that has a line per event. */

static void
postgresql_silent(void *ctx, const PGresult *result)
{
    (void) ctx;
    (void) result;
}


static int
postgresql_connect(postgresql_t *pg, mta_sts_err_t *err)
{
    char  timeout[20];

    /* what comes after the URL replaces what it says, the rest does not */

    const char *const  names[] = {
        "connect_timeout", "tcp_user_timeout", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "fallback_application_name",
        "dbname", "client_encoding", NULL
    };
    const char *const  values[] = {
        timeout, "20000", "10", "5", "3", "mta-sts follow", pg->url, "UTF8",
        NULL
    };

    (void) snprintf(timeout, sizeof(timeout), "%u", pg->settings->timeout);

    pg->conn = PQconnectdbParams(names, values, 1);

    if (pg->conn == NULL) {
        return mta_sts_error_memory(err);
    }

    if (PQstatus(pg->conn) != CONNECTION_OK) {
        return postgresql_lost(pg, err);
    }

    (void) PQsetNoticeReceiver(pg->conn, postgresql_silent, NULL);

    if (pg->settings->listen) {
        return postgresql_listen(pg, err);
    }

    return MTA_STS_OK;
}


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
        || postgresql_rows(pg, pg->query, NULL, events, err) != MTA_STS_OK
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
        || postgresql_rows(pg, pg->changes, cursor, events, err) != MTA_STS_OK
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


static int
postgresql_has_changes(const void *data)
{
    const postgresql_t  *pg = data;

    return pg->changes != NULL;
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
    pg->query = settings->query ? settings->query : POSTGRESQL_QUERY;
    pg->changes = settings->query || settings->changes ? settings->changes
                                                       : POSTGRESQL_CHANGES;
    pg->columns.has_changes = pg->changes != NULL;

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
    .has_changes = postgresql_has_changes,
    .fd = postgresql_fd,
    .notices = postgresql_notices
};
