/*
 * Metrics, in the text format of Prometheus and as OpenMetrics.  These differ
 * in the name of a family of counters, in the type of info, and in the end.
 */

#include "formats.h"


typedef struct {
    mta_sts_buf_t                 buf;
    const mta_sts_status_view_t  *view;
    int                           open;       /* OpenMetrics */
} metrics_t;


/* Begins a family; suffix is "_total" for counters, or "". */

static void
metrics_family(metrics_t *metrics, const char *name, const char *suffix,
    const char *type, const char *help)
{
    size_t       i;
    const char  *words[] = { "# HELP mta_sts_nginx_", " ", help,
                             "# TYPE mta_sts_nginx_", " ", type };

    for (i = 0; i < 6; i++) {
        mta_sts_buf_add_cstr(&metrics->buf, words[i]);

        if (i % 3 == 0) {
            mta_sts_buf_add_cstr(&metrics->buf, name);
            mta_sts_buf_add_cstr(&metrics->buf, metrics->open ? "" : suffix);

        } else if (i % 3 == 2) {
            mta_sts_buf_add_char(&metrics->buf, '\n');
        }
    }
}


/* The name of a sample, and its value with an end of line. */

static void
metrics_name(metrics_t *metrics, const char *name, const char *suffix)
{
    mta_sts_buf_add_cstr(&metrics->buf, "mta_sts_nginx_");
    mta_sts_buf_add_cstr(&metrics->buf, name);
    mta_sts_buf_add_cstr(&metrics->buf, suffix);
}


static void
metrics_value(metrics_t *metrics, uint64_t value)
{
    mta_sts_buf_add_char(&metrics->buf, ' ');
    mta_sts_buf_add_uint(&metrics->buf, value);
    mta_sts_buf_add_char(&metrics->buf, '\n');
}


/* A label; before is "{" or ",". */

static void
metrics_label(metrics_t *metrics, char before, const char *name,
    mta_sts_str_t value)
{
    size_t  i;

    mta_sts_buf_add_char(&metrics->buf, before);
    mta_sts_buf_add_cstr(&metrics->buf, name);
    mta_sts_buf_add_cstr(&metrics->buf, "=\"");

    for (i = 0; i < value.len; i++) {

        if (value.data[i] == '"' || value.data[i] == '\\') {
            mta_sts_buf_add_char(&metrics->buf, '\\');
        }

        if (value.data[i] == '\n') {
            mta_sts_buf_add_cstr(&metrics->buf, "\\n");

        } else {
            mta_sts_buf_add_char(&metrics->buf, value.data[i]);
        }
    }

    mta_sts_buf_add_char(&metrics->buf, '"');
}


/* A family of one counter, and of one gauge. */

static void
metrics_counter(metrics_t *metrics, const char *name, uint64_t value,
    const char *help)
{
    metrics_family(metrics, name, "_total", "counter", help);
    metrics_name(metrics, name, "_total");
    metrics_value(metrics, value);
}


static void
metrics_gauge(metrics_t *metrics, const char *name, uint64_t value,
    const char *help)
{
    metrics_family(metrics, name, "", "gauge", help);
    metrics_name(metrics, name, "");
    metrics_value(metrics, value);
}


static void
metrics_requests(metrics_t *metrics)
{
    size_t  mode, code;

    metrics_family(metrics, "requests", "_total", "counter",
                   "Requests for policies that are served here.");

    for (mode = 0; mode < MTA_STS_STATUS_MODES; mode++) {
        for (code = 0; code < MTA_STS_STATUS_CODES; code++) {
            metrics_name(metrics, "requests", "_total");
            metrics_label(metrics, '{', "mode",
                          mta_sts_mode_str((mta_sts_mode_e) mode));
            metrics_label(metrics, ',', "code",
                          mta_sts_str_from(mta_sts_status_code(
                                           (mta_sts_status_code_e) code)));
            mta_sts_buf_add_char(&metrics->buf, '}');
            metrics_value(metrics, metrics->view->requests[code][mode]);
        }
    }
}


