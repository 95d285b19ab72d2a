/*
 * The summary as one page: no script, nothing from another host.
 */

#include <inttypes.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define HTML_WIDTH   8                /* of a day, pixels */
#define HTML_HEIGHT  60


static const char  html_head[] =
"<!DOCTYPE html>\n"
"<html lang=\"en\">\n"
"<head>\n"
"<meta charset=\"utf-8\">\n"
"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
"style-src 'unsafe-inline'\">\n"
"<title>TLS reports</title>\n"
"<style>\n"
":root { color-scheme: light dark; --fg: #1b1b1f; --bg: #ffffff;\n"
"  --line: #767a86; --error: #a3121f; --warning: #7a4b00; --note: #4a4d57;\n"
"  --good: #1f5c2e; }\n"
"@media (prefers-color-scheme: dark) {\n"
"  :root { --fg: #eceef4; --bg: #17181c; --line: #8b909e; --error: #ff9a9f;\n"
"    --warning: #f0bd5e; --note: #c3c6d0; --good: #8fd6a0; }\n"
"}\n"
"body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--fg);\n"
"  background: var(--bg); font: 1rem/1.5 system-ui, sans-serif; }\n"
"h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }\n"
"h3 { font-size: 1rem; } h2, td { overflow-wrap: anywhere; }\n"
".error { color: var(--error); } .warning { color: var(--warning); }\n"
".note { color: var(--note); } .good { color: var(--good); }\n"
"table { border-collapse: collapse; width: 100%; }\n"
"th, td { text-align: left; padding: .3rem .5rem; vertical-align: top;\n"
"  border-bottom: 1px solid var(--line); }\n"
"td.n { text-align: right; white-space: nowrap; }\n"
"svg { max-width: 100%; height: auto; }\n"
"rect.good { fill: var(--good); } rect.error { fill: var(--error); }\n"
"</style>\n"
"</head>\n"
"<body>\n"
"<main>\n"
"<h1>TLS reports</h1>\n";


static void
html_table(FILE *out, const char *title, const char *columns)
{
    (void) fprintf(out, "<h3>%s</h3>\n<table>\n<tr><th>Type</th>"
                   "<th>Origin</th>%s</tr>\n", title, columns);
}


static void
html_row(FILE *out, reports_type_e type, int verified)
{
    (void) fprintf(out, "<tr><td>%s</td><td>%s</td>", reports_type(type),
                   verified ? "verified" : "unverified");
}


static void
html_number(FILE *out, int64_t n)
{
    (void) fprintf(out, "<td class=\"n\">%" PRId64 "</td>", n);
}


static void
html_cell(FILE *out, mta_sts_str_t text)
{
    (void) fputs("<td>", out);
    diag_html(out, text);
    (void) fputs("</td>", out);
}


static void
html_sessions(const summary_domain_t *domain, FILE *out)
{
    int                        verified;
    reports_type_e             type;
    const evidence_sessions_t  *sessions;

    html_table(out, "Sessions", "<th>Good</th><th>Failed</th><th>Reports</th>");

    for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
        for (verified = 1; verified >= 0; verified--) {
            sessions = &domain->sessions[type][verified];

            if (sessions->reports) {
                html_row(out, type, verified);
                html_number(out, sessions->good);
                html_number(out, sessions->failed);
                html_number(out, sessions->reports);
                (void) fputs("</tr>\n", out);
            }
        }
    }

    (void) fputs("</table>\n", out);
}


static void
html_failed(const summary_rows_t *rows, int types, FILE *out)
{
    size_t                i;
    const char           *meaning;
    const summary_row_t  *row;

    if (rows->n == 0) {
        return;
    }

    html_table(out, types ? "Failures" : "MX hosts that failed",
               types ? "<th>Failure</th><th>Sessions</th><th>Meaning</th>"
                     : "<th>MX</th><th>Sessions</th>");

    for (i = 0; i < rows->n; i++) {
        row = &rows->elts[i];

        html_row(out, row->type, row->verified);
        html_cell(out, row->name);
        html_number(out, row->failed);

        if (types) {
            meaning = reports_result(row->name)->meaning;
            html_cell(out, mta_sts_str_from(meaning ? meaning : ""));
        }

        (void) fputs("</tr>\n", out);
    }

    (void) fputs("</table>\n", out);
}


