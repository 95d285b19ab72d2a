/*
 * What changed since an earlier check.
 */

#include <jansson.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "report.h"


/* The findings that an earlier check has, by domain. */

static json_t *
since_index(const json_t *list)
{
    size_t         i;
    json_t        *index;
    const char    *name;
    const json_t  *item;

    index = json_object();

    json_array_foreach(list, i, item) {
        name = json_string_value(json_object_get(item, "domain"));

        if (name) {
            (void) json_object_set(index, name,
                                   json_object_get(item, "findings"));
        }
    }

    return index;
}


static int
since_is(const json_t *item, const finding_t *finding, int severity)
{
    const char  *code, *was;

    code = json_string_value(json_object_get(item, "code"));
    was = json_string_value(json_object_get(item, "severity"));

    return code && was
           && strcmp(code, finding_kind(finding->kind)->code) == 0
           && (!severity
               || strcmp(was, finding_severity(finding->severity)) == 0);
}


/* Removes the findings that were there before. */

static void
since_filter(findings_t *findings, const json_t *before)
{
    size_t         i, k, n;
    const json_t  *item;

    for (i = 0, n = 0; i < findings->n; i++) {

        json_array_foreach(before, k, item) {
            if (since_is(item, &findings->elts[i], 1)) {
                break;
            }
        }

        if (k == json_array_size(before)) {
            findings->elts[n++] = findings->elts[i];
        }
    }

    findings->n = n;
}


/* Lists what was there before and is no more; notes are no matter. */

static void
since_resolved(report_t *report, const result_t *result, const json_t *before)
{
    size_t              i, k;
    const char         *code, *severity;
    const json_t       *item;
    mta_sts_env_t       env = { diag_alloc, NULL, &report->arena, NULL };
    report_resolved_t  *resolved;

    if (finding_count(&result->findings, FINDING_UNKNOWN)) {
        return;
    }

    json_array_foreach(before, i, item) {

        code = json_string_value(json_object_get(item, "code"));
        severity = json_string_value(json_object_get(item, "severity"));

        for (k = 0; k < result->findings.n; k++) {
            if (since_is(item, &result->findings.elts[k], 0)) {
                break;
            }
        }

        if (k < result->findings.n || code == NULL || severity == NULL
            || strcmp(severity, "note") == 0)
        {
            continue;
        }

        report->resolved = mta_sts_env_grow(&env, report->resolved,
                                            report->n_resolved,
                                            &report->resolved_size,
                                            sizeof(report_resolved_t));

        resolved = &report->resolved[report->n_resolved++];
        resolved->domain = result->entry->domain;
        resolved->code = mta_sts_str_copy(&env, mta_sts_str_from(code));
    }
}


int
report_since(report_t *report, const char *file, mta_sts_err_t *err)
{
    size_t         i;
    json_t        *list, *index;
    const json_t  *before;
    result_t      *result;
    json_error_t   error;

    json_set_alloc_funcs(diag_malloc, free);

    list = json_load_file(file, 0, &error);

    if (!json_is_array(list)) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "cannot read \"%s\", must "
                             "be the output of \"mta-sts check -f json\": %s",
                             file, list ? "not an array" : error.text);
        json_decref(list);
        return MTA_STS_ERROR;
    }

    index = since_index(list);

    for (i = 0; i < report->n; i++) {
        result = &report->results[i];
        before = json_object_getn(index, result->entry->domain.data,
                                  result->entry->domain.len);

        since_resolved(report, result, before);
        since_filter(&result->findings, before);
    }

    report->since = 1;
    json_decref(index);
    json_decref(list);

    return MTA_STS_OK;
}
