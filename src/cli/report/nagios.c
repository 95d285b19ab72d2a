/*
 * A plugin's output: a line with the state, performance data after "|", and then
 * a line for each finding.
 */

#include "report.h"


static void
nagios_findings(const report_t *report, const result_t *result)
{
    size_t            i, k;
    const finding_t  *finding;

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        (void) fprintf(report->out, "%.*s %s %s: ",
                       (int) result->entry->domain.len,
                       result->entry->domain.data,
                       finding_severity(finding->severity),
                       finding_kind(finding->kind)->code);

        /* performance data begins after "|" */

        for (k = 0; k < finding->text.len; k++) {
            (void) fputc(finding->text.data[k] == '|'
                         ? '/' : finding->text.data[k], report->out);
        }

        (void) fputc('\n', report->out);
    }
}


void
report_nagios(const report_t *report)
{
    size_t         i;
    const char    *state;
    const size_t  *counts;

    counts = report->counts;

    if (report->unknown == report->n) {
        state = "UNKNOWN - no lookup had an answer";

    } else if (counts[FINDING_ERROR]) {
        state = "CRITICAL";

    } else {
        state = counts[FINDING_WARNING] ? "WARNING" : "OK";
    }

    (void) fprintf(report->out, "MTA-STS %s - %zu domains, %zu errors, %zu "
                   "warnings | domains=%zu errors=%zu warnings=%zu "
                   "notes=%zu\n", state, report->n, counts[FINDING_ERROR],
                   counts[FINDING_WARNING], report->n, counts[FINDING_ERROR],
                   counts[FINDING_WARNING], counts[FINDING_NOTE]);

    for (i = 0; i < report->n; i++) {
        nagios_findings(report, &report->results[i]);
    }
}
