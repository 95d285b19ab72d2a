/*
 * The text format of Prometheus, in which the samples of a metric must be
 * contiguous.
 */

#include "report.h"


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


static void
prometheus_metric(const report_t *report, const char *name, const char *help)
{
    (void) fprintf(report->out, "# HELP mta_sts_check_%s %s\n"
                   "# TYPE mta_sts_check_%s gauge\n", name, help, name);
}


/* A sample's name and its first label, the domain. */

static void
prometheus_sample(const report_t *report, const char *name,
    const result_t *result)
{
    (void) fprintf(report->out, "mta_sts_check_%s{", name);
    prometheus_label(report->out, "domain", result->entry->domain);
}


static void
prometheus_findings(const report_t *report, const result_t *result)
{
    size_t            i;
    const finding_t  *finding;

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        /* a kind may be found on several addresses */

        if (i && finding[-1].kind == finding->kind) {
            continue;
        }

        prometheus_sample(report, "finding", result);
        (void) fprintf(report->out, ",code=\"%s\",severity=\"%s\"} 1\n",
                       finding_kind(finding->kind)->code,
                       finding_severity(finding->severity));
    }
}


static void
prometheus_certs(const report_t *report, const result_t *result)
{
    size_t              i;
    const cert_seen_t  *cert;

    for (i = 0; i < result->n_certs; i++) {
        cert = &result->certs[i];

        prometheus_sample(report, "certificate_days_left", result);
        (void) fprintf(report->out, ",subject=\"%s\",",
                       cert->smtp ? "smtp" : "policy");
        prometheus_label(report->out, "host", cert->host);
        (void) fputc(',', report->out);
        prometheus_label(report->out, "address", cert->address);
        (void) fprintf(report->out, "} %ld\n",
                       report_days(cert, result->now));
    }
}


void
report_prometheus(const report_t *report)
{
    size_t  i;

    prometheus_metric(report, "finding", "What is wrong with a domain.");

    for (i = 0; i < report->n; i++) {
        prometheus_findings(report, &report->results[i]);
    }

    prometheus_metric(report, "certificate_days_left",
                      "Days until a certificate expires.");

    for (i = 0; i < report->n; i++) {
        prometheus_certs(report, &report->results[i]);
    }

    prometheus_metric(report, "errors", "Findings of a domain that are "
                      "errors.");

    for (i = 0; i < report->n; i++) {
        prometheus_sample(report, "errors", &report->results[i]);
        (void) fprintf(report->out, "} %zu\n",
                       finding_count(&report->results[i].findings,
                                     FINDING_ERROR));
    }

    prometheus_metric(report, "timestamp_seconds", "When the check ended.");
    (void) fprintf(report->out, "mta_sts_check_timestamp_seconds %lld\n",
                   (long long) time(NULL));
}
