/*
 * The text format of Prometheus: all samples of a metric stand together, so
 * three streams are filled at a time.
 */

#include "report.h"


#define PROMETHEUS_FINDINGS  0
#define PROMETHEUS_CERTS     1
#define PROMETHEUS_SERVED    2


/* A label's value, with what must be escaped. */

static void
prometheus_label(FILE *out, const char *name, mta_sts_str_t value)
{
    size_t  i;

    (void) fprintf(out, "%s=\"", name);

    for (i = 0; i < value.len; i++) {

        if (value.data[i] == '"' || value.data[i] == '\\') {
            (void) fputc('\\', out);
        }

        (void) fputc(value.data[i], out);
    }

    (void) fputc('"', out);
}


void
report_prometheus_domain(report_t *report, const result_t *result)
{
    FILE                  *out;
    size_t                 i;
    const cert_seen_t     *cert;
    const finding_t       *finding;

    out = report->parts[PROMETHEUS_FINDINGS];

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        /* a kind may be found on several addresses */

        if (i && finding[-1].kind == finding->kind) {
            continue;
        }

        (void) fputs("mta_sts_check_finding{", out);
        prometheus_label(out, "domain", result->entry->domain);
        (void) fprintf(out, ",code=\"%s\",severity=\"%s\"} 1\n",
                       finding_kind(finding->kind)->code,
                       finding_severity(finding->severity));
    }

    out = report->parts[PROMETHEUS_CERTS];

    for (i = 0; i < result->certs.n; i++) {
        cert = &result->certs.elts[i];

        (void) fputs("mta_sts_check_certificate_days_left{", out);
        prometheus_label(out, "domain", result->entry->domain);
        (void) fprintf(out, ",subject=\"%s\",", cert->smtp ? "smtp"
                                                           : "policy");
        prometheus_label(out, "host", cert->host);
        (void) fputc(',', out);
        prometheus_label(out, "address", cert->address);
        (void) fprintf(out, "} %ld\n", report_days(cert, result->now));
    }

    out = report->parts[PROMETHEUS_SERVED];

    (void) fputs("mta_sts_check_errors{", out);
    prometheus_label(out, "domain", result->entry->domain);
    (void) fprintf(out, "} %zu\n",
                   finding_count(&result->findings, FINDING_ERROR));
}


static void
prometheus_metric(FILE *out, const char *name, const char *help,
    const char *samples)
{
    (void) fprintf(out, "# HELP mta_sts_check_%s %s\n"
                   "# TYPE mta_sts_check_%s gauge\n%s", name, help, name,
                   samples);
}


void
report_prometheus_end(report_t *report)
{
    FILE  *out;

    out = report->out;

    prometheus_metric(out, "finding", "What is wrong with a domain.",
                      report->text[PROMETHEUS_FINDINGS]);

    prometheus_metric(out, "certificate_days_left",
                      "Days until a certificate expires.",
                      report->text[PROMETHEUS_CERTS]);

    prometheus_metric(out, "errors", "Findings of a domain that are errors.",
                      report->text[PROMETHEUS_SERVED]);

    prometheus_metric(out, "timestamp_seconds", "When the check ended.", "");
    (void) fprintf(out, "mta_sts_check_timestamp_seconds %lld\n",
                   (long long) time(NULL));
}
