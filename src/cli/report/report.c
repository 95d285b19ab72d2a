/*
 * The table of formats, and what they share.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "report.h"


static const report_format_t  report_formats[] = {

    { "text", "for people: a summary, and each domain's findings", 0,
      report_text },

    { "json", "an array with one object per domain", 0, report_json },

    { "html", "for people: one page, without requests to other hosts", 0,
      report_html },

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
    mta_sts_env_t  env = { diag_alloc, NULL, &report->arena, NULL };

    report->results = mta_sts_env_grow(&env, report->results, report->n,
                                       &report->size, sizeof(result_t));

    copy = &report->results[report->n++];
    *copy = *result;

    copy->id = mta_sts_str_copy(&env, result->id);
    copy->findings.elts = report_dup(report, result->findings.elts,
                                     result->findings.n * sizeof(finding_t));
    copy->certs = report_dup(report, result->certs,
                             result->n_certs * sizeof(cert_seen_t));

    for (i = 0; i < copy->findings.n; i++) {
        finding = &copy->findings.elts[i];
        finding->what = mta_sts_str_copy(&env, finding->what);
        finding->text = mta_sts_str_copy(&env, finding->text);
    }

    for (i = 0; i < copy->n_certs; i++) {
        cert = &copy->certs[i];
        cert->host = mta_sts_str_copy(&env, cert->host);
        cert->address = mta_sts_str_copy(&env, cert->address);
    }

    report->unknown += result->unknown != 0;
}


/* The worst first; what says the same, in the order of the domains. */

static int
report_same_cmp(const finding_t *a, const finding_t *b)
{
    if (a->severity != b->severity) {
        return a->severity > b->severity ? -1 : 1;
    }

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }

    return mta_sts_str_cmp(a->what, b->what);
}


static int
report_cmp(const void *a, const void *b)
{
    int                   rc;
    const report_item_t  *x = a, *y = b;

    rc = report_same_cmp(x->finding, y->finding);

    return rc ? rc : (x->result > y->result) - (x->result < y->result);
}


void
report_end(report_t *report)
{
    size_t           i, k, n;
    result_t        *result;
    report_item_t   *items;

    for (i = 0, n = 0; i < report->n; i++) {
        n += report->results[i].findings.n;
    }

    items = diag_alloc(&report->arena, n * sizeof(report_item_t));

    for (i = 0, n = 0; i < report->n; i++) {
        result = &report->results[i];

        for (k = 0; k < result->findings.n; k++) {
            items[n].same = 0;
            items[n].result = result;
            items[n++].finding = &result->findings.elts[k];
            report->counts[result->findings.elts[k].severity]++;
        }
    }

    qsort(items, n, sizeof(report_item_t), report_cmp);

    for (i = 0; i < n; i = k) {
        for (k = i + 1; k < n && report_same_cmp(items[i].finding,
                                                 items[k].finding) == 0; k++)
        {
            /* void */
        }

        items[i].same = k - i;
    }

    for (i = 1; i < n; i++) {
        if (items[i].same == 0) {
            items[i].same = items[i - 1].same;
        }
    }

    report->items = items;
    report->n_items = n;
}


static int
report_find_cmp(const void *key, const void *item)
{
    return report_same_cmp(key, ((const report_item_t *) item)->finding);
}


const report_item_t *
report_item(const report_t *report, const finding_t *finding)
{
    return bsearch(finding, report->items, report->n_items,
                   sizeof(report_item_t), report_find_cmp);
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


static int
report_cert_cmp(const void *a, const void *b)
{
    int                 rc;
    const cert_seen_t  *x, *y;

    x = *(const cert_seen_t *const *) a;
    y = *(const cert_seen_t *const *) b;

    if (x->not_after != y->not_after) {
        return x->not_after < y->not_after ? -1 : 1;
    }

    rc = mta_sts_str_cmp(x->host, y->host);
    rc = rc ? rc : mta_sts_str_cmp(x->address, y->address);

    return rc ? rc : x->rsa - y->rsa;
}


const cert_seen_t **
report_certs(report_t *report, size_t *n)
{
    size_t              i, k;
    const cert_seen_t **certs;

    for (i = 0, *n = 0; i < report->n; i++) {
        *n += report->results[i].n_certs;
    }

    certs = diag_alloc(&report->arena,
                       *n * sizeof(cert_seen_t *));

    for (i = 0, *n = 0; i < report->n; i++) {
        for (k = 0; k < report->results[i].n_certs; k++) {
            certs[(*n)++] = &report->results[i].certs[k];
        }
    }

    qsort(certs, *n, sizeof(cert_seen_t *), report_cert_cmp);

    return certs;
}
