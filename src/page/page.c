/*
 * Writing answers from templates.
 */

#include <stdio.h>

#include "page.h"


/* What replaces a byte: a text, and by how many bytes it is longer. */

typedef struct {
    char           text[8];
    unsigned char  more;
} page_escape_t;


void
mta_sts_page_add(mta_sts_page_t *page, mta_sts_str_t str)
{
    if (page->data && str.len) {
        memcpy(page->data + page->len, str.data, str.len);
    }

    page->len += str.len;
}


/* Bytes of a text for which page_is_plain() is worth its calls. */

#define PAGE_PLAIN_MIN  50


/* Has str none of the special bytes?  memchr() is much faster than a loop. */

static int
page_is_plain(mta_sts_str_t str, const char *special)
{
    for ( /* void */ ; *special; special++) {
        if (str.len && memchr(str.data, *special, str.len)) {
            return 0;
        }
    }

    return 1;
}


/* Appends str with the bytes replaced that have an escape. */

static void
page_escape(mta_sts_page_t *page, mta_sts_str_t str,
    const page_escape_t escapes[256])
{
    char                 *p;
    size_t                i, len;
    const page_escape_t  *escape;

    if (page->data == NULL) {
        for (i = 0, len = 0; i < str.len; i++) {
            len += escapes[(unsigned char) str.data[i]].more;
        }

        page->len += str.len + len;
        return;
    }

    p = page->data + page->len;

    for (i = 0; i < str.len; i++) {
        escape = &escapes[(unsigned char) str.data[i]];

        if (escape->more == 0) {
            *p++ = str.data[i];
            continue;
        }

        /* in one move; there is room for what is overwritten next */

        memcpy(p, escape->text, sizeof(escape->text));
        p += 1 + escape->more;
    }

    page->len = (size_t) (p - page->data);
}


void
mta_sts_page_html(mta_sts_page_t *page, mta_sts_str_t str)
{
    static const page_escape_t  escapes[256] = {
        ['&'] = { "&amp;", 4 }, ['<'] = { "&lt;", 3 }, ['>'] = { "&gt;", 3 },
        ['"'] = { "&quot;", 5 }, ['\''] = { "&#39;", 4 }
    };

    if (str.len > PAGE_PLAIN_MIN && page_is_plain(str, "&<>\"'")) {
        mta_sts_page_add(page, str);
        return;
    }

    page_escape(page, str, escapes);
}


/* No text has any other control character. */

void
mta_sts_page_json(mta_sts_page_t *page, mta_sts_str_t str)
{
    static const page_escape_t  escapes[256] = {
        ['"'] = { "\\\"", 1 }, ['\\'] = { "\\\\", 1 }, ['\n'] = { "\\n", 1 },
        ['\r'] = { "\\r", 1 }, ['\t'] = { "\\t", 1 }
    };

    page_escape(page, str, escapes);
}


void
mta_sts_page_uint(mta_sts_page_t *page, uint64_t n)
{
    char  buf[24];

    (void) snprintf(buf, sizeof(buf), "%llu", (unsigned long long) n);

    mta_sts_page_add(page, mta_sts_str_from(buf));
}


int
mta_sts_page_make(mta_sts_page_t *page, void (*write)(mta_sts_page_t *page),
    const mta_sts_env_t *env, mta_sts_str_t *text, mta_sts_err_t *err)
{
    write(page);

    page->data = env->alloc(env->ctx, page->len + sizeof(page_escape_t));
    if (page->data == NULL) {
        return mta_sts_error_memory(err);
    }

    page->len = 0;

    write(page);

    text->data = page->data;
    text->len = page->len;

    return MTA_STS_OK;
}
