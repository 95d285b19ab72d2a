/*
 * Lines on standard input.
 *
 *     set DOMAIN POLICY
 *     set DOMAIN mode=MODE mx=PATTERN,PATTERN max_age=TIME tlsrpt_rua=URI,URI
 *     delete DOMAIN
 *     begin                  what follows, up to "end", are all domains
 *     end
 *
 * An empty line, or one that begins with "#", means nothing.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine.h"


/* A policy may have 32 KiB, in which an mx needs fewer bytes than here. */

#define LINES_MAX   65536             /* bytes of a line */
#define LINES_READ  (16 * LINES_MAX)  /* bytes that one call reads at most */


typedef struct {
    int            fd;
    int            ended;
    int            snapshot;          /* between "begin" and "end" */
    int            too_long;          /* its end is still to come */
    int            rows;              /* this call has reported changes */
    int            more;              /* there may be lines for another */
    unsigned long  number;            /* of the last line, or row of a
                                         snapshot */
    size_t         len;
    char           buf[LINES_MAX];
} lines_t;


static void *
lines_open(const char *url, const source_settings_t *settings,
    mta_sts_err_t *err)
{
    lines_t  *lines;

    (void) url;
    (void) settings;

    lines = malloc(sizeof(lines_t));

    if (lines == NULL) {
        (void) mta_sts_error_memory(err);
        return NULL;
    }

    lines->fd = STDIN_FILENO;
    lines->ended = 0;
    lines->snapshot = 0;
    lines->too_long = 0;
    lines->more = 0;
    lines->number = 0;
    lines->len = 0;

    return lines;
}


static int
lines_is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r';
}


/* Takes a word from the beginning of line; empty at its end. */

static mta_sts_str_t
lines_word(mta_sts_str_t *line)
{
    size_t         n;
    mta_sts_str_t  word;

    for (n = 0; n < line->len && lines_is_space(line->data[n]); n++) {
        /* void */
    }

    word = mta_sts_str_after(*line, n);

    for (n = 0; n < word.len && !lines_is_space(word.data[n]); n++) {
        /* void */
    }

    *line = mta_sts_str_after(word, n);
    word.len = n;

    return word;
}


/* Sets what "NAME=VALUE" means.  Returns 0 if it is nothing of a row. */

static int
lines_assign(source_row_t *row, mta_sts_str_t word, mta_sts_err_t *why)
{
    size_t          i;
    mta_sts_str_t  *where;

    struct {
        mta_sts_str_t   name;
        mta_sts_str_t  *where;
    } names[] = {
        { mta_sts_str("policy="), &row->policy },
        { mta_sts_str("mode="), &row->mode },
        { mta_sts_str("mx="), &row->mx },
        { mta_sts_str("max_age="), &row->max_age },
        { mta_sts_str("tlsrpt_rua="), &row->tlsrpt_rua }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        where = names[i].where;

        if (!mta_sts_str_starts(word, names[i].name)) {
            continue;
        }

        if (where->data) {
            (void) mta_sts_error(why, MTA_STS_NOWHERE, "duplicate \"%.*s\"",
                                 (int) names[i].name.len - 1,
                                 names[i].name.data);
            return 0;
        }

        *where = mta_sts_str_after(word, names[i].name.len);

        return 1;
    }

    /* one word without "=" is the name of a policy */

    if (row->policy.data == NULL && memchr(word.data, '=', word.len) == NULL) {
        row->policy = word;
        return 1;
    }

    (void) mta_sts_error(why, MTA_STS_NOWHERE, "\"%.*s\" must be the name of a "
                         "policy, or mode=, mx=, max_age= or tlsrpt_rua= and a "
                         "value", MTA_STS_SHOW(word));

    return 0;
}


/* Reads the rest of "set" or "delete".  Returns 0 with the reason. */

static int
lines_row(source_row_t *row, mta_sts_str_t line, int snapshot,
    mta_sts_err_t *why)
{
    mta_sts_str_t  word;

    row->domain = lines_word(&line);

    if (row->domain.len == 0) {
        (void) mta_sts_error(why, MTA_STS_NOWHERE, "a domain must follow "
                             "\"%s\"", row->removed ? "delete" : "set");
        return 0;
    }

    /* what follows a NUL would be missing in every message */

    if (memchr(line.data, '\0', line.len)) {
        (void) mta_sts_error(why, MTA_STS_NOWHERE, "a line must not have a "
                             "NUL");
        return 0;
    }

    while ((word = lines_word(&line)).len) {

        if (row->removed) {
            (void) mta_sts_error(why, MTA_STS_NOWHERE, "nothing may follow "
                                 "the domain of \"delete\"");
            return 0;
        }

        if (!lines_assign(row, word, why)) {
            return 0;
        }
    }

    if (row->removed && snapshot) {
        (void) mta_sts_error(why, MTA_STS_NOWHERE, "\"delete\" is not for a "
                             "snapshot, which has all domains");
        return 0;
    }

    return 1;
}


/* Handles one line, without its end. */

