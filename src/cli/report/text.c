/*
 * For people: findings by domain and by what of it they are about.
 */

#include "policy/policy.h"
#include "report.h"


/* Colours of ECMA-48: none, yellow, red. */

static const char *
text_color(const report_t *report, finding_severity_e severity)
{
    static const char *const  colors[] = { "", "\033[33m", "\033[31m" };

    return report->color ? colors[severity] : "";
}


static const char *
text_reset(const report_t *report, finding_severity_e severity)
{
    return report->color && severity > FINDING_NOTE ? "\033[0m" : "";
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

        if (kind->subject != subject) {
            subject = kind->subject;
            (void) fprintf(report->out, "  %s\n", finding_subject(subject));
        }

        (void) fprintf(report->out, "    %s%-7s%s  %s: %.*s (RFC %s)\n",
                       text_color(report, finding->severity),
                       finding_severity(finding->severity),
                       text_reset(report, finding->severity), kind->code,
                       (int) finding->text.len, finding->text.data,
                       kind->section);
    }

    if (result->findings.n) {
        (void) fputc('\n', report->out);
    }
}


static void
text_count(const report_t *report, size_t n, const char *what, const char *end)
{
    (void) fprintf(report->out, "%zu %s%s%s", n, what, n == 1 ? "" : "s", end);
}


void
report_text(const report_t *report)
{
    size_t  i;

    for (i = 0; i < report->n; i++) {
        text_domain(report, &report->results[i]);
    }

    text_count(report, report->n, "domain", ": ");
    text_count(report, report->counts[FINDING_ERROR], "error", ", ");
    text_count(report, report->counts[FINDING_WARNING], "warning", ", ");
    text_count(report, report->counts[FINDING_NOTE], "note", "\n");
}
