/*
 * For people.  A long report begins with a summary by kind, and findings that
 * many domains have in common are listed once.
 */

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "report.h"


#define TEXT_LONG   20                /* domains */
#define TEXT_FIRST  5                 /* domains that are named of many */


/* Colours of ECMA-48: none, yellow, blue, red. */

static const char *
text_color(const report_t *report, finding_severity_e severity)
{
    static const char *const  colors[] = { "", "\033[33m", "\033[34m",
                                           "\033[31m" };

    return report->color ? colors[severity] : "";
}


static const char *
text_reset(const report_t *report, finding_severity_e severity)
{
    return report->color && severity > FINDING_NOTE ? "\033[0m" : "";
}


static void
text_severity(const report_t *report, const finding_t *finding)
{
    (void) fprintf(report->out, "%s%-7s%s  %s",
                   text_color(report, finding->severity),
                   finding_severity(finding->severity),
                   text_reset(report, finding->severity),
                   finding_kind(finding->kind)->code);
}


/* The first names of n items, each domain once. */

static void
text_domains(const report_t *report, const report_item_t *items, size_t n)
{
    size_t  i, k;

    for (i = 0, k = 0; i < n; i++) {

        if (i && items[i].result == items[i - 1].result) {
            continue;
        }

        if (k++ < TEXT_FIRST) {
            (void) fprintf(report->out, "%s%.*s", k > 1 ? ", " : "",
                           (int) items[i].result->entry->domain.len,
                           items[i].result->entry->domain.data);
        }
    }

    if (k > TEXT_FIRST) {
        (void) fprintf(report->out, " and %zu more", k - TEXT_FIRST);
    }

    (void) fputc('\n', report->out);
}


/* A line for each kind: severity, code, and who has it. */

static void
text_summary(const report_t *report)
{
    size_t                i, k;
    const report_item_t  *items;

    items = report->items;

    (void) fputs("summary\n", report->out);

    for (i = 0; i < report->n_items; i = k) {

        for (k = i + 1; k < report->n_items
             && items[k].finding->severity == items[i].finding->severity
             && items[k].finding->kind == items[i].finding->kind; k++)
        {
            /* void */
        }

        (void) fputs("  ", report->out);
        text_severity(report, items[i].finding);
        (void) fprintf(report->out, "  %zu: ", k - i);
        text_domains(report, &items[i], k - i);
    }

    (void) fputc('\n', report->out);
}


static int
text_is_grouped(const report_t *report, const finding_t *finding)
{
    return report_item(report, finding)->same >= REPORT_GROUP;
}


/* Each finding that many domains have in common, once. */

static void
text_groups(const report_t *report)
{
    size_t                i;
    const report_item_t  *item;

    for (i = 0; i < report->n_items; i += item->same) {
        item = &report->items[i];

        if (item->same < REPORT_GROUP) {
            continue;
        }

        text_severity(report, item->finding);
        (void) fprintf(report->out, ": %.*s (RFC %s)\n    ",
                       (int) item->finding->what.len, item->finding->what.data,
                       finding_kind(item->finding->kind)->section);
        text_domains(report, item, item->same);
        (void) fputc('\n', report->out);
    }
}


static void
text_heading(const report_t *report, const result_t *result)
{
    mta_sts_str_t  domain, mode;

    domain = result->entry->domain;

    (void) fprintf(report->out, "%s%.*s%s", report->color ? "\033[1m" : "",
                   (int) domain.len, domain.data,
                   report->color ? "\033[0m" : "");

    if (result->mode != -1) {
        mode = mta_sts_mode_str((mta_sts_mode_e) result->mode);
        (void) fprintf(report->out, "  mode %.*s", (int) mode.len, mode.data);
    }

    if (result->id.len) {
        (void) fprintf(report->out, "  id %.*s", (int) result->id.len,
                       result->id.data);
    }

    (void) fprintf(report->out, "%s\n",
                   result->findings.n ? "" : "  nothing found");
}


static void
text_domain(const report_t *report, const result_t *result)
{
    size_t                 i;
    finding_subject_e      subject;
    const finding_t       *finding;
    const finding_kind_t  *kind;

    text_heading(report, result);

    subject = FINDING_SUBJECTS;

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];
        kind = finding_kind(finding->kind);

        if (text_is_grouped(report, finding)) {
            continue;
        }

        if (kind->subject != subject) {
            subject = kind->subject;
            (void) fprintf(report->out, "  %s\n", finding_subject(subject));
        }

        (void) fputs("    ", report->out);
        text_severity(report, finding);
        (void) fprintf(report->out, ": %.*s (RFC %s)\n",
                       (int) finding->text.len, finding->text.data,
                       kind->section);
    }

    if (result->findings.n) {
        (void) fputc('\n', report->out);
    }
}


/* The worst severity of what is not grouped, or -1. */

static int
text_worst(const report_t *report, const result_t *result)
{
    int               worst;
    size_t            i;
    const finding_t  *finding;

    for (i = 0, worst = -1; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        if ((int) finding->severity > worst
            && !text_is_grouped(report, finding))
        {
            worst = finding->severity;
        }
    }

    return worst;
}


static void
text_count(const report_t *report, size_t n, const char *what,
    const char *end)
{
    (void) fprintf(report->out, "%zu %s%s%s", n, what, diag_s(n), end);
}


static void
text_report(const report_t *report)
{
    int     severity;
    size_t  i;

    if (report->n > TEXT_LONG && report->n_items) {
        text_summary(report);
    }

    text_groups(report);

    for (severity = FINDING_ERROR; severity >= -1; severity--) {

        for (i = 0; i < report->n; i++) {
            if (text_worst(report, &report->results[i]) == severity
                && (severity != -1
                    || (report->n <= TEXT_LONG && !report->since
                        && report->results[i].findings.n == 0)))
            {
                text_domain(report, &report->results[i]);
            }
        }
    }

    for (i = 0; i < report->n_resolved; i++) {
        (void) fprintf(report->out, "resolved  %.*s  %.*s\n",
                       (int) report->resolved[i].domain.len,
                       report->resolved[i].domain.data,
                       (int) report->resolved[i].code.len,
                       report->resolved[i].code.data);
    }

    /* a timer mails what is printed: nothing if nothing changed */

    if (report->since && report->n_items + report->n_resolved == 0) {
        return;
    }

    if (report->family) {
        (void) fprintf(report->out, "only IPv%u addresses were looked at\n",
                       report->family);
    }

    text_count(report, report->n, "domain", report->since ? ", new: " : ": ");
    text_count(report, report->counts[FINDING_ERROR], "error", ", ");
    (void) fprintf(report->out, "%zu unknown, ",
                   report->counts[FINDING_UNKNOWN]);
    text_count(report, report->counts[FINDING_WARNING], "warning", ", ");
    text_count(report, report->counts[FINDING_NOTE], "note", "\n");
}


void
report_text(report_t *report)
{
    FILE         *out;
    diag_wrap_t   wrap;

    out = report->out;
    report->out = diag_wrap_open(&wrap, out, report->width);

    text_report(report);

    diag_wrap_close(&wrap);
    report->out = out;
}
