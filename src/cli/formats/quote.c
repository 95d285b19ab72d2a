/*
 * How formats write values down.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "quote.h"


/*
 * A character-string has up to 255 bytes; a longer text is several of them,
 * which readers of TXT records join (RFC 8461, 3.1; RFC 8460, 3).
 */

#define QUOTE_STRING_MAX  255


/* Can a character stand in a quoted string as it is? */

static int
quote_is_plain(char ch)
{
    return ch >= ' ' && ch < 0x7f && ch != '"' && ch != '\\';
}


static void
quote_string(mta_sts_buf_t *text, mta_sts_str_t str)
{
    char           buf[8];
    size_t         i;
    mta_sts_str_t  run;
    unsigned char  ch;

    mta_sts_buf_add_char(text, '"');

    while (str.len) {

        for (i = 0; i < str.len && quote_is_plain(str.data[i]); i++) {
            /* void */
        }

        run = str;
        run.len = i;

        mta_sts_buf_add(text, run);

        str = mta_sts_str_after(str, i);

        if (str.len) {
            ch = (unsigned char) str.data[0];

            (void) snprintf(buf, sizeof(buf), ch < ' ' || ch >= 0x7f
                                              ? "\\%03u" : "\\%c", ch);
            mta_sts_buf_add_cstr(text, buf);

            str = mta_sts_str_after(str, 1);
        }
    }

    mta_sts_buf_add_char(text, '"');
}


void
quote_txt(mta_sts_buf_t *text, mta_sts_str_t value, const char *separator)
{
    mta_sts_str_t  part;

    for ( ;; ) {
        part = value;

        if (part.len > QUOTE_STRING_MAX) {
            part.len = QUOTE_STRING_MAX;
        }

        quote_string(text, part);

        value = mta_sts_str_after(value, part.len);

        if (value.len == 0) {
            return;
        }

        mta_sts_buf_add_cstr(text, separator);
    }
}


void
quote_rdata(mta_sts_buf_t *text, const mta_sts_record_t *record)
{
    if (mta_sts_str_eq(record->type, mta_sts_str("TXT"))) {
        quote_txt(text, record->value, " ");
        return;
    }

    mta_sts_buf_add(text, record->value);

    if (mta_sts_str_eq(record->type, mta_sts_str("CNAME"))) {
        mta_sts_buf_add_char(text, '.');
    }
}


void
quote_record(mta_sts_buf_t *text, const mta_sts_record_t *record)
{
    mta_sts_buf_add(text, record->name);
    mta_sts_buf_add_cstr(text, ". ");
    mta_sts_buf_add_uint(text, record->ttl);
    mta_sts_buf_add_cstr(text, " IN ");
    mta_sts_buf_add(text, record->type);
    mta_sts_buf_add_char(text, ' ');
    quote_rdata(text, record);
    mta_sts_buf_add_char(text, '\n');
}


void
quote_json(mta_sts_buf_t *text, mta_sts_str_t str)
{
    char    *quoted;
    json_t  *json;

    json = json_stringn(str.len ? str.data : "", str.len);
    quoted = json_dumps(json, JSON_ENCODE_ANY|JSON_ENSURE_ASCII);

    json_decref(json);

    if (quoted == NULL) {
        text->failed = 1;
        return;
    }

    mta_sts_buf_add_cstr(text, quoted);

    free(quoted);
}
