/*
 * The connection to PostgreSQL, and what its errors mean.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "postgresql_connection.h"


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


void
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


int
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


int
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


PGresult *
postgresql_result(postgresql_t *pg, mta_sts_err_t *err)
{
    while (PQisBusy(pg->conn)) {
        if (postgresql_wait(pg, err) != MTA_STS_OK) {
            return NULL;
        }
    }

    return PQgetResult(pg->conn);
}


int
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


int
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
