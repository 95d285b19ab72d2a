/*
 * An array with one object a domain, each on a line of its own.
 */

#include <jansson.h>

#include "policy/policy.h"
#include "report.h"


static json_t *
json_str(mta_sts_str_t str)
{
    return json_stringn(str.len ? str.data : "", str.len);
}


static json_t *
json_findings(const result_t *result)
{
    int                    rc;
    json_t                *list, *item;
    size_t                 i;
    const finding_t       *finding;
    const finding_kind_t  *kind;

    list = json_array();

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];
        kind = finding_kind(finding->kind);

        item = json_object();

        rc = json_object_set_new(item, "code", json_string(kind->code));
        rc |= json_object_set_new(item, "severity",
                            json_string(finding_severity(finding->severity)));
        rc |= json_object_set_new(item, "rfc", json_string(kind->section));
        rc |= json_object_set_new(item, "text", json_str(finding->text));

        if (json_array_append_new(list, item) != 0 || rc != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
json_certs(const result_t *result)
{
    int                 rc;
    json_t             *list, *item;
    size_t              i;
    const cert_seen_t  *cert;

    list = json_array();

    for (i = 0; i < result->certs.n; i++) {
        cert = &result->certs.elts[i];

        item = json_object();

        rc = json_object_set_new(item, "subject",
                                 json_string(cert->smtp ? "smtp" : "policy"));
        rc |= json_object_set_new(item, "host", json_str(cert->host));
        rc |= json_object_set_new(item, "address", json_str(cert->address));
        rc |= json_object_set_new(item, "not_after",
                                  json_integer(cert->not_after));
        rc |= json_object_set_new(item, "days_left",
                            json_integer(report_days(cert, result->now)));

        if (json_array_append_new(list, item) != 0 || rc != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


void
report_json_begin(report_t *report)
{
    (void) fputc('[', report->out);
}


void
report_json_domain(report_t *report, const result_t *result)
{
    int      rc;
    json_t  *json;

    json = json_object();

    rc = json_object_set_new(json, "domain", json_str(result->entry->domain));

    rc |= json_object_set_new(json, "mode", result->mode == -1
                  ? json_null()
                  : json_str(mta_sts_mode_str((mta_sts_mode_e) result->mode)));

    rc |= json_object_set_new(json, "id", result->id.len
                                          ? json_str(result->id)
                                          : json_null());

    rc |= json_object_set_new(json, "findings", json_findings(result));
    rc |= json_object_set_new(json, "certificates", json_certs(result));

    if (rc == 0) {
        (void) fputs(report->domains ? ",\n" : "\n", report->out);

        rc = json_dumpf(json, report->out, JSON_ENSURE_ASCII);

        if (ferror(report->out)) {
            rc = 0;
        }
    }

    if (rc != 0) {
        report->failed = 1;
    }

    json_decref(json);
}


void
report_json_end(report_t *report)
{
    (void) fputs("\n]\n", report->out);
}
