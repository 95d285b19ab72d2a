/*
 * Slices and growing texts: the few operations that everybody needs.
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

    /* back over bytes that continue a character; one has three at most */

    for (len = max; len > 0 && max - len < 4; len--) {
        if ((str.data[len] & 0xc0) != 0x80) {
            return len;
        }
    }

    return max;
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


/* Makes room for len more bytes; returns 0 when memory ran out. */

static int
text_reserve(mta_sts_buf_t *text, size_t len)
{
    char    *data;
    size_t   size;

    if (text->failed) {
        return 0;
    }

    if (text->size - text->len >= len) {
        return 1;
    }

    size = text->size ? text->size : 256;

    while (size - text->len < len) {
        size *= 2;
    }

    data = text->env->alloc(text->env->ctx, size);
    if (data == NULL) {
        text->failed = 1;
        return 0;
    }

    if (text->len) {
        memcpy(data, text->data, text->len);
    }

    text->data = data;
    text->size = size;

    return 1;
}


void
mta_sts_buf_add(mta_sts_buf_t *text, mta_sts_str_t str)
{
    if (str.len && text_reserve(text, str.len)) {
        memcpy(text->data + text->len, str.data, str.len);
        text->len += str.len;
    }
}


void
mta_sts_buf_add_cstr(mta_sts_buf_t *text, const char *str)
{
    mta_sts_buf_add(text, mta_sts_str_from(str));
}


void
mta_sts_buf_add_char(mta_sts_buf_t *text, char ch)
{
    if (text_reserve(text, 1)) {
        text->data[text->len++] = ch;
    }
}


void
mta_sts_buf_add_uint(mta_sts_buf_t *text, unsigned long n)
{
    char  buf[24];

    (void) snprintf(buf, sizeof(buf), "%lu", n);

    mta_sts_buf_add_cstr(text, buf);
}


mta_sts_str_t
mta_sts_buf_str(const mta_sts_buf_t *text)
{
    mta_sts_str_t  str;

    str.data = text->data;
    str.len = text->len;

    return str;
}
