/*
 * The answers of the generator, from their templates in web/: a page and JSON.
 */

#include "form.h"


/* The lifetimes to choose from, in seconds, and the one of an empty form. */

static const int64_t  page_ages[] = { 86400, 604800, 2592000, 31557600 };

#define PAGE_AGES    (sizeof(page_ages) / sizeof(page_ages[0]))
#define PAGE_NO_AGE  604800


static void page_write_html(mta_sts_page_t *page);
static void page_write_json(mta_sts_page_t *page);


int
mta_sts_generator_page(const mta_sts_generator_t *generator,
    mta_sts_str_t version, mta_sts_str_t *text, mta_sts_err_t *err)
{
    mta_sts_page_t  page;

    memset(&page, 0, sizeof(mta_sts_page_t));

    page.view = generator;
    page.version = version;

    return mta_sts_page_make(&page, page_write_html, &generator->env, text,
                             err);
}


int
mta_sts_generator_json(const mta_sts_generator_t *generator,
    mta_sts_str_t *text, mta_sts_err_t *err)
{
    mta_sts_page_t  page;

    memset(&page, 0, sizeof(mta_sts_page_t));

    page.view = generator;

    return mta_sts_page_make(&page, page_write_json, &generator->env, text,
                             err);
}


/* What the templates ask for. */


static const mta_sts_generator_t *
page_generator(const mta_sts_page_t *page)
{
    return page->view;
}


static mta_sts_str_t
page_typed(const mta_sts_page_t *page, mta_sts_form_e field)
{
    return page_generator(page)->typed[field];
}


static int
page_has_error(const mta_sts_page_t *page, mta_sts_form_e field)
{
    return page_generator(page)->errors[field].len != 0;
}


static int
page_is(const mta_sts_page_t *page, mta_sts_form_e field, const char *text)
{
    return mta_sts_str_eq(page_generator(page)->typed[field],
                          mta_sts_str_from(text));
}


/* Is max_age, in whatever unit, this number of seconds? */

static int
page_is_age(const mta_sts_page_t *page, int64_t seconds)
{
    mta_sts_str_t  age;

    age = page_typed(page, MTA_STS_FORM_MAX_AGE);

    return seconds == (age.len ? mta_sts_duration_parse(age) : PAGE_NO_AGE);
}


/* Is max_age none of those to choose from? */

static int
page_is_other_age(const mta_sts_page_t *page)
{
    size_t  i;

    for (i = 0; i < PAGE_AGES; i++) {
        if (page_is_age(page, page_ages[i])) {
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


/* The host of a record as a DNS panel wants it: relative to the domain. */

static mta_sts_str_t
page_host(const mta_sts_page_t *page, const mta_sts_record_t *record)
{
    mta_sts_str_t               host;
    const mta_sts_generator_t  *generator;

    generator = page_generator(page);

    (void) mta_sts_name_in_zone(record->name, generator->result.entry.domain,
                                &host);

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

    error = page_generator(page)->errors[field];

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
