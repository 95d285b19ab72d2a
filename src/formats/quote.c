/*
 * How formats write values down, and what they have in common about RRsets.
 */

#include <stdio.h>

#include "policy/policy.h"
#include "formats.h"


/*
 * A character-string has up to 255 bytes; a longer text is several of them,
 * which readers of TXT records join (RFC 8461, 3.1; RFC 8460, 3).
 */

#define QUOTE_STRING_MAX  255


/*
 * Appends str in quotes.  escape formats the number of special and of bytes
 * that are not printable.
 */

static void
quote_string(mta_sts_buf_t *text, mta_sts_str_t str, char special,
    const char *escape)
{
    char           ch, buf[8];
    size_t         i;
    mta_sts_str_t  run;

    mta_sts_buf_add_char(text, '"');

    while (str.len) {

        for (i = 0; i < str.len; i++) {
            ch = str.data[i];

            if (ch < ' ' || ch > '~' || ch == '"' || ch == '\\'
                || ch == special)
            {
                break;
            }
        }

        run = str;
        run.len = i;

        mta_sts_buf_add(text, run);

        str = mta_sts_str_after(str, i);

        if (str.len) {
            ch = str.data[0];

            (void) snprintf(buf, sizeof(buf),
                            ch == '"' || ch == '\\' ? "\\%c" : escape,
                            (unsigned char) ch);
            mta_sts_buf_add_cstr(text, buf);

            str = mta_sts_str_after(str, 1);
        }
    }

    mta_sts_buf_add_char(text, '"');
}


void
mta_sts_quote_txt(mta_sts_buf_t *text, mta_sts_str_t value,
    const char *separator)
{
    mta_sts_str_t  part;

    for ( ;; ) {
        part = value;

        if (part.len > QUOTE_STRING_MAX) {
            part.len = QUOTE_STRING_MAX;
        }

        quote_string(text, part, '\0', "\\%03u");

        value = mta_sts_str_after(value, part.len);

        if (value.len == 0) {
            return;
        }

        mta_sts_buf_add_cstr(text, separator);
    }
}


void
mta_sts_quote_rdata(mta_sts_buf_t *text, const mta_sts_record_t *record)
{
    if (mta_sts_record_is(record, "TXT")) {
        mta_sts_quote_txt(text, record->value, " ");
        return;
    }

    mta_sts_buf_add(text, record->value);

    if (mta_sts_record_is(record, "CNAME")) {
        mta_sts_buf_add_char(text, '.');
    }
}


/* "${" and "%{" are evaluated in a string of HCL: no "{" is left in one. */

void
mta_sts_quote_json(mta_sts_buf_t *text, mta_sts_str_t str)
{
    quote_string(text, str, '{', "\\u%04X");
}


void
mta_sts_quote_yaml(mta_sts_buf_t *text, mta_sts_str_t str)
{
    size_t  i;

    /* what the DNS has may be anything; YAML includes JSON */

    for (i = 0; i < str.len; i++) {
        if (str.data[i] < ' ' || str.data[i] > '~') {
            mta_sts_quote_json(text, str);
            return;
        }
    }

    mta_sts_buf_add_char(text, '\'');

    for (i = 0; i < str.len; i++) {
        if (str.data[i] == '\'') {
            mta_sts_buf_add_char(text, '\'');
        }

        mta_sts_buf_add_char(text, str.data[i]);
    }

    mta_sts_buf_add_char(text, '\'');
}


static void
format_add_value(mta_sts_buf_t *text, char type, va_list *args)
{
    switch (type) {

    case 'V':
        mta_sts_buf_add(text, va_arg(*args, mta_sts_str_t));
        break;

    case 'J':
        mta_sts_quote_json(text, va_arg(*args, mta_sts_str_t));
        break;

    case 'Y':
        mta_sts_quote_yaml(text, va_arg(*args, mta_sts_str_t));
        break;

    case 'R':
        mta_sts_quote_rdata(text, va_arg(*args, const mta_sts_record_t *));
        break;

    default: /* 'u' */
        mta_sts_buf_add_uint(text, va_arg(*args, uint32_t));
    }
}


void
mta_sts_format_add(mta_sts_buf_t *text, const char *fmt, ...)
{
    va_list        args;
    const char    *p;
    mta_sts_str_t  run;

    va_start(args, fmt);

    while ((p = strchr(fmt, '%')) != NULL) {
        run.data = fmt;
        run.len = (size_t) (p - fmt);

        mta_sts_buf_add(text, run);
        format_add_value(text, p[1], &args);

        fmt = p + 2;
    }

    va_end(args);

    mta_sts_buf_add_cstr(text, fmt);
}


mta_sts_str_t
mta_sts_format_relative(mta_sts_str_t name, mta_sts_str_t zone)
{
    (void) mta_sts_name_in_zone(name, zone, &name);

    return name.len ? name : mta_sts_str("@");
}


size_t
mta_sts_rrset_name_len(const mta_sts_record_t *records, size_t n)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (!mta_sts_str_eq(records[i].name, records[0].name)) {
            break;
        }
    }

    return i;
}


size_t
mta_sts_rrset_len(const mta_sts_record_t *records, size_t n)
{
    size_t  i;

    n = mta_sts_rrset_name_len(records, n);

    for (i = 1; i < n; i++) {
        if (!mta_sts_str_eq(records[i].type, records[0].type)) {
            break;
        }
    }

    return i;
}


size_t
mta_sts_rrset_types(const mta_sts_record_t *record,
    mta_sts_str_t types[MTA_STS_RRSET_TYPES_MAX])
{
    types[0] = mta_sts_str("CNAME");

    if (record->kind != MTA_STS_RECORD_ADDRESS) {
        types[1] = mta_sts_str("TXT");
        return 2;
    }

    types[1] = mta_sts_str("A");
    types[2] = mta_sts_str("AAAA");

    return 3;
}
