/*
 * Zone file lines (RFC 1035, 5.1).
 */

#include "format.h"


/*
 * A character-string has up to 255 bytes; a longer text is several of them,
 * which readers of TXT records join (RFC 8461, 3.1; RFC 8460, 3).
 */

#define ZONE_STRING_MAX  255


static void
zone_string(FILE *out, mta_sts_str_t str)
{
    size_t         i;
    unsigned char  ch;

    (void) fputc('"', out);

    for (i = 0; i < str.len; i++) {
        ch = (unsigned char) str.data[i];

        if (ch < ' ' || ch >= 0x7f) {
            (void) fprintf(out, "\\%03u", ch);
            continue;
        }

        if (ch == '"' || ch == '\\') {
            (void) fputc('\\', out);
        }

        (void) fputc(ch, out);
    }

    (void) fputc('"', out);
}


void
format_zone(FILE *out, mta_sts_str_t domain, const mta_sts_record_t *records,
    size_t n)
{
    size_t         i;
    mta_sts_str_t  rest, part;

    for (i = 0; i < n; i++) {
        (void) fprintf(out, "%.*s.%.*s. %u IN %.*s",
                       (int) records[i].label.len, records[i].label.data,
                       (int) domain.len, domain.data, records[i].ttl,
                       (int) records[i].type.len, records[i].type.data);

        rest = records[i].value;

        do {
            part = rest;

            if (part.len > ZONE_STRING_MAX) {
                part.len = ZONE_STRING_MAX;
            }

            (void) fputc(' ', out);
            zone_string(out, part);

            rest = mta_sts_str_after(rest, part.len);

        } while (rest.len);

        (void) fputc('\n', out);
    }
}
