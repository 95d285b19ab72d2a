/*
 * The table of formats, and what they have in common.
 */

#include <stdlib.h>

#include "report.h"


static const report_format_t  report_formats[] = {

    { "text", "for a person: each domain and what was found",
      0, 0, NULL, report_text_domain, report_text_end },

    { "json", "an array, one object a domain",
      0, 0, report_json_begin, report_json_domain, report_json_end },

    { "prometheus", "for node_exporter's textfile collector",
      0, 3, NULL, report_prometheus_domain, report_prometheus_end },

    { "nagios", "a plugin's line; the exit status is a plugin's, too",
      1, 1, NULL, report_nagios_domain, report_nagios_end }
};

#define REPORT_FORMATS  (sizeof(report_formats) / sizeof(report_formats[0]))


const report_format_t *
report_find(const char *name)
{
    size_t  i;

    for (i = 0; i < REPORT_FORMATS; i++) {
        if (strcmp(report_formats[i].name, name) == 0) {
            return &report_formats[i];
        }
    }

    return NULL;
}


void
report_usage(FILE *out)
{
    size_t  i;

    for (i = 0; i < REPORT_FORMATS; i++) {
        (void) fprintf(out, "    %-12s  %s\n", report_formats[i].name,
                       report_formats[i].about);
    }
}


void
report_begin(report_t *report)
{
    int  i;

    for (i = 0; i < report->format->parts; i++) {
        report->parts[i] = open_memstream(&report->text[i], &report->len[i]);

        if (report->parts[i] == NULL) {
            report->failed = 1;
        }
    }

    if (report->format->begin) {
        report->format->begin(report);
    }
}


void
report_domain(report_t *report, const result_t *result)
{
    int     severity, worst;
    size_t  n;

    if (report->failed) {
        return;
    }

    worst = -1;

    for (severity = FINDING_NOTE; severity <= FINDING_ERROR; severity++) {
        n = finding_count(&result->findings, (finding_severity_e) severity);

        if (n) {
            report->counts[severity] += n;
            worst = severity;
        }
    }

    if (worst != -1) {
        report->worst[worst]++;
    }

    report->unknown += result->unknown != 0;

    report->format->domain(report, result);

    report->domains++;
}


void
report_end(report_t *report)
{
    int  i;

    for (i = 0; i < report->format->parts; i++) {
        if (report->parts[i] == NULL) {
            continue;
        }

        /* without memory fclose() may be content, and leave no text */

        report->failed |= ferror(report->parts[i]);
        report->failed |= fclose(report->parts[i]) != 0
                          || report->text[i] == NULL;
    }

    if (!report->failed) {
        report->format->end(report);
    }

    for (i = 0; i < report->format->parts; i++) {
        free(report->text[i]);
    }
}


long
report_days(const cert_seen_t *cert, time_t now)
{
    time_t  left;

    left = cert->not_after - now;

    /* rounded down, also below zero */

    return (long) (left >= 0 ? left / 86400 : -((-left + 86399) / 86400));
}
