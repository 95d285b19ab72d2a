/*
 * What changed since an earlier check.
 */

#include <jansson.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "report.h"


/* The domains of an earlier check, by name. */

static json_t *
since_index(json_t *list)
{
    size_t       i;
    json_t      *index, *item;
    const char  *name;

    index = json_object();

    json_array_foreach(list, i, item) {
        name = json_string_value(json_object_get(item, "domain"));

        if (name) {
            (void) json_object_set(index, name, item);
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


static int
since_has(const findings_t *findings, const json_t *item)
{
    size_t  i;

    for (i = 0; i < findings->n; i++) {
        if (since_is(item, &findings->elts[i], 0)) {
            return 1;
        }
    }

    return 0;
}


/*
 * Was that looked at which a finding of an earlier check is about?  What hosts
 * do may depend on the family of their addresses.
 */

static int
since_looked(const report_t *report, const result_t *result,
    const json_t *item)
{
    const char      *code;
    finding_kind_e   kind;

    code = json_string_value(json_object_get(item, "code"));
    kind = finding_find(code ? code : "");

    if (kind == FINDING_KINDS) {
        return 1;
    }

    if (report->family
        && (finding_kind(kind)->subject == FINDING_HOST
            || finding_kind(kind)->subject == FINDING_MAIL)
        && json_integer_value(json_object_get(item, "family"))
           != (json_int_t) report->family)
    {
        return 0;
    }

    return result_looked(result, kind);
}


/* Lists what was there before and is no more; notes are no matter. */

static void
since_resolved(report_t *report, const result_t *result, const json_t *before)
{
    size_t              i;
    const char         *code, *severity;
    const json_t       *item;
    mta_sts_env_t       env = { diag_alloc, NULL, &report->arena, NULL };
    report_resolved_t  *resolved;

    json_array_foreach(before, i, item) {

        code = json_string_value(json_object_get(item, "code"));
        severity = json_string_value(json_object_get(item, "severity"));

        if (code == NULL || severity == NULL || strcmp(severity, "note") == 0
            || since_has(&result->findings, item)
            || !since_looked(report, result, item))
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


/*
 * The family of addresses that a finding is of: that of this check, but both if
 * it was there before with another one.
 */

static json_int_t
since_family(const report_t *report, const finding_t *finding,
    const json_t *before)
{
    size_t         i;
    const json_t  *item;

    json_array_foreach(before, i, item) {
        if (since_is(item, finding, 0)
            && json_integer_value(json_object_get(item, "family"))
               != (json_int_t) report->family)
        {
            return 0;
        }
    }

    return report->family;
}


/* What there is now, and what was there and was not looked at. */

static json_t *
since_next(const report_t *report, const result_t *result,
    const json_t *before)
{
    size_t            i;
    json_t           *next, *item;
    const finding_t  *finding;

    next = json_array();

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        (void) json_array_append_new(next, json_pack("{sssssI}",
                   "code", finding_kind(finding->kind)->code,
                   "severity", finding_severity(finding->severity),
                   "family", since_family(report, finding, before)));
    }

    json_array_foreach(before, i, item) {
        if (!since_has(&result->findings, item)
            && !since_looked(report, result, item))
        {
            (void) json_array_append(next, item);
        }
    }

    return next;
}


void
report_since_list(report_t *report, json_t *list)
{
    size_t     i;
    json_t    *index, *item, *before, *next;
    result_t  *result;

    index = since_index(list);

    for (i = 0; i < report->n; i++) {
        result = &report->results[i];
        item = json_object_getn(index, result->entry->domain.data,
                                result->entry->domain.len);
        before = json_object_get(item, "findings");
        next = since_next(report, result, before);

        since_resolved(report, result, before);
        since_filter(&result->findings, before);

        (void) json_object_set_new(item, "findings", next);
    }

    report->since = 1;
    json_decref(index);
}


int
report_since(report_t *report, const char *file, mta_sts_err_t *err)
{
    json_t        *list;
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

    report_since_list(report, list);
    json_decref(list);

    return MTA_STS_OK;
}
