/*
 * A file or standard input, whatever its size, in bounded memory: an mbox is
 * read mail by mail, anything else is one report or mail.
 *
 *     data:  | a mail, from "From " on | the beginning of the next one |
 *             0                         ^ "\nFrom "           len
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define STREAM_CHUNK  65536


typedef struct {
    reports_input_t  *input;
    int               fd;
    char             *data;
    size_t            len;
    size_t            size;
    size_t            scanned;        /* of data, for the next mail */
    int               eof;
    int               skipping;       /* the rest of a mail that is too large */
    size_t            mails;
    size_t            parts;          /* of all mails */
} stream_t;


static const char  stream_from[] = "\nFrom ";

#define STREAM_FROM  (sizeof(stream_from) - 1)


/*
 * Reads into what is left of the buffer, so that the end of a small file needs
 * no larger one.  What read() reports is why the input is bad.
 */

static int
stream_read(stream_t *stream)
{
    ssize_t  n;

    if (stream->len == stream->size) {
        stream->size = 2 * stream->size + STREAM_CHUNK;
        stream->data = diag_realloc(stream->data, stream->size);
    }

    do {
        n = read(stream->fd, stream->data + stream->len,
                 stream->size - stream->len);
    } while (n == -1 && errno == EINTR);

    if (n == -1) {
        stream->input->bad = 1;
        stream->input->unread = 1;
        return mta_sts_error(&stream->input->why, MTA_STS_NOWHERE, "read() "
                             "failed (%d: %s)", errno, strerror(errno));
    }

    stream->len += (size_t) n;
    stream->eof = n == 0;

    return MTA_STS_OK;
}


/* Adds one report or mail; its memory is freed. */

static int
stream_piece(stream_t *stream, size_t len)
{
    int               rc;
    mta_sts_str_t     piece;
    mta_sts_env_t     env;
    reports_input_t  *input;
    mta_sts_arena_t   arena = { NULL, 0 };

    input = stream->input;
    env = input->env;
    input->env.ctx = &arena;

    piece.data = stream->data;
    piece.len = len;

    rc = reports_add_data(input, piece);

    if (rc == MTA_STS_OK && input->bad && input->keep) {
        rc = input->keep(input, piece);
    }

    mta_sts_arena_free(&arena);
    input->env = env;

    return rc;
}


/* A mail that is too large; only the reason is kept. */

static int
stream_large(stream_t *stream)
{
    char              name[32];
    reports_input_t  *input;

    input = stream->input;
    input->bad = 1;

    (void) snprintf(name, sizeof(name), "mail %zu", stream->mails);
    (void) mta_sts_error(&input->why, MTA_STS_NOWHERE, "%s has more than %d "
                         "MiB", stream->mails ? name : "it",
                         REPORTS_MAIL_MAX >> 20);

    return input->keep ? input->keep(input, mta_sts_str("")) : MTA_STS_OK;
}


/*
 * Adds the mail that ends at len.  A mail without a report is nothing bad in an
 * mbox that has others.
 */

static int
stream_mail(stream_t *stream, size_t len)
{
    int               rc, bad;
    mta_sts_err_t     why;
    reports_input_t  *input;

    input = stream->input;
    bad = input->bad;
    why = input->why;

    input->parts = 0;
    input->bad = 0;
    stream->mails++;

    if (stream->skipping) {
        stream->skipping = 0;
        input->parts = 1;
        rc = stream_large(stream);

    } else {
        rc = stream_piece(stream, len);
    }

    if (bad || (input->bad && input->parts == 0)) {
        input->bad = bad;
        input->why = why;
    }

    stream->parts += input->parts;

    return rc;
}


/* Removes what is done from the data. */

static void
stream_drop(stream_t *stream, size_t len)
{
    stream->len -= len;
    memmove(stream->data, stream->data + len, stream->len);
    stream->scanned = 0;
}


/* The offset of the line that begins the next mail, or 0. */

static size_t
stream_next(stream_t *stream)
{
    size_t       rest;
    const char  *p;

    for ( ;; ) {
        rest = stream->len - stream->scanned;
        p = memchr(stream->data + stream->scanned, '\n', rest);

        if (p == NULL) {
            stream->scanned = stream->len;
            return 0;
        }

        stream->scanned = (size_t) (p - stream->data);

        if (stream->len - stream->scanned < STREAM_FROM) {
            return 0;
        }

        if (memcmp(p, stream_from, STREAM_FROM) == 0) {
            return stream->scanned + 1;
        }

        stream->scanned++;
    }
}


static int
stream_mbox(stream_t *stream)
{
    int     rc;
    size_t  next;

    for ( ;; ) {
        next = stream_next(stream);

        if (next) {
            rc = stream_mail(stream, next);
            stream_drop(stream, next);

            if (rc != MTA_STS_OK) {
                return rc;
            }

            continue;
        }

        if (stream->eof) {
            break;
        }

        if (stream->len > REPORTS_MAIL_MAX || stream->skipping) {
            stream->skipping = 1;
            stream_drop(stream, stream->scanned);
        }

        if (stream_read(stream) != MTA_STS_OK) {
            return MTA_STS_OK;
        }
    }

    if (stream_mail(stream, stream->len) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (stream->parts == 0) {
        stream->input->bad = 1;
        (void) mta_sts_error(&stream->input->why, MTA_STS_NOWHERE, "none of "
                             "%zu mails has a TLS report", stream->mails);
    }

    return MTA_STS_OK;
}


/* A report or a mail: the whole of it, as far as one may be large. */

static int
stream_single(stream_t *stream)
{
    while (!stream->eof && stream->len <= REPORTS_MAIL_MAX) {
        if (stream_read(stream) != MTA_STS_OK) {
            return MTA_STS_OK;
        }
    }

    return stream->len > REPORTS_MAIL_MAX ? stream_large(stream)
                                          : stream_piece(stream, stream->len);
}


int
reports_add_fd(reports_input_t *input, int fd)
{
    int       rc;
    stream_t  stream;

    memset(&stream, 0, sizeof(stream_t));

    stream.input = input;
    stream.fd = fd;

    while (!stream.eof && stream.len < STREAM_FROM) {
        if (stream_read(&stream) != MTA_STS_OK) {
            free(stream.data);
            return MTA_STS_OK;
        }
    }

    rc = !input->posted && !input->single && stream.len >= STREAM_FROM
         && memcmp(stream.data, stream_from + 1, STREAM_FROM - 1) == 0
         ? stream_mbox(&stream) : stream_single(&stream);

    free(stream.data);

    return rc;
}
