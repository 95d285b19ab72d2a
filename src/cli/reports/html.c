/*
 * The summary as one page for people.
 */

#include <inttypes.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define HTML_DAY     86400
#define HTML_WIDTH   8                /* of a day, pixels */
#define HTML_HEIGHT  60


static const char  html_style[] =
"td:first-child { overflow-wrap: anywhere; }\n"
"th.n, td.n { text-align: right; }\n"
"td small { color: var(--note); }\n"
"figure { margin: 1rem 0; } figcaption { color: var(--note); }\n"
"svg { max-width: 100%; height: auto; }\n"
"rect.good { fill: var(--good); } rect.error { fill: var(--error); }\n"
"@media (max-width: 40rem) {\n"
"  body { padding: .5rem; } table { font-size: .875rem; }\n"
"  th, td { padding: .3rem .2rem; }\n"
"}\n";


/* A table, whose columns after the first two are numbers, or as they are. */

static void
html_table(FILE *out, const char *title, const char *first,
    const char *columns)
{
    (void) fprintf(out, "<h3>%s</h3>\n<table>\n<tr>%s<th>Policy</th>%s</tr>\n",
                   title, first, columns);
}


static const char *
html_origin(int verified)
{
    return verified ? "verified" : "unverified";
}


static void
html_policy(FILE *out, reports_type_e type, int verified)
{
    (void) fprintf(out, "<td>%s, %s</td>", reports_type(type),
                   html_origin(verified));
}


static void
html_number(FILE *out, int64_t n)
{
    (void) fprintf(out, "<td class=\"n\">%" PRId64 "</td>", n);
}


/* A text, and in a line below it what is to be known about it. */

static void
html_cell(FILE *out, mta_sts_str_t text, const char *prefix,
    mta_sts_str_t note)
{
    (void) fputs("<td>", out);
    diag_html(out, text);

    if (note.len) {
        (void) fprintf(out, "<br><small>%s", prefix);
        diag_html(out, note);
        (void) fputs("</small>", out);
    }

    (void) fputs("</td>", out);
}


/* What is known of reports that were dropped. */

static void
html_summed(const evidence_sessions_t *summed, FILE *out)
{
    if (summed->reports) {
        (void) fputs("<tr><td>of these dropped: without failures, hosts, "
                     "reporters</td>", out);
        html_number(out, summed->good);
        html_number(out, summed->failed);
        html_number(out, summed->reports);
        (void) fputs("</tr>\n", out);
    }
}