static void
metrics_policies(metrics_t *metrics)
{
    size_t                         i;
    const mta_sts_status_policy_t  *policy;

    metrics_family(metrics, "policy_requests", "_total", "counter",
                   "Fetches by the name of a policy in a domains file.");

    for (i = 0; i < metrics->view->n_policies; i++) {
        policy = &metrics->view->policies[i];

        metrics_name(metrics, "policy_requests", "_total");
        metrics_label(metrics, '{', "policy", policy->name);
        mta_sts_buf_add_char(&metrics->buf, '}');
        metrics_value(metrics, policy->fetches);
    }
}


static void
metrics_reports(metrics_t *metrics)
{
    size_t  code;

    metrics_family(metrics, "report_posts", "_total", "counter",
                   "Requests to mta_sts_reports, 201: a report was stored.");

    for (code = 0; code < MTA_STS_REPORT_CODES; code++) {
        metrics_name(metrics, "report_posts", "_total");
        metrics_label(metrics, '{', "code",
                      mta_sts_str_from(mta_sts_report_code(
                                       (mta_sts_report_code_e) code)));
        mta_sts_buf_add_char(&metrics->buf, '}');
        metrics_value(metrics, metrics->view->reports[code]);
    }
}


/* The samples of a family must be contiguous. */

static void
metrics_files(metrics_t *metrics)
{
    size_t                        i, k;
    uint64_t                      value;
    const mta_sts_status_file_t  *file;

    static const char *const  families[][2] = {
        { "file_domains", "Domains of a domains file or table in use." },
        { "file_size_bytes", "Its size." },
        { "file_modified_timestamp_seconds",
          "When it was changed last, as it is in use." }
    };

    for (k = 0; k < 3; k++) {
        metrics_family(metrics, families[k][0], "", "gauge", families[k][1]);

        for (i = 0; i < metrics->view->n_files; i++) {
            file = &metrics->view->files[i];

            value = k == 0 ? file->domains
                    : k == 1 ? file->bytes : (uint64_t) file->modified;

            metrics_name(metrics, families[k][0], "");
            metrics_label(metrics, '{', "file", file->name);
            mta_sts_buf_add_char(&metrics->buf, '}');
            metrics_value(metrics, value);
        }
    }
}


static void
metrics_info(metrics_t *metrics)
{
    const mta_sts_status_view_t  *view;

    view = metrics->view;

    metrics_family(metrics, metrics->open ? "module" : "module_info", "",
                   metrics->open ? "info" : "gauge", "Versions.");

    metrics_name(metrics, "module_info", "");
    metrics_label(metrics, '{', "version", view->version);
    metrics_label(metrics, ',', "nginx", view->nginx);
    mta_sts_buf_add_char(&metrics->buf, '}');
    metrics_value(metrics, 1);
}


int
mta_sts_status_metrics(const mta_sts_status_view_t *view, int open,
    mta_sts_str_t *text, mta_sts_err_t *err)
{
    metrics_t  metrics;

    memset(&metrics, 0, sizeof(metrics_t));

    metrics.buf.env = view->env;
    metrics.view = view;
    metrics.open = open;

    metrics_requests(&metrics);
    metrics_counter(&metrics, "response_body_bytes", view->bytes,
                    "Bytes of policies sent.");
    metrics_policies(&metrics);
    metrics_counter(&metrics, "requests_without_policy", view->without_policy,
                    "Requests for a policy of a host that has none here.");
    metrics_counter(&metrics, "handshakes_without_policy", view->handshakes,
                    "TLS handshakes for hosts that have no policy here.");
    metrics_reports(&metrics);
    metrics_files(&metrics);
    metrics_gauge(&metrics, "counted_domains", view->n_counted,
                  "Domains that have a counter.");
    metrics_gauge(&metrics, "counted_domains_limit", view->max_counted,
                  "Domains that the zone has room for.");
    metrics_counter(&metrics, "uncounted", view->uncounted, "Requests not "
                    "counted by domain, since the zone was full.");
    metrics_gauge(&metrics, "start_timestamp_seconds", (uint64_t) view->start,
                  "Since when is counted.");
    metrics_info(&metrics);

    if (open) {
        mta_sts_buf_add_cstr(&metrics.buf, "# EOF\n");
    }

    *text = mta_sts_buf_str(&metrics.buf);

    return metrics.buf.failed ? mta_sts_error_memory(err) : MTA_STS_OK;
}
