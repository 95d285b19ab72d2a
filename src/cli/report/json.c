/*
 * An array with one object per domain, each on a line of its own.
 */

#include <jansson.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "report.h"


static json_t *
json_str(mta_sts_str_t str)
{
    return json_stringn(str.len ? str.data : "", str.len);
}


static json_t *
json_findings(const report_t *report, const result_t *result)
{
    json_t                *list, *item;
    size_t                 i;
    const finding_t       *finding;
    const finding_kind_t  *kind;

    list = json_array();

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];
        kind = finding_kind(finding->kind);

        item = json_pack("{ssssssso}",
                         "code", kind->code,
                         "severity", finding_severity(finding->severity),
                         "rfc", kind->section,
                         "text", json_str(finding->text));

        if (report->family) {
            (void) json_object_set_new(item, "family",
                                       json_integer(report->family));
        }

        (void) json_array_append_new(list, item);
    }

    return list;
}


static json_t *
json_certs(const result_t *result)
{
    json_t             *list;
    size_t              i;
    const cert_seen_t  *cert;

    list = json_array();

    for (i = 0; i < result->n_certs; i++) {
        cert = &result->certs[i];

        (void) json_array_append_new(list, json_pack("{sssososssIsI}",
                   "subject", cert->smtp ? "smtp" : "policy",
                   "host", json_str(cert->host),
                   "address", json_str(cert->address),
                   "key", cert->rsa ? "rsa" : "ecdsa",
                   "not_after", (json_int_t) cert->not_after,
                   "days_left", (json_int_t) report_days(cert, result->now)));
    }

    return list;
}


static json_t *
json_result(const report_t *report, const result_t *result)
{
    json_t  *mode, *id, *max_age;

    mode = result->mode == -1
           ? json_null()
           : json_str(mta_sts_mode_str((mta_sts_mode_e) result->mode));

    id = result->id.len ? json_str(result->id) : json_null();

    max_age = result->max_age == -1 ? json_null()
                                    : json_integer(result->max_age);

    return json_pack("{sososososbsoso}",
                     "domain", json_str(result->entry->domain),
                     "mode", mode,
                     "id", id,
                     "max_age", max_age,
                     "preload", result->preload,
                     "findings", json_findings(report, result),
                     "certificates", json_certs(result));
}


/* With --since: the codes that are resolved. */

static void
json_resolved(const report_t *report, const result_t *result, json_t *json)
{
    size_t   i;
    json_t  *list;

    if (!report->since) {
        return;
    }

    list = json_array();

    for (i = 0; i < report->n_resolved; i++) {
        if (mta_sts_str_eq(report->resolved[i].domain, result->entry->domain)) {
            (void) json_array_append_new(list,
                                         json_str(report->resolved[i].code));
        }
    }

    (void) json_object_set_new(json, "resolved", list);
}


void
report_json(report_t *report)
{
    size_t   i;
    json_t  *json;

    json_set_alloc_funcs(diag_malloc, free);

    for (i = 0; i < report->n; i++) {
        json = json_result(report, &report->results[i]);
        json_resolved(report, &report->results[i], json);

        (void) fputs(i ? ",\n" : "[\n", report->out);
        (void) json_dumpf(json, report->out, JSON_ENSURE_ASCII);

        json_decref(json);
    }

    (void) fputs(report->n ? "\n]\n" : "[\n\n]\n", report->out);
}
