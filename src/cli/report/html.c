/*
 * One page for people, which is complete without script.
 */

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "report.h"


#define HTML_DAYS  30                 /* days left of a certificate's bar */


static const char  html_style[] =
"h3 { margin: 0; }\n"
"ul { padding: 0; margin: 0; list-style: none; }\n"
".totals { display: flex; flex-wrap: wrap; gap: .5rem; }\n"
".totals li { background: var(--soft); padding: .5rem .75rem;\n"
"  border-radius: .4rem; }\n"
".domain { border: 1px solid var(--line); border-radius: .4rem;\n"
"  padding: .75rem; margin: .75rem 0; }\n"
".domain p { margin: 0; overflow-wrap: anywhere; color: var(--note); }\n"
".domain li { margin-top: .6rem; overflow-wrap: anywhere; }\n"
".filter { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }\n"
".filter label { display: block; }\n"
"input, select { font: inherit; color: inherit; background: var(--bg);\n"
"  border: 1px solid var(--line); border-radius: .3rem; padding: .35rem;\n"
"  max-width: 100%; }\n"
"th, td { overflow-wrap: anywhere; }\n"
"td.days { text-align: right; white-space: nowrap; }\n"
"[hidden] { display: none; }\n";


/* Search and filter only hide what is there; without script all is shown. */

static const char  html_filter[] =
"<form class=\"filter\" hidden>\n"
"<div><label for=\"search\">Domain or text</label>\n"
"<input id=\"search\" type=\"search\" autocomplete=\"off\"></div>\n"
"<div><label for=\"severity\">Worst finding</label>\n"
"<select id=\"severity\"><option value=\"\">any</option>"
"<option>error</option><option>unknown</option><option>warning</option>"
"<option>note</option><option value=\"none\">nothing found</option>"
"</select></div>\n"
"<p role=\"status\" id=\"shown\"></p>\n"
"</form>\n";


static const char  html_script[] =
"<script>\n"
"(function () {\n"
"    var form = document.querySelector('.filter');\n"
"    var search = document.getElementById('search');\n"
"    var severity = document.getElementById('severity');\n"
"    var shown = document.getElementById('shown');\n"
"    var domains = Array.from(document.querySelectorAll('.domain'));\n"
"    function update() {\n"
"        var words = search.value.toLowerCase(), n = 0;\n"
"        domains.forEach(function (domain) {\n"
"            var hit = domain.textContent.toLowerCase().includes(words)\n"
"                && (!severity.value\n"
"                    || domain.dataset.worst === severity.value);\n"
"            domain.hidden = !hit;\n"
"            n += hit;\n"
"        });\n"
"        shown.textContent = n + ' of ' + domains.length\n"
"            + (domains.length === 1 ? ' domain' : ' domains');\n"
"    }\n"
"    form.hidden = false;\n"
"    form.addEventListener('input', update);\n"
"    form.addEventListener('submit', function (e) { e.preventDefault(); });\n"
"    update();\n"
"}());\n"
"</script>\n";


static void
html_total(FILE *out, const char *class, size_t n, const char *what)
{
    (void) fprintf(out, "<li class=\"%s\"><strong>%zu</strong> %s%s</li>\n",
                   class, n, what, class[0] == 'u' ? "" : diag_s(n));
}


static void
html_totals(const report_t *report)
{
    char        when[64];
    FILE       *out;
    time_t      now;
    struct tm   tm;

    out = report->out;
    now = time(NULL);

    if (gmtime_r(&now, &tm) == NULL
        || strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm) == 0)
    {
        when[0] = '\0';
    }

    (void) fprintf(out, "<p>%s%s</p>\n<ul class=\"totals\">\n", when,
                   report->family == 4 ? ", only IPv4 addresses"
                   : report->family == 6 ? ", only IPv6 addresses" : "");

    html_total(out, "all", report->n, "domain");
    html_total(out, "error", report->counts[FINDING_ERROR], "error");
    html_total(out, "unknown", report->counts[FINDING_UNKNOWN], "unknown");
    html_total(out, "warning", report->counts[FINDING_WARNING], "warning");
    html_total(out, "note", report->counts[FINDING_NOTE], "note");

    (void) fputs("</ul>\n", out);
}


static int
html_worst(const result_t *result)
{
    int     worst;
    size_t  i;

    for (i = 0, worst = -1; i < result->findings.n; i++) {
        if ((int) result->findings.elts[i].severity > worst) {
            worst = result->findings.elts[i].severity;
        }
    }

    return worst;
}


