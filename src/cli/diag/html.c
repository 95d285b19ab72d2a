/*
 * Pages for people, which make no request: their head, with the style that all
 * have, and text, which is untrusted, so none of it is markup.
 */

#include "diag.h"


static const char  html_style[] =
":root { color-scheme: light dark; --fg: #1b1b1f; --bg: #ffffff;\n"
"  --soft: #f1f2f6; --line: #767a86; --error: #a3121f; --warning: #7a4b00;\n"
"  --unknown: #1d4f91; --note: #4a4d57; --good: #1f5c2e; }\n"
"@media (prefers-color-scheme: dark) {\n"
"  :root { --fg: #eceef4; --bg: #17181c; --soft: #24262d; --line: #8b909e;\n"
"    --error: #ff9a9f; --warning: #f0bd5e; --unknown: #9cc4ff;\n"
"    --note: #c3c6d0; --good: #8fd6a0; }\n"
"}\n"
"* { box-sizing: border-box; }\n"
"body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--fg);\n"
"  background: var(--bg); font: 1rem/1.5 system-ui, sans-serif; }\n"
"h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }\n"
"h3 { font-size: 1rem; } h2, h3 { overflow-wrap: anywhere; }\n"
".error { color: var(--error); } .warning { color: var(--warning); }\n"
".unknown { color: var(--unknown); } .note { color: var(--note); }\n"
".good { color: var(--good); }\n"
"table { border-collapse: collapse; width: 100%; }\n"
"th, td { text-align: left; padding: .3rem .5rem; vertical-align: top;\n"
"  border-bottom: 1px solid var(--line); }\n";


void
diag_html_begin(FILE *out, const char *title, const char *style,
    const char *script)
{
    (void) fprintf(out,
                   "<!DOCTYPE html>\n"
                   "<html lang=\"en\">\n"
                   "<head>\n"
                   "<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, "
                   "initial-scale=1\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" "
                   "content=\"default-src 'none'; style-src 'unsafe-inline'%s"
                   "\">\n"
                   "<title>%s</title>\n"
                   "<style>\n%s%s</style>\n"
                   "</head>\n"
                   "<body>\n"
                   "<main>\n"
                   "<h1>%s</h1>\n",
                   script ? "; script-src 'unsafe-inline'" : "", title,
                   html_style, style, title);
}


void
diag_html_end(FILE *out, const char *script)
{
    (void) fprintf(out, "</main>\n%s</body>\n</html>\n",
                   script ? script : "");
}


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
