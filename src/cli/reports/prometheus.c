/*
 * The summary in the text format of Prometheus.  Labels are domains and words
 * of RFC 8460; with a configuration only domains that it names, so that a
 * sender can neither add series nor texts.
 */

#include <inttypes.h>

#include "reports.h"


static void
prometheus_begin(FILE *out, const char *name, const char *type,
    const char *help)
{
    (void) fprintf(out, "# HELP mta_sts_reports_%s %s\n"
                   "# TYPE mta_sts_reports_%s %s\n", name, help, name, type);
}


/* A name of a host needs no escapes. */

static void
prometheus_sample(FILE *out, const char *name, const summary_domain_t *domain)
{
    (void) fprintf(out, "mta_sts_reports_%s{domain=\"%.*s\"", name,
                   (int) domain->domain.len, domain->domain.data);
}


static void
prometheus_labels(FILE *out, reports_type_e type, int verified)
{
    (void) fprintf(out, ",type=\"%s\",verified=\"%d\"", reports_type(type),
                   verified);
}


static void
prometheus_sessions(const summary_t *summary, FILE *out)
{
    int                        verified;
    size_t                     i;
    reports_type_e             type;
    const summary_domain_t    *domain;
    const evidence_sessions_t  *sessions;

    for (i = 0; i < summary->n; i++) {
        domain = &summary->domains[i];

        for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
            for (verified = 0; verified < 2; verified++) {
                sessions = &domain->sessions[type][verified];

                if (sessions->reports == 0) {
                    continue;
                }

                prometheus_sample(out, "sessions", domain);
                prometheus_labels(out, type, verified);
                (void) fprintf(out, ",result=\"good\"} %" PRId64 "\n",
                               sessions->good);
                prometheus_sample(out, "sessions", domain);
                prometheus_labels(out, type, verified);
                (void) fprintf(out, ",result=\"failed\"} %" PRId64 "\n",
                               sessions->failed);
            }
        }
    }
}


/* Types that no RFC defines are one series. */

static void
prometheus_failures(const summary_t *summary, FILE *out)
{
    size_t                  i, k, m;
    int64_t                 failed;
    const char             *name;
    const summary_row_t    *row, *same;
    const summary_rows_t   *rows;

    for (i = 0; i < summary->n; i++) {
        rows = &summary->domains[i].failures;

        for (k = 0; k < rows->n; k++) {
            row = &rows->elts[k];
            name = reports_result(row->name)->name;
            failed = 0;

            for (m = 0; m < rows->n; m++) {
                same = &rows->elts[m];

                if (same->type == row->type && same->verified == row->verified
                    && reports_result(same->name)->name == name)
                {
                    if (m < k) {
                        break;
                    }

                    failed += same->failed;
                }
            }

            if (m < rows->n) {
                continue;
            }

            prometheus_sample(out, "failures", &summary->domains[i]);
            prometheus_labels(out, row->type, row->verified);
            (void) fprintf(out, ",failure=\"%s\"} %" PRId64 "\n", name, failed);
        }
    }
}


/* What names no domain is no domain's last report. */

static void
prometheus_last(const summary_t *summary, FILE *out)
{
    int                      verified;
    size_t                   i;
    const summary_domain_t  *domain;

    for (i = 0; i < summary->n; i++) {
        domain = &summary->domains[i];

        for (verified = 0; verified < 2 && domain->domain.len; verified++) {
            prometheus_sample(out, "last_timestamp_seconds", domain);
            (void) fprintf(out, ",verified=\"%d\"} %" PRId64 "\n", verified,
                           domain->last_of[verified]);
        }
    }
}


void
summary_prometheus(const summary_t *summary, FILE *out)
{
    prometheus_begin(out, "sessions", "gauge", "Sessions in the reports of the "
                     "last days.");
    prometheus_sessions(summary, out);

    prometheus_begin(out, "failures", "gauge", "Failed sessions by type of "
                     "failure, without reports that were dropped.");
    prometheus_failures(summary, out);

    prometheus_begin(out, "last_timestamp_seconds", "gauge", "End of the last "
                     "report, 0: none in the last days.");
    prometheus_last(summary, out);

    prometheus_begin(out, "refused_total", "counter", "Reports that were "
                     "refused: about domains that are not ours, or further "
                     "ones of a default policy.");
    (void) fprintf(out, "mta_sts_reports_refused_total %" PRId64 "\n",
                   summary->refused);

    prometheus_begin(out, "timestamp_seconds", "gauge", "When the summary was "
                     "made.");
    (void) fprintf(out, "mta_sts_reports_timestamp_seconds %" PRId64 "\n",
                   summary->now);
}