static int
lines_one(lines_t *lines, mta_sts_str_t line, const source_events_t *events,
    mta_sts_err_t *err)
{
    source_row_t   row;
    mta_sts_str_t  command;
    mta_sts_err_t  why;

    memset(&row, 0, sizeof(source_row_t));

    command = lines_word(&line);
    row.number = ++lines->number;

    if (command.len == 0 || command.data[0] == '#') {
        return MTA_STS_OK;
    }

    if (mta_sts_str_eq(command, mta_sts_str("begin"))) {
        if (lines->rows) {
            lines->number--;
            lines->more = 1;
            return MTA_STS_OK;
        }

        lines->snapshot = 1;
        events->begin(events->ctx);
        return MTA_STS_OK;
    }

    if (mta_sts_str_eq(command, mta_sts_str("end")) && lines->snapshot) {
        lines->snapshot = 0;
        lines->more = 1;
        lines->rows = 0;
        events->end(events->ctx);
        return MTA_STS_OK;
    }

    row.removed = mta_sts_str_eq(command, mta_sts_str("delete"));

    if (!row.removed && !mta_sts_str_eq(command, mta_sts_str("set"))) {
        (void) mta_sts_error(&why, MTA_STS_NOWHERE, "\"%.*s\" must be \"set\", "
                             "\"delete\", \"begin\", or \"end\" after it",
                             MTA_STS_SHOW(command));

    } else if (lines_row(&row, line, lines->snapshot, &why)) {
        lines->rows = !lines->snapshot;
        return events->row(events->ctx, &row, err);
    }

    events->bad(events->ctx, &row, &why);

    return MTA_STS_OK;
}


static void
lines_too_long(lines_t *lines, const source_events_t *events)
{
    source_row_t   row;
    mta_sts_err_t  why;
    mta_sts_str_t  line = { lines->buf, lines->len };

    memset(&row, 0, sizeof(source_row_t));

    row.number = lines->number + 1;

    (void) lines_word(&line);
    row.domain = lines_word(&line);

    (void) mta_sts_error(&why, MTA_STS_NOWHERE, "the line has more than %d "
                         "bytes", LINES_MAX);

    events->bad(events->ctx, &row, &why);
}


/*
 * Handles the lines of the buffer that are complete, up to where a call ends,
 * and keeps the rest.
 */

static int
lines_all(lines_t *lines, const source_events_t *events, mta_sts_err_t *err)
{
    int            rc;
    char          *lf;
    mta_sts_str_t  line, rest;

    rc = MTA_STS_OK;
    rest.data = lines->buf;
    rest.len = lines->len;

    while (rc == MTA_STS_OK && !lines->more && rest.len
           && (lf = memchr(rest.data, '\n', rest.len)) != NULL)
    {
        line = rest;
        line.len = (size_t) (lf - line.data);

        if (lines->too_long) {
            lines->too_long = 0;
            lines->number++;

        } else {
            rc = lines_one(lines, line, events, err);

            /* before a snapshot: its first line is for another call */

            if (lines->more && lines->rows) {
                break;
            }
        }

        rest = mta_sts_str_after(rest, line.len + 1);
    }

    if (rest.len == LINES_MAX && !lines->more) {
        if (!lines->too_long) {
            lines_too_long(lines, events);
        }

        lines->too_long = 1;
        rest.len = 0;
    }

    memmove(lines->buf, rest.data, rest.len);
    lines->len = rest.len;

    return rc;
}


/*
 * Reads without waiting.  The flag O_NONBLOCK would be that of other processes,
 * too, which have the same terminal or pipe: poll() first.
 */

static int
lines_changes(void *data, const source_events_t *events, mta_sts_err_t *err)
{
    int            rc;
    size_t         total;
    ssize_t        n;
    lines_t       *lines;
    struct pollfd  pfd;

    lines = data;

    pfd.fd = lines->fd;
    pfd.events = POLLIN;

    lines->rows = 0;
    lines->more = 0;

    rc = lines_all(lines, events, err);

    for (total = 0; total < LINES_READ && !lines->ended && rc == MTA_STS_OK; ) {

        if (lines->more || poll(&pfd, 1, 0) < 1) {
            return rc;
        }

        n = read(lines->fd, lines->buf + lines->len, LINES_MAX - lines->len);

        if (n == -1) {
            if (errno == EINTR || errno == EAGAIN) {
                return MTA_STS_OK;
            }

            lines->ended = 1;
            return mta_sts_error_errno(err, MTA_STS_NOWHERE, "read()",
                                       mta_sts_str("standard input"));
        }

        lines->ended = n == 0;
        lines->len += (size_t) n;
        total += (size_t) n;

        rc = lines_all(lines, events, err);
    }

    lines->more |= total >= LINES_READ;

    if (rc == MTA_STS_OK && lines->ended && !lines->more
        && (lines->len || lines->snapshot))
    {
        lines->len = 0;

        return mta_sts_error(err, MTA_STS_NOWHERE, "standard input ends within "
                             "a %s, which is ignored",
                             lines->snapshot ? "snapshot" : "line");
    }

    return rc;
}


static void
lines_close(void *data)
{
    free(data);
}


static int
lines_fd(const void *data)
{
    return ((const lines_t *) data)->ended ? -1 : ((const lines_t *) data)->fd;
}


static int
lines_more(const void *data)
{
    return ((const lines_t *) data)->more;
}


static int
lines_ended(const void *data)
{
    return ((const lines_t *) data)->ended && !lines_more(data);
}


const engine_t  engine_lines = {
    .name = "lines",
    .schemes = { "-" },
    .open = lines_open,
    .close = lines_close,
    .read = lines_changes,
    .changes = lines_changes,
    .fd = lines_fd,
    .more = lines_more,
    .ended = lines_ended
};
