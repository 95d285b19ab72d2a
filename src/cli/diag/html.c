/*
 * Text of pages: untrusted, so none of it is markup.
 */

#include "diag.h"


void
diag_html(FILE *out, mta_sts_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {

        switch (text.data[i]) {

        case '<':
            (void) fputs("&lt;", out);
            break;

        case '>':
            (void) fputs("&gt;", out);
            break;

        case '&':
            (void) fputs("&amp;", out);
            break;

        case '"':
            (void) fputs("&quot;", out);
            break;

        case '\'':
            (void) fputs("&#39;", out);
            break;

        default:
            (void) fputc(text.data[i], out);
        }
    }
}