static void
html_finding(FILE *out, const finding_t *finding)
{
    const char            *severity;
    const finding_kind_t  *kind;

    kind = finding_kind(finding->kind);
    severity = finding_severity(finding->severity);

    (void) fprintf(out, "<li><strong class=\"%s\">%s</strong> "
                   "<code>%s</code>: ", severity, severity, kind->code);

    diag_html(out, finding->text);
    (void) fprintf(out, " (RFC %s)</li>\n", kind->section);
}


static void
html_domain(FILE *out, const result_t *result, int worst)
{
    int               severity;
    size_t            i;
    mta_sts_str_t     mode;
    const finding_t  *finding;

    (void) fprintf(out, "<section class=\"domain\" data-worst=\"%s\">\n<h3>",
                   worst == -1 ? "none"
                               : finding_severity((finding_severity_e) worst));
    diag_html(out, result->entry->domain);
    (void) fputs("</h3>\n<p>", out);

    if (result->mode != -1) {
        mode = mta_sts_mode_str((mta_sts_mode_e) result->mode);
        (void) fprintf(out, "mode %.*s, max_age %lld s", (int) mode.len,
                       mode.data, (long long) result->max_age);

    } else {
        (void) fputs("no policy", out);
    }

    if (result->id.len) {
        (void) fputs(", id ", out);
        diag_html(out, result->id);
    }

    (void) fputs(result->findings.n ? "</p>\n<ul>\n"
                                    : ", nothing found</p>\n", out);

    for (severity = FINDING_ERROR; severity >= FINDING_NOTE; severity--) {

        for (i = 0; i < result->findings.n; i++) {
            finding = &result->findings.elts[i];

            if ((int) finding->severity == severity) {
                html_finding(out, finding);
            }
        }
    }

    (void) fputs(result->findings.n ? "</ul>\n</section>\n"
                                    : "</section>\n", out);
}


static void
html_resolved(const report_t *report)
{
    size_t  i;

    if (report->n_resolved == 0) {
        return;
    }

    (void) fputs("<h2>Resolved</h2>\n<ul>\n", report->out);

    for (i = 0; i < report->n_resolved; i++) {
        (void) fputs("<li>", report->out);
        diag_html(report->out, report->resolved[i].domain);
        (void) fputs(": <code>", report->out);
        diag_html(report->out, report->resolved[i].code);
        (void) fputs("</code></li>\n", report->out);
    }

    (void) fputs("</ul>\n", report->out);
}


/* A mail server that many domains have is in the table once. */

static int
html_is_again(const cert_seen_t *a, const cert_seen_t *b)
{
    return a->rsa == b->rsa && a->smtp == b->smtp
           && mta_sts_str_eq(a->host, b->host)
           && mta_sts_str_eq(a->address, b->address);
}


static void
html_certs(report_t *report)
{
    long                 days;
    FILE                *out;
    size_t               i, n;
    const cert_seen_t  **certs;

    out = report->out;
    certs = report_certs(report, &n);

    if (n == 0) {
        return;
    }

    (void) fputs("<h2>Certificates</h2>\n<table>\n<thead><tr>"
                 "<th scope=\"col\">Days left</th>"
                 "<th scope=\"col\">Host</th>"
                 "<th scope=\"col\">Address</th>"
                 "<th scope=\"col\">Key</th></tr></thead>\n<tbody>\n", out);

    for (i = 0; i < n; i++) {

        if (i && html_is_again(certs[i - 1], certs[i])) {
            continue;
        }

        days = report_days(certs[i], time(NULL));

        (void) fprintf(out, "<tr><td class=\"days %s\">%ld</td><td>",
                       days < 0 ? "error" : days < HTML_DAYS ? "warning" : "",
                       days);
        diag_html(out, certs[i]->host);
        (void) fputs("</td><td>", out);
        diag_html(out, certs[i]->address);
        (void) fprintf(out, "</td><td>%s</td></tr>\n",
                       certs[i]->rsa ? "RSA" : "ECDSA");
    }

    (void) fputs("</tbody>\n</table>\n", out);
}


void
report_html(report_t *report)
{
    int     severity, worst;
    size_t  i;

    diag_html_begin(report->out, "MTA-STS check", html_style, html_script);
    html_totals(report);
    html_resolved(report);

    (void) fprintf(report->out, "<h2>Domains</h2>\n%s", html_filter);

    for (severity = FINDING_ERROR; severity >= -1; severity--) {

        for (i = 0; i < report->n; i++) {
            worst = html_worst(&report->results[i]);

            if (worst == severity) {
                html_domain(report->out, &report->results[i], worst);
            }
        }
    }

    html_certs(report);

    diag_html_end(report->out, html_script);
}
