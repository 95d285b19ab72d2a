/*
 * The query of a form.  What it holds is a stranger's: it is decoded strictly,
 * and nothing that could steer a terminal or a browser gets through.
 */

#include <stdint.h>

#include "form.h"


static int
query_hex(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = (char) (ch | 0x20);

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/*
 * The bytes of the UTF-8 character that str begins with, or 0 if it is none:
 * the shortest form, no surrogate, up to U+10FFFF (RFC 3629, 4).
 */

static size_t
query_utf8(mta_sts_str_t str)
{
    size_t                i, len;
    uint32_t              code;
    const unsigned char  *p;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    p = (const unsigned char *) str.data;

    if (p[0] < 0x80) {
        return 1;
    }

    len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

    if (p[0] < 0xc2 || p[0] > 0xf4 || str.len < len) {
        return 0;
    }

    code = p[0] & (0x7fu >> len);

    for (i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        code = (code << 6) | (p[i] & 0x3f);
    }

    if (code < least[len] || code > 0x10ffff
        || (code >= 0xd800 && code <= 0xdfff))
    {
        return 0;
    }

    return len;
}


/* Is the character of len bytes at p a control character (C0, DEL, C1)? */

static int
query_is_control(const char *p, size_t len)
{
    if (len == 1) {
        return (unsigned char) *p < ' ' ? *p != '\n' && *p != '\t'
                                        : *p == 0x7f;
    }

    return len == 2 && p[0] == (char) 0xc2 && (unsigned char) p[1] < 0xa0;
}


static int
query_check(mta_sts_str_t str, mta_sts_err_t *err)
{
    size_t  len;

    while (str.len) {
        len = query_utf8(str);

        if (len == 0) {
            return mta_sts_error(err, MTA_STS_NOWHERE, "not UTF-8");
        }

        if (query_is_control(str.data, len)) {
            return mta_sts_error(err, MTA_STS_NOWHERE,
                                 "has a control character");
        }

        str = mta_sts_str_after(str, len);
    }

    return MTA_STS_OK;
}


/* Decodes into env's memory. */

static int
query_decode(mta_sts_str_t encoded, const mta_sts_env_t *env,
    mta_sts_str_t *decoded, mta_sts_err_t *err)
{
    int      high, low;
    char     ch, *p;
    size_t   i, n;

    p = env->alloc(env->ctx, encoded.len + 1);
    if (p == NULL) {
        return mta_sts_error_memory(err);
    }

    for (i = 0, n = 0; i < encoded.len; i++) {
        ch = encoded.data[i];

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

        /* a browser sends CRLF; that, or either alone, is a line end */

        if (ch == '\n' && n && p[n - 1] == '\r') {
            n--;
        }

        p[n++] = ch;
    }

    for (i = 0; i < n; i++) {
        if (p[i] == '\r') {
            p[i] = '\n';
        }
    }

    decoded->data = p;
    decoded->len = n;

    return query_check(*decoded, err);
}


int
mta_sts_query_next(mta_sts_str_t *query, const mta_sts_env_t *env,
    mta_sts_str_t *name, mta_sts_str_t *value, int *found,
    mta_sts_err_t *err)
{
    const char     *end, *equal;
    mta_sts_str_t   field, rest;

    *found = 0;

    /* "a=1&&b=2" has two fields */

    while (query->len && query->data[0] == '&') {
        *query = mta_sts_str_after(*query, 1);
    }

    if (query->len == 0) {
        return MTA_STS_OK;
    }

    field = *query;
    end = memchr(field.data, '&', field.len);

    if (end) {
        field.len = (size_t) (end - field.data);
    }

    *query = mta_sts_str_after(*query, field.len);

    rest.data = field.data + field.len;
    rest.len = 0;

    equal = memchr(field.data, '=', field.len);

    if (equal) {
        rest = mta_sts_str_after(field, (size_t) (equal - field.data) + 1);
        field.len = (size_t) (equal - field.data);
    }

    *found = 1;

    if (query_decode(field, env, name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return query_decode(rest, env, value, err);
}


void
mta_sts_query_add(mta_sts_buf_t *text, mta_sts_str_t str)
{
    char           ch;
    size_t         i;
    unsigned char  byte;

    static const char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < str.len; i++) {
        ch = str.data[i];
        byte = (unsigned char) ch;

        if (ch == ' ') {
            mta_sts_buf_add_char(text, '+');
            continue;
        }

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9') || (ch && strchr("-._*:@/?!,;$", ch)))
        {
            mta_sts_buf_add_char(text, ch);
            continue;
        }

        mta_sts_buf_add_char(text, '%');
        mta_sts_buf_add_char(text, hex[byte >> 4]);
        mta_sts_buf_add_char(text, hex[byte & 0xf]);
    }
}
