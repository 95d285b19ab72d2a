/*
 * What GMime would make of a mail, and jansson of JSON, before they do.
 *
 * GMime's tree takes very much more memory than the text it is made of, and its
 * lists of addresses take quadratic time.  What is in fields and what begins a
 * part does not look like base64, and nearly all of a mail with a large report
 * is base64.
 */

#include <ctype.h>

#include "reports.h"


static int
measure_is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}


static int
measure_is_base64(const char *line, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (!isalnum((unsigned char) line[i]) && line[i] != '+'
            && line[i] != '/' && line[i] != '=' && !measure_is_space(line[i]))
        {
            return 0;
        }
    }

    /* a space continues a field */

    return !measure_is_space(line[0]) || line[0] == '\r' || line[0] == '\n';
}


/* The commas of a line, which is a field or continues one. */

static size_t
measure_commas(const char *line, size_t len, size_t before)
{
    size_t  i, n;

    if (measure_is_space(line[0])) {
        n = before;

    } else if (isalpha((unsigned char) line[0])) {
        n = 0;

    } else {
        return 0;
    }

    for (i = 0; i < len; i++) {
        n += line[i] == ',';
    }

    return n;
}


int
reports_measure(mta_sts_str_t text, mta_sts_err_t *err)
{
    size_t       len, bytes, parts, commas;
    const char  *end;

    bytes = parts = commas = 0;

    for ( /* void */ ; text.len; text = mta_sts_str_after(text, len)) {
        end = memchr(text.data, '\n', text.len);
        len = end ? (size_t) (end - text.data) + 1 : text.len;

        if (measure_is_base64(text.data, len)) {
            continue;
        }

        bytes += len;
        parts += (size_t) mta_sts_str_starts(text, mta_sts_str("--"));
        commas = measure_commas(text.data, len, commas);

        if (commas > REPORTS_COMMAS_MAX) {
            return mta_sts_error(err, MTA_STS_NOWHERE, "the mail has a field "
                                 "with more than %d commas",
                                 REPORTS_COMMAS_MAX);
        }
    }

    if (bytes > REPORTS_LINES_MAX) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the mail has more than %d "
                             "MiB that are not base64",
                             REPORTS_LINES_MAX >> 20);
    }

    return parts <= REPORTS_PARTS_MAX ? MTA_STS_OK
           : mta_sts_error(err, MTA_STS_NOWHERE, "the mail has more than %d "
                           "lines that begin with \"--\"", REPORTS_PARTS_MAX);
}


/*
 * A small text may be a tree that takes very much more memory, or nest deeper
 * than any report.  The bytes are what jansson and malloc() need at most for an
 * object with its first eight members, for an array with its first eight
 * values, and so on.
 */

#define MEASURE_OBJECT  224
#define MEASURE_ARRAY   160
#define MEASURE_MEMBER  56            /* and a string: its name */
#define MEASURE_NEXT    56            /* a place in a list, and a number */
#define MEASURE_STRING  80
#define MEASURE_BYTE    3             /* of a string or a number: in two buffers
                                         at first */


int
reports_measure_json(mta_sts_str_t text, mta_sts_err_t *err)
{
    int       quoted;
    size_t    i, bytes;
    unsigned  depth;

    quoted = 0;
    depth = 0;

    if (text.len > REPORTS_INPUT_MAX) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the JSON has more than %d "
                             "MiB", REPORTS_INPUT_MAX >> 20);
    }

    for (i = 0, bytes = 0; i < text.len; i++) {
        bytes += quoted || !measure_is_space(text.data[i]) ? MEASURE_BYTE : 0;

        switch (text.data[i]) {

        case '"':
            quoted = !quoted;
            bytes += quoted ? MEASURE_STRING : 0;
            break;

        case '\\':
            i += (size_t) quoted;
            bytes += quoted ? MEASURE_BYTE : 0;
            break;

        case '[':
        case '{':
            depth += !quoted;
            bytes += quoted ? 0 : text.data[i] == '{' ? MEASURE_OBJECT
                                                      : MEASURE_ARRAY;
            break;

        case ']':
        case '}':
            depth -= !quoted && depth;
            break;

        case ':':
            bytes += quoted ? 0 : MEASURE_MEMBER;
            break;

        case ',':
            bytes += quoted ? 0 : MEASURE_NEXT;
            break;
        }

        if (depth > REPORTS_DEPTH_MAX) {
            return mta_sts_error(err, MTA_STS_NOWHERE, "the JSON nests deeper "
                                 "than %d levels", REPORTS_DEPTH_MAX);
        }
    }

    return bytes <= REPORTS_TREE_MAX ? MTA_STS_OK
           : mta_sts_error(err, MTA_STS_NOWHERE, "the JSON would take more "
                           "than %d MiB of memory", REPORTS_TREE_MAX >> 20);
}
