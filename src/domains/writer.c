/*
 * Domains files as they are shown to be copied, and their parts.
 */

#include "domains.h"


/*
 * Appends a name or a URI.  Our own reader takes every scalar as a text, so
 * quotes are needed only where YAML itself would read something else: an alias
 * in "*.example.com", a key in a URI that ends in ":".
 */

static void
writer_scalar(mta_sts_buf_t *text, mta_sts_str_t value)
{
    size_t  i;

    if (!mta_sts_str_starts(value, mta_sts_str("*"))
        && !mta_sts_str_ends(value, mta_sts_str(":")))
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

        writer_scalar(text, values->elts[i].text);
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
    mta_sts_buf_add(text, domain);
    mta_sts_buf_add_cstr(text, ":\n");

    mta_sts_domains_write_settings(text, 4, settings);
}
