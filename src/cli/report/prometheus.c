/*
 * The text format of Prometheus, in which the samples of a metric must be
 * contiguous.
 */

#include "policy/policy.h"
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

        if (value.data[i] == '\n') {
            (void) fputs("\\n", out);

        } else {
            (void) fputc(value.data[i], out);
        }
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
    size_t            i, k;
    const finding_t  *elts;

    elts = result->findings.elts;

    for (i = 0; i < result->findings.n; i++) {

        /* a kind may be found on several addresses: one series */

        for (k = 0; k < i; k++) {
            if (elts[k].kind == elts[i].kind
                && elts[k].severity == elts[i].severity)
            {
                break;
            }
        }

        if (k < i) {
            continue;
        }

        prometheus_sample(report, "finding", result);
        (void) fprintf(report->out, ",code=\"%s\",severity=\"%s\"} 1\n",
                       finding_kind(elts[i].kind)->code,
                       finding_severity(elts[i].severity));
    }
}


static void
prometheus_certs(const report_t *report, const result_t *result)
{
    size_t              i;
    const cert_seen_t  *cert;

    for (i = 0; i < result->n_certs; i++) {
        cert = &result->certs[i];

        prometheus_sample(report, "certificate_expiry_timestamp_seconds",
                          result);
        (void) fprintf(report->out, ",subject=\"%s\",",
                       cert->smtp ? "smtp" : "policy");
        prometheus_label(report->out, "host", cert->host);
        (void) fputc(',', report->out);
        prometheus_label(report->out, "address", cert->address);
        (void) fprintf(report->out, ",key=\"%s\"} %lld\n",
                       cert->rsa ? "rsa" : "ecdsa",
                       (long long) cert->not_after);
    }
}


static void
prometheus_mode(const report_t *report, const result_t *result)
{
    mta_sts_str_t  mode;

    if (result->mode != -1) {
        mode = mta_sts_mode_str((mta_sts_mode_e) result->mode);

        prometheus_sample(report, "mode", result);
        (void) fprintf(report->out, ",mode=\"%.*s\"} 1\n", (int) mode.len,
                       mode.data);
    }
}


static void
prometheus_max_age(const report_t *report, const result_t *result)
{
    if (result->max_age != -1) {
        prometheus_sample(report, "max_age_seconds", result);
        (void) fprintf(report->out, "} %lld\n", (long long) result->max_age);
    }
}


static void
prometheus_preload(const report_t *report, const result_t *result)
{
    prometheus_sample(report, "preload", result);
    (void) fprintf(report->out, "} %d\n", result->preload);
}


static void
prometheus_findings_count(const report_t *report, const result_t *result)
{
    int  severity;

    for (severity = 0; severity < FINDING_SEVERITIES; severity++) {
        prometheus_sample(report, "findings", result);
        (void) fprintf(report->out, ",severity=\"%s\"} %zu\n",
                       finding_severity((finding_severity_e) severity),
                       finding_count(&result->findings,
                                     (finding_severity_e) severity));
    }
}


static void
prometheus_errors(const report_t *report, const result_t *result)
{
    prometheus_sample(report, "errors", result);
    (void) fprintf(report->out, "} %zu\n",
                   finding_count(&result->findings, FINDING_ERROR));
}


static void
prometheus_time(const report_t *report, const result_t *result)
{
    prometheus_sample(report, "time_seconds", result);
    (void) fprintf(report->out, "} %lld\n", (long long) result->now);
}


void
report_prometheus(report_t *report)
{
    size_t  i, k;

    static const struct {
        const char  *name;
        const char  *help;
        void       (*print)(const report_t *report, const result_t *result);
    } metrics[] = {
        { "finding", "What is wrong with a domain.", prometheus_findings },
        { "certificate_expiry_timestamp_seconds",
          "When a certificate expires.", prometheus_certs },
        { "errors", "Findings of a domain that are errors.",
          prometheus_errors },
        { "findings", "Findings of a domain by severity.",
          prometheus_findings_count },
        { "mode", "The mode of the live policy.", prometheus_mode },
        { "max_age_seconds", "The max_age of the live policy.",
          prometheus_max_age },
        { "preload", "Is the policy fit for preloading?",
          prometheus_preload },
        { "time_seconds", "When the check of a domain began.",
          prometheus_time }
    };

    for (i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {

        prometheus_metric(report, metrics[i].name, metrics[i].help);

        for (k = 0; k < report->n; k++) {
            metrics[i].print(report, &report->results[k]);
        }
    }

    prometheus_metric(report, "timestamp_seconds", "When the check ended.");
    (void) fprintf(report->out, "mta_sts_check_timestamp_seconds %lld\n",
                   (long long) time(NULL));
}
