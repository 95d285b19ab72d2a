/*
 * The lines that a server sends before, or instead of, a body.
 */

#include <stdio.h>
#include <strings.h>

#include "probe.h"


/* Copies a value without its white space and line end, truncated to size. */

static void
head_keep(char *buf, size_t size, mta_sts_str_t value)
{
    while (value.len && strchr(" \t", value.data[0])) {
        value = mta_sts_str_after(value, 1);
    }

    while (value.len && strchr("\r\n", value.data[value.len - 1])) {
        value.len--;
    }

    (void) snprintf(buf, size, "%.*s", (int) value.len, value.data);
}


/* Does a header line have a name?  Gives its value. */

static int
head_is(mta_sts_str_t line, const char *name, mta_sts_str_t *value)
{
    size_t  len;

    len = strlen(name);

    if (line.len <= len || strncasecmp(line.data, name, len) != 0) {
        return 0;
    }

    *value = mta_sts_str_after(line, len);

    return 1;
}


/* Notes what of a header some senders reject. */

static void
head_http(fetch_t *fetch, mta_sts_str_t line)
{
    char           coding[32];
    mta_sts_str_t  value;

    if (mta_sts_str_starts(line, mta_sts_str("HTTP/"))) {
        fetch->head |= fetch->n_headers ? FETCH_INFORMATIONAL : 0;
        fetch->n_headers = 0;
        fetch->n_types = 0;
    }

    fetch->n_headers++;

    if (!mta_sts_str_ends(line, mta_sts_str("\r\n"))) {
        fetch->head |= FETCH_BARE_LF;
    }

    if (head_is(line, "Content-Length:", &value)) {
        fetch->head |= FETCH_LENGTH;

    } else if (head_is(line, "Content-Encoding:", &value)) {
        head_keep(fetch->encoding, sizeof(fetch->encoding), value);

    } else if (head_is(line, "Content-Type:", &value)) {
        if (fetch->n_types++ == 0) {
            head_keep(fetch->first_type, sizeof(fetch->first_type), value);
        }

    } else if (head_is(line, "Transfer-Encoding:", &value)) {
        head_keep(coding, sizeof(coding), value);
        fetch->head |= strcasecmp(coding, "chunked") == 0 ? FETCH_CHUNKED
                                                          : FETCH_CODED;
    }
}


void
head_line(fetch_t *fetch, mta_sts_str_t line)
{
    if (fetch->what == FETCH_SMTP) {
        head_keep(fetch->line, sizeof(fetch->line), line);

    } else {
        head_http(fetch, line);
    }
}