static void
html_sessions(const summary_domain_t *domain, FILE *out)
{
    int                         verified;
    reports_type_e              type;
    const evidence_sessions_t  *sessions;

    html_table(out, "Sessions", "", "<th class=\"n\">Good</th>"
               "<th class=\"n\">Failed</th><th class=\"n\">Reports</th>");

    for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
        for (verified = 1; verified >= 0; verified--) {
            sessions = &domain->sessions[type][verified];

            if (sessions->reports) {
                (void) fputs("<tr>", out);
                html_policy(out, type, verified);
                html_number(out, sessions->good);
                html_number(out, sessions->failed);
                html_number(out, sessions->reports);
                (void) fputs("</tr>\n", out);
                html_summed(&domain->summed[type][verified], out);
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
               types ? "<th>Failure</th>" : "<th>MX</th>",
               "<th class=\"n\">Sessions</th>");

    for (i = 0; i < rows->n; i++) {
        row = &rows->elts[i];
        meaning = types ? reports_result(row->name)->meaning : NULL;

        (void) fputs("<tr>", out);
        html_cell(out, row->name.len ? row->name : mta_sts_str("(no type)"), "",
                  mta_sts_str_from(meaning ? meaning : ""));
        html_policy(out, row->type, row->verified);
        html_number(out, row->failed);
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

    if (domain->reporters.n == 0) {
        return;
    }

    html_table(out, "Reporters", "<th>Organization</th>",
               "<th class=\"n\">Good</th><th class=\"n\">Failed</th>"
               "<th>Last</th>");

    for (i = 0; i < domain->reporters.n; i++) {
        row = &domain->reporters.elts[i];

        (void) fputs("<tr>", out);
        html_cell(out, row->name.len ? row->name : mta_sts_str("(no name)"),
                  "signed by ", row->signer);
        html_policy(out, row->type, row->verified);
        html_number(out, row->good);
        html_number(out, row->failed);
        (void) fprintf(out, "<td>%s%s</td></tr>\n", summary_day(row->last, day),
                       summary_has_stopped(summary, domain, row)
                       ? ", stopped" : "");
    }

    (void) fputs("</table>\n", out);
}


static void
html_bar(const summary_row_t *row, int64_t x, FILE *out)
{
    int   part;
    char  day[SUMMARY_DAY];

    part = row->failed == 0 ? 0
           : 1 + (int) ((double) row->failed * (HTML_HEIGHT - 1)
                        / ((double) row->good + (double) row->failed));

    (void) fprintf(out, "<g><title>%s: %" PRId64 " good, %" PRId64 " failed"
                   "</title><rect class=\"good\" x=\"%" PRId64 "\" y=\"0\" "
                   "width=\"%d\" height=\"%d\"/><rect class=\"error\" "
                   "x=\"%" PRId64 "\" y=\"%d\" width=\"%d\" height=\"%d\"/>"
                   "</g>\n", summary_day(row->last, day), row->good,
                   row->failed, x, HTML_WIDTH - 1, HTML_HEIGHT - part, x,
                   HTML_HEIGHT - part, HTML_WIDTH - 1, part);
}


/* A bar per day, whose parts are good and failed sessions. */

static void
html_chart(const summary_domain_t *domain, reports_type_e type, int verified,
    FILE *out)
{
    char                  first[SUMMARY_DAY], last[SUMMARY_DAY];
    size_t                i, n;
    int64_t               width;
    const summary_row_t  *row, *begin, *end;

    begin = end = NULL;

    for (i = 0, n = 0; i < domain->days.n; i++) {
        row = &domain->days.elts[i];

        if (row->type == type && row->verified == verified) {
            begin = begin ? begin : row;
            end = row;
            n++;
        }
    }

    if (n < 2) {
        return;
    }

    width = ((end->last - begin->last) / HTML_DAY + 1) * HTML_WIDTH;

    (void) fprintf(out, "<figure>\n<svg role=\"img\" aria-label=\"good and "
                   "failed sessions by day\" width=\"%" PRId64 "\" "
                   "height=\"%d\" viewBox=\"0 0 %" PRId64 " %d\">\n", width,
                   HTML_HEIGHT, width, HTML_HEIGHT);

    for (row = begin; row <= end; row++) {
        html_bar(row, (row->last - begin->last) / HTML_DAY * HTML_WIDTH, out);
    }

    (void) fprintf(out, "</svg>\n<figcaption>%s, %s: good and failed sessions, "
                   "%s to %s</figcaption>\n</figure>\n", reports_type(type),
                   html_origin(verified), summary_day(begin->last, first),
                   summary_day(end->last, last));
}


void
summary_html(const summary_t *summary, FILE *out)
{
    char                     day[SUMMARY_DAY];
    size_t                   i;
    reports_type_e           type;
    summary_severity_e       severity;
    const summary_domain_t  *domain;

    static const char *const  names[] = { "good", "note", "warning", "error" };

    diag_html_begin(out, "TLS reports", html_style, NULL);
    (void) fprintf(out, "<p>The %u days up to %s. Verified reports came by "
                   "mail with a valid signature; anybody can send the others. "
                   "Sessions of different policies are never added up: a "
                   "sender may list the same ones twice.</p>\n", summary->days,
                   summary_day(summary->now, day));

    if (summary->refused) {
        (void) fprintf(out, "<p>%" PRId64 " report%s refused: about other "
                       "domains, or too many.</p>\n", summary->refused,
                       summary->refused == 1 ? " was" : "s were");
    }

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

    diag_html_end(out, NULL);
}
