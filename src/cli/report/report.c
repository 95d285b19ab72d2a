/*
 * The table of formats, and what they share.
 */

#include "cli/diag/diag.h"
#include "report.h"


static const report_format_t  report_formats[] = {

    { "text", "for people: each domain and its findings", 0, report_text },

    { "json", "an array with one object per domain", 0, report_json },

    { "prometheus", "for node_exporter's textfile collector", 0,
      report_prometheus },

    { "nagios", "a plugin's output, with a plugin's exit status", 1,
      report_nagios }
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


static void *
report_dup(report_t *report, const void *from, size_t size)
{
    void  *to;

    to = diag_alloc(&report->arena, size);

    if (size) {
        memcpy(to, from, size);
    }

    return to;
}


void
report_add(report_t *report, const result_t *result)
{
    size_t         i;
    result_t      *copy;
    finding_t     *finding;
    cert_seen_t   *cert;
    mta_sts_env_t  env = { diag_alloc, NULL, &report->arena };

    report->results = mta_sts_env_grow(&env, report->results, report->n,
                                       &report->size, sizeof(result_t));

    copy = &report->results[report->n++];
    *copy = *result;

    copy->facts = NULL;
    copy->id = mta_sts_str_copy(&env, result->id);
    copy->findings.elts = report_dup(report, result->findings.elts,
                                     result->findings.n * sizeof(finding_t));
    copy->certs = report_dup(report, result->certs,
                             result->n_certs * sizeof(cert_seen_t));

    for (i = 0; i < copy->findings.n; i++) {
        finding = &copy->findings.elts[i];
        finding->text = mta_sts_str_copy(&env, finding->text);
        report->counts[finding->severity]++;
    }

    for (i = 0; i < copy->n_certs; i++) {
        cert = &copy->certs[i];
        cert->host = mta_sts_str_copy(&env, cert->host);
        cert->address = mta_sts_str_copy(&env, cert->address);
    }

    report->unknown += result->unknown != 0;
}


void
report_free(report_t *report)
{
    mta_sts_arena_free(&report->arena);
}


long
report_days(const cert_seen_t *cert, time_t now)
{
    time_t  left;

    left = cert->not_after - now;

    /* rounded down, also below zero */

    return (long) (left >= 0 ? left / 86400 : -((-left + 86399) / 86400));
}