static void
html_reporters(const summary_t *summary, const summary_domain_t *domain,
    FILE *out)
{
    char                  day[SUMMARY_DAY];
    size_t                i;
    const summary_row_t  *row;

    html_table(out, "Reporters", "<th>Organization</th><th>Signed by</th>"
               "<th>Good</th><th>Failed</th><th>Last</th>");

    for (i = 0; i < domain->reporters.n; i++) {
        row = &domain->reporters.elts[i];

        html_row(out, row->type, row->verified);
        html_cell(out, row->name);
        html_cell(out, row->signer);
        html_number(out, row->good);
        html_number(out, row->failed);
        (void) fprintf(out, "<td>%s%s</td></tr>\n", summary_day(row->last, day),
                       summary_has_stopped(summary, domain, row)
                       ? ", stopped" : "");
    }

    (void) fputs("</table>\n", out);
}


/* A bar per day, whose parts are good and failed sessions. */

static void
html_chart(const summary_domain_t *domain, reports_type_e type, int verified,
    FILE *out)
{
    int                   part;
    char                  day[SUMMARY_DAY];
    size_t                i, n;
    const summary_row_t  *row;

    for (i = 0, n = 0; i < domain->days.n; i++) {
        n += domain->days.elts[i].type == type
             && domain->days.elts[i].verified == verified;
    }

    if (n < 2) {
        return;
    }

    (void) fprintf(out, "<h3>%s, %s, by day</h3>\n<svg role=\"img\" "
                   "aria-label=\"part of failed sessions by day\" "
                   "width=\"%zu\" height=\"%d\" viewBox=\"0 0 %zu %d\">\n",
                   reports_type(type), verified ? "verified" : "unverified",
                   n * HTML_WIDTH, HTML_HEIGHT, n * HTML_WIDTH, HTML_HEIGHT);

    for (i = 0, n = 0; i < domain->days.n; i++) {
        row = &domain->days.elts[i];

        if (row->type != type || row->verified != verified) {
            continue;
        }

        part = row->failed == 0 ? 0
               : 1 + (int) ((double) row->failed * (HTML_HEIGHT - 1)
                            / (double) (row->good + row->failed));

        (void) fprintf(out, "<g><title>%s: %" PRId64 " good, %" PRId64
                       " failed</title><rect class=\"good\" x=\"%zu\" y=\"0\" "
                       "width=\"%d\" height=\"%d\"/><rect class=\"error\" "
                       "x=\"%zu\" y=\"%d\" width=\"%d\" height=\"%d\"/></g>\n",
                       summary_day(row->last, day), row->good, row->failed,
                       n * HTML_WIDTH, HTML_WIDTH - 1, HTML_HEIGHT - part,
                       n * HTML_WIDTH, HTML_HEIGHT - part, HTML_WIDTH - 1,
                       part);
        n++;
    }

    (void) fputs("</svg>\n", out);
}


void
summary_html(const summary_t *summary, FILE *out)
{
    size_t                   i;
    reports_type_e           type;
    summary_severity_e       severity;
    const summary_domain_t  *domain;

    static const char *const  names[] = { "good", "note", "warning", "error" };

    (void) fputs(html_head, out);
    (void) fprintf(out, "<p>Of the last %u days; %" PRId64 " reports about "
                   "other domains were refused.</p>\n", summary->days,
                   summary->refused);

    for (i = 0; i < summary->n; i++) {
        domain = &summary->domains[i];
        severity = summary_severity(summary, domain);

        (void) fputs("<h2>", out);
        diag_html(out, domain->domain.len ? domain->domain
                                          : mta_sts_str("(no domain named)"));
        (void) fprintf(out, ": <span class=\"%s\">%s</span></h2>\n",
                       names[severity], names[severity]);

        if (domain->last == 0) {
            (void) fputs("<p>No report in these days.</p>\n", out);
            continue;
        }

        html_sessions(domain, out);

        for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
            html_chart(domain, type, 1, out);
            html_chart(domain, type, 0, out);
        }

        html_failed(&domain->failures, 1, out);
        html_failed(&domain->hosts, 0, out);
        html_reporters(summary, domain, out);
    }

    (void) fputs("</main>\n</body>\n</html>\n", out);
}
