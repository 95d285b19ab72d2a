/*
 * Domains files as they are shown to be copied, and their parts.
 */

#include "domains.h"


/* Is it a number, a date, a truth value or nothing to other readers of YAML? */

static int
writer_is_other(mta_sts_str_t value)
{
    size_t                    i;
    static const char *const  words[] = {
        "y", "n", "yes", "no", "on", "off", "true", "false", "null"
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (mta_sts_str_eq(value, mta_sts_str_from(words[i]))) {
            return 1;
        }
    }

    if (value.len == 0 || value.data[0] < '0' || value.data[0] > '9') {
        return 0;
    }

    for (i = 0; i < value.len; i++) {
        if (strchr("0123456789abcdefox.-", value.data[i]) == NULL) {
            return 0;
        }
    }

    return 1;
}


/*
 * Our own reader takes every scalar as a text.  Quotes are needed where YAML
 * itself would read something else, an alias in "*.example.com" or a key in a
 * URI that ends in ":", and where other readers would.
 */

void
mta_sts_domains_write_text(mta_sts_buf_t *text, mta_sts_str_t value)
{
    size_t  i;

    if (!mta_sts_str_starts(value, mta_sts_str("*"))
        && !mta_sts_str_ends(value, mta_sts_str(":"))
        && !writer_is_other(value))
    {
        mta_sts_buf_add(text, value);
        return;
    }

    mta_sts_buf_add_char(text, '\'');

    for (i = 0; i < value.len; i++) {
        if (value.data[i] == '\'') {
            mta_sts_buf_add_char(text, '\'');
        }

        mta_sts_buf_add_char(text, value.data[i]);
    }

    mta_sts_buf_add_char(text, '\'');
}


static void
writer_indent(mta_sts_buf_t *text, unsigned indent)
{
    while (indent--) {
        mta_sts_buf_add_char(text, ' ');
    }
}


/* Appends a list, or a single value as itself. */

static void
writer_values(mta_sts_buf_t *text, unsigned indent, const char *key,
    const mta_sts_values_t *values)
{
    size_t  i;

    if (values->n == 0) {
        return;
    }

    writer_indent(text, indent);
    mta_sts_buf_add_cstr(text, key);

    for (i = 0; i < values->n; i++) {

        if (values->n == 1) {
            mta_sts_buf_add_char(text, ' ');

        } else {
            mta_sts_buf_add_char(text, '\n');
            writer_indent(text, indent);
            mta_sts_buf_add_cstr(text, "- ");
        }

        mta_sts_domains_write_text(text, values->elts[i].text);
    }

    mta_sts_buf_add_char(text, '\n');
}


void
mta_sts_domains_write_rua(mta_sts_buf_t *text, unsigned indent,
    const mta_sts_settings_t *settings)
{
    writer_values(text, indent, "tlsrpt_rua:", &settings->tlsrpt_rua);
}


void
mta_sts_domains_write_settings(mta_sts_buf_t *text, unsigned indent,
    const mta_sts_settings_t *settings)
{
    writer_indent(text, indent);
    mta_sts_buf_add_cstr(text, "mode: ");
    mta_sts_buf_add(text, mta_sts_mode_str(settings->mode));
    mta_sts_buf_add_char(text, '\n');

    writer_values(text, indent, "mx:", &settings->mx);

    writer_indent(text, indent);
    mta_sts_buf_add_cstr(text, "max_age: ");
    mta_sts_buf_add_uint(text, mta_sts_settings_max_age(settings));
    mta_sts_buf_add_char(text, '\n');

    mta_sts_domains_write_rua(text, indent, settings);
}


void
mta_sts_domains_write(mta_sts_buf_t *text, mta_sts_str_t domain,
    const mta_sts_settings_t *settings)
{
    mta_sts_buf_add_cstr(text, "domains:\n  ");
    mta_sts_domains_write_text(text, domain);
    mta_sts_buf_add_cstr(text, ":\n");

    mta_sts_domains_write_settings(text, 4, settings);
}
