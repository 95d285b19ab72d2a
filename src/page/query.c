/*
 * The query of a form.  It comes from untrusted clients, so it is decoded
 * strictly: no byte that could steer a terminal or a browser is accepted.
 */

#include "page.h"


static int
query_hex(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = (char) (ch | 0x20);

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* Checks that str is UTF-8 without control characters: C0, DEL and C1. */

static int
query_check(mta_sts_str_t str, mta_sts_err_t *err)
{
    size_t                i, len;
    const unsigned char  *p;

    for (i = 0; i < str.len; i += len) {
        p = (const unsigned char *) str.data + i;

        if (p[0] >= ' ' && p[0] < 0x7f) {
            len = 1;
            continue;
        }

        len = mta_sts_str_utf8(mta_sts_str_after(str, i));

        if (len == 0) {
            return mta_sts_error(err, MTA_STS_NOWHERE, "not UTF-8");
        }

        if ((p[0] < ' ' && p[0] != '\n' && p[0] != '\t') || p[0] == 0x7f
            || (p[0] == 0xc2 && p[1] < 0xa0))
        {
            return mta_sts_error(err, MTA_STS_NOWHERE,
                                 "has a control character");
        }
    }

    return MTA_STS_OK;
}


/*
 * Makes "\n" of each line end: CRLF, as browsers send it, or either byte alone.
 * Returns the new length.
 */

static size_t
query_line_ends(char *buf, size_t len)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++) {
        if (buf[i] == '\n' && i && buf[i - 1] == '\r') {
            continue;
        }

        buf[n++] = buf[i];
    }

    for (i = 0; i < n; i++) {
        buf[i] = (char) (buf[i] == '\r' ? '\n' : buf[i]);
    }

    return n;
}


int
mta_sts_query_decode(mta_sts_str_t encoded, char *buf, mta_sts_str_t *decoded,
    mta_sts_err_t *err)
{
    int     high, low, plain;
    char    ch, *p;
    size_t  i;

    static const char  special[256] = {
        [0 ... 0x1f] = 1, ['%'] = 1, ['+'] = 1, [0x7f ... 0xff] = 1
    };

    p = buf;
    plain = 1;

    for (i = 0; i < encoded.len; i++) {
        ch = encoded.data[i];

        if (!special[(unsigned char) ch]) {
            *p++ = ch;
            continue;
        }

        if (ch == '+') {
            ch = ' ';

        } else if (ch == '%') {
            high = encoded.len - i > 2 ? query_hex(encoded.data[i + 1]) : -1;
            low = encoded.len - i > 2 ? query_hex(encoded.data[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return mta_sts_error(err, MTA_STS_NOWHERE, "\"%%\" must be "
                                     "followed by two hex digits");
            }

            ch = (char) (high << 4 | low);
            i += 2;
        }

        *p++ = ch;
        plain &= ch >= ' ' && ch < 0x7f;
    }

    decoded->data = buf;
    decoded->len = (size_t) (p - buf);

    if (plain) {
        return MTA_STS_OK;
    }

    decoded->len = query_line_ends(buf, decoded->len);

    return query_check(*decoded, err);
}


int
mta_sts_query_next(mta_sts_str_t *query, mta_sts_str_t *name,
    mta_sts_str_t *value)
{
    const char  *end, *equal;

    /* "a=1&&b=2" has two fields */

    while (query->len && query->data[0] == '&') {
        *query = mta_sts_str_after(*query, 1);
    }

    if (query->len == 0) {
        return 0;
    }

    *name = *query;
    end = memchr(query->data, '&', query->len);

    if (end) {
        name->len = (size_t) (end - query->data);
    }

    *query = mta_sts_str_after(*query, name->len);

    *value = mta_sts_str_after(*name, name->len);
    equal = memchr(name->data, '=', name->len);

    if (equal) {
        *value = mta_sts_str_after(*name, (size_t) (equal - name->data) + 1);
        name->len = (size_t) (equal - name->data);
    }

    return 1;
}
