/*
 * A plugin's output: a line with the state, performance data behind "|", and
 * then a line for each finding.
 */

#include "report.h"


void
report_nagios_domain(report_t *report, const result_t *result)
{
    size_t            i, k;
    FILE             *out;
    const finding_t  *finding;

    out = report->parts[0];

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        (void) fprintf(out, "%.*s %s %s: ", (int) result->entry->domain.len,
                       result->entry->domain.data,
                       finding_severity(finding->severity),
                       finding_kind(finding->kind)->code);

        /* "|" begins performance data */

        for (k = 0; k < finding->text.len; k++) {
            (void) fputc(finding->text.data[k] == '|'
                         ? '/' : finding->text.data[k], out);
        }

        (void) fputc('\n', out);
    }
}


void
report_nagios_end(report_t *report)
{
    const char  *state;

    if (report->domains == 0 || report->unknown == report->domains) {
        state = "UNKNOWN - no lookup had an answer";

    } else if (report->counts[FINDING_ERROR]) {
        state = "CRITICAL";

    } else if (report->counts[FINDING_WARNING]) {
        state = "WARNING";

    } else {
        state = "OK";
    }

    (void) fprintf(report->out, "MTA-STS %s - %zu domains, %zu errors, %zu "
                   "warnings | domains=%zu errors=%zu warnings=%zu notes=%zu\n"
                   "%s", state, report->domains,
                   report->counts[FINDING_ERROR],
                   report->counts[FINDING_WARNING], report->domains,
                   report->counts[FINDING_ERROR],
                   report->counts[FINDING_WARNING],
                   report->counts[FINDING_NOTE], report->text[0]);
}
