/*
 * Slices, growing buffers and lists of values.
 */

#include <stdio.h>
#include <strings.h>

#include "base.h"


size_t
mta_sts_str_cut(mta_sts_str_t str, size_t max)
{
    size_t  len;

    if (str.len <= max) {
        return str.len;
    }

    /* back over continuation bytes; a character has at most three */

    for (len = max; len > 0 && max - len < 4; len--) {
        if ((str.data[len] & 0xc0) != 0x80) {
            return len;
        }
    }

    return max;
}


void
mta_sts_str_clean(char *data, size_t len)
{
    size_t          i, n;
    unsigned char  *p;
    mta_sts_str_t   rest;

    for (i = 0; i < len; i += n) {
        p = (unsigned char *) data + i;

        if (*p >= ' ' && *p < 0x7f) {
            n = 1;
            continue;
        }

        rest.data = data + i;
        rest.len = len - i;

        n = mta_sts_str_utf8(rest);

        if (n == 0) {
            *p = '?';
            n = 1;
            continue;
        }

        if (n == 1
            || (n == 2 && p[0] == 0xc2 && p[1] <= 0x9f)
            || (n == 2 && p[0] == 0xd8 && p[1] == 0x9c)
            || (n == 3 && p[0] == 0xe2
                && ((p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f))
                    || (p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae)
                    || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
            || (n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
        {
            memset(p, '?', n);
        }
    }
}


int
mta_sts_str_is_ascii(mta_sts_str_t str)
{
    size_t  i;

    for (i = 0; i < str.len; i++) {
        if ((unsigned char) str.data[i] >= 0x80) {
            return 0;
        }
    }

    return 1;
}


int
mta_sts_str_cmp(mta_sts_str_t a, mta_sts_str_t b)
{
    int     rc;
    size_t  len;

    len = a.len < b.len ? a.len : b.len;

    rc = len ? memcmp(a.data, b.data, len) : 0;
    if (rc != 0) {
        return rc;
    }

    return (a.len > b.len) - (a.len < b.len);
}


size_t
mta_sts_str_utf8(mta_sts_str_t str)
{
    size_t                i, len;
    const unsigned char  *p;

    p = (const unsigned char *) str.data;

    if (p[0] < 0x80) {
        return 1;
    }

    len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

    if (p[0] < 0xc2 || p[0] > 0xf4 || str.len < len
        || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)
        || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
    {
        return 0;
    }

    for (i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return len;
}


int
mta_sts_str_caseeq(mta_sts_str_t a, mta_sts_str_t b)
{
    return a.len == b.len
           && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}


mta_sts_str_t
mta_sts_str_copy(const mta_sts_env_t *env, mta_sts_str_t str)
{
    char           *data;
    mta_sts_str_t   copy;

    copy.data = NULL;
    copy.len = 0;

    data = env->alloc(env->ctx, str.len + 1);
    if (data == NULL) {
        return copy;
    }

    if (str.len) {
        memcpy(data, str.data, str.len);
    }

    data[str.len] = '\0';

    copy.data = data;
    copy.len = str.len;

    return copy;
}


/* Makes room for len more bytes; returns 0 if the allocation failed. */

static int
buf_reserve(mta_sts_buf_t *buf, size_t len)
{
    char    *data;
    size_t   size;

    if (buf->failed) {
        return 0;
    }

    if (buf->size - buf->len >= len) {
        return 1;
    }

    size = buf->size ? buf->size : 256;

    while (size - buf->len < len) {
        size *= 2;
    }

    data = buf->env->alloc(buf->env->ctx, size);
    if (data == NULL) {
        buf->failed = 1;
        return 0;
    }

    if (buf->len) {
        memcpy(data, buf->data, buf->len);
    }

    buf->data = data;
    buf->size = size;

    return 1;
}


void
mta_sts_buf_add(mta_sts_buf_t *buf, mta_sts_str_t str)
{
    if (str.len && buf_reserve(buf, str.len)) {
        memcpy(buf->data + buf->len, str.data, str.len);
        buf->len += str.len;
    }
}


void
mta_sts_buf_add_cstr(mta_sts_buf_t *buf, const char *str)
{
    mta_sts_buf_add(buf, mta_sts_str_from(str));
}


void
mta_sts_buf_add_char(mta_sts_buf_t *buf, char ch)
{
    if (buf_reserve(buf, 1)) {
        buf->data[buf->len++] = ch;
    }
}


void
mta_sts_buf_add_uint(mta_sts_buf_t *buf, uint64_t n)
{
    char  digits[24];

    (void) snprintf(digits, sizeof(digits), "%llu",
                    (unsigned long long) n);

    mta_sts_buf_add_cstr(buf, digits);
}


mta_sts_str_t
mta_sts_buf_str(const mta_sts_buf_t *buf)
{
    mta_sts_str_t  str;

    str.data = buf->data;
    str.len = buf->len;

    return str;
}


void *
mta_sts_env_grow(const mta_sts_env_t *env, void *elts, size_t n, size_t *size,
    size_t elt)
{
    void    *grown;
    size_t   room;

    if (n < *size) {
        return elts;
    }

    room = *size ? 2 * *size : 8;

    grown = env->alloc(env->ctx, room * elt);
    if (grown == NULL) {
        return NULL;
    }

    if (n) {
        memcpy(grown, elts, n * elt);
    }

    *size = room;

    return grown;
}


int
mta_sts_values_add(mta_sts_values_t *values, mta_sts_str_t text,
    mta_sts_place_t place, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_value_t  *elts;

    elts = mta_sts_env_grow(env, values->elts, values->n, &values->size,
                            sizeof(mta_sts_value_t));
    if (elts == NULL) {
        return mta_sts_error_memory(err);
    }

    values->elts = elts;

    values->elts[values->n].text = text;
    values->elts[values->n].place = place;
    values->n++;
    values->bytes += text.len;

    return MTA_STS_OK;
}
