/*
 * The answers of the generator, from their templates in web/: a page and JSON.
 */

#include <stdio.h>

#include "form.h"


static const char *const  page_ages[] = {
    "", "86400", "604800", "2592000", "31557600"
};

#define PAGE_AGES  (sizeof(page_ages) / sizeof(page_ages[0]))


/* What replaces a byte: a text that is by so many bytes longer. */

typedef struct {
    char           text[8];
    unsigned char  more;
} page_escape_t;


static void page_write_html(mta_sts_page_t *page);
static void page_write_json(mta_sts_page_t *page);


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


/* Writes an answer twice: to measure it, and into as much memory. */

static int
page_write(const mta_sts_generator_t *generator, mta_sts_page_t *page,
    void (*write)(mta_sts_page_t *page), mta_sts_str_t *text,
    mta_sts_err_t *err)
{
    page->generator = generator;

    write(page);

    page->data = generator->env.alloc(generator->env.ctx,
                                      page->len + sizeof(page_escape_t));
    if (page->data == NULL) {
        return mta_sts_error_memory(err);
    }

    page->len = 0;

    write(page);

    text->data = page->data;
    text->len = page->len;

    return MTA_STS_OK;
}


int
mta_sts_generator_page(const mta_sts_generator_t *generator,
    mta_sts_str_t self, mta_sts_str_t version, mta_sts_str_t *text,
    mta_sts_err_t *err)
{
    mta_sts_page_t  page;

    memset(&page, 0, sizeof(mta_sts_page_t));

    page.self = self;
    page.version = version;

    return page_write(generator, &page, page_write_html, text, err);
}


int
mta_sts_generator_json(const mta_sts_generator_t *generator,
    mta_sts_str_t *text, mta_sts_err_t *err)
{
    mta_sts_page_t  page;

    memset(&page, 0, sizeof(mta_sts_page_t));

    return page_write(generator, &page, page_write_json, text, err);
}


/* What the templates ask for. */


static mta_sts_str_t
page_typed(const mta_sts_page_t *page, mta_sts_form_e field)
{
    return page->generator->typed[field];
}


static int
page_has_error(const mta_sts_page_t *page, mta_sts_form_e field)
{
    return page->generator->errors[field].len != 0;
}


static int
page_is(const mta_sts_page_t *page, mta_sts_form_e field, const char *text)
{
    return mta_sts_str_eq(page->generator->typed[field],
                          mta_sts_str_from(text));
}


/* Is max_age none of those to choose from? */

static int
page_is_other_age(const mta_sts_page_t *page)
{
    size_t  i;

    for (i = 0; i < PAGE_AGES; i++) {
        if (page_is(page, MTA_STS_FORM_MAX_AGE, page_ages[i])) {
            return 0;
        }
    }

    return 1;
}


/* The other max_age: one that was typed, or one that cannot be chosen. */

static mta_sts_str_t
page_other_age(const mta_sts_page_t *page)
{
    return page_typed(page, page_is_other_age(page)
                            && !page_is(page, MTA_STS_FORM_MAX_AGE, "other")
                            ? MTA_STS_FORM_MAX_AGE
                            : MTA_STS_FORM_MAX_AGE_OTHER);
}


/* The policy with the line ends that people's own systems have. */

static void
page_policy(mta_sts_page_t *page, mta_sts_str_t body)
{
    mta_sts_str_t  line;

    while (body.len) {
        line = body;
        line.len = (size_t) ((const char *) memchr(body.data, '\r', body.len)
                             - body.data);

        mta_sts_page_html(page, line);
        mta_sts_page_add(page, mta_sts_str("\n"));

        body = mta_sts_str_after(body, line.len + 2);
    }
}


static void
page_uint(mta_sts_page_t *page, unsigned long n)
{
    char  buf[24];

    (void) snprintf(buf, sizeof(buf), "%lu", n);

    mta_sts_page_add(page, mta_sts_str_from(buf));
}


/* The host of a record as a DNS panel wants it: relative to the domain. */

static mta_sts_str_t
page_host(const mta_sts_page_t *page, const mta_sts_record_t *record)
{
    mta_sts_str_t  host;

    (void) mta_sts_name_in_zone(record->name,
                                page->generator->result.entry.domain, &host);

    return host;
}


static mta_sts_str_t
page_label(const mta_sts_record_t *record)
{
    return mta_sts_str_starts(record->name, mta_sts_str("_smtp."))
           ? mta_sts_str("TLS-RPT") : mta_sts_str("MTA-STS");
}


/* The same as a part of the elements' ids. */

static mta_sts_str_t
page_key(const mta_sts_record_t *record)
{
    return mta_sts_str_starts(record->name, mta_sts_str("_smtp."))
           ? mta_sts_str("tlsrpt") : mta_sts_str("sts");
}


/* The label of the field of a setting; empty for any other word. */

static mta_sts_str_t
page_field_label(mta_sts_str_t word)
{
    size_t  i;

    static const mta_sts_str_t  labels[][2] = {
        { { "mx", 2 }, { "mail server", 11 } },
        { { "max_age", 7 }, { "lifetime", 8 } },
        { { "tlsrpt_rua", 10 }, { "report address", 14 } }
    };

    for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (mta_sts_str_eq(word, labels[i][0])) {
            return labels[i][1];
        }
    }

    return mta_sts_str("");
}


/*
 * Appends a message of the core, which names settings as directives do.  What
 * is within quotes is a value.
 */

static void
page_words(mta_sts_page_t *page, mta_sts_str_t text)
{
    int            quoted;
    size_t         i, begin;
    mta_sts_str_t  label, word, rest;

    quoted = 0;
    rest = text;

    for (i = 0, begin = 0; i <= text.len; i++) {

        if (i < text.len && (quoted || text.data[i] != ' ')) {
            quoted ^= text.data[i] == '"';
            continue;
        }

        word = mta_sts_str_after(text, begin);
        word.len = i - begin;
        label = page_field_label(word);

        if (label.len) {
            rest.len = (size_t) (word.data - rest.data);

            mta_sts_page_html(page, rest);
            mta_sts_page_html(page, label);

            rest = mta_sts_str_after(text, i);
        }

        begin = i + 1;
    }

    mta_sts_page_html(page, rest);
}


/* Appends the error of a field; where it is empty, what to enter. */

static void
page_message(mta_sts_page_t *page, mta_sts_form_e field)
{
    mta_sts_str_t  error;

    error = page->generator->errors[field];

    if (mta_sts_str_starts(error, mta_sts_str("invalid domain \"\", "))) {
        mta_sts_page_add(page, mta_sts_str("enter your domain, such as "
                                           "example.com"));

    } else if (mta_sts_str_starts(error, mta_sts_str("mode \""))) {
        mta_sts_page_add(page, mta_sts_str("enter the names in your MX "
                                           "records, such as "
                                           "mx1.example.com"));

    } else {
        page_words(page, error);
    }
}


#include "mta_sts_page_html.h"
#include "mta_sts_page_json.h"
