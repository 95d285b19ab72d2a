/*
 * The summary as one JSON object.
 */

#include <jansson.h>

#include "reports.h"


static json_t *
json_text(mta_sts_str_t str)
{
    json_t  *text;

    text = json_stringn(str.len ? str.data : "", str.len);

    /* bytes that are no UTF-8 */

    return text ? text : json_string("?");
}


static json_t *
json_sessions(const summary_domain_t *domain)
{
    int                        verified;
    json_t                    *list;
    reports_type_e             type;
    const evidence_sessions_t  *sessions, *summed;

    list = json_array();

    for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
        for (verified = 1; verified >= 0; verified--) {
            sessions = &domain->sessions[type][verified];

            if (sessions->reports == 0) {
                continue;
            }

            summed = &domain->summed[type][verified];

            (void) json_array_append_new(list,
                json_pack("{sssbsIsIsIs{sIsIsI}}",
                       "type", reports_type(type),
                       "verified", verified,
                       "good", (json_int_t) sessions->good,
                       "failed", (json_int_t) sessions->failed,
                       "reports", (json_int_t) sessions->reports,
                       "dropped",
                       "good", (json_int_t) summed->good,
                       "failed", (json_int_t) summed->failed,
                       "reports", (json_int_t) summed->reports));
        }
    }

    return list;
}


/* Failures by result type or MX, which is called key. */

static json_t *
json_failed(const summary_rows_t *rows, const char *key)
{
    json_t               *list;
    size_t                i;
    const summary_row_t  *row;

    list = json_array();

    for (i = 0; i < rows->n; i++) {
        row = &rows->elts[i];

        (void) json_array_append_new(list, json_pack("{sssbsosIsI}",
                   "type", reports_type(row->type),
                   "verified", row->verified,
                   key, json_text(row->name),
                   "failed", (json_int_t) row->failed,
                   "reports", (json_int_t) row->reports));
    }

    return list;
}


static json_t *
json_reporters(const summary_t *summary, const summary_domain_t *domain)
{
    json_t               *list;
    size_t                i;
    const summary_row_t  *row;

    list = json_array();

    for (i = 0; i < domain->reporters.n; i++) {
        row = &domain->reporters.elts[i];

        (void) json_array_append_new(list,
            json_pack("{sssbsososIsIsIsIsosb}",
                   "type", reports_type(row->type),
                   "verified", row->verified,
                   "organization", json_text(row->name),
                   "signer", row->signer.len ? json_text(row->signer)
                                             : json_null(),
                   "good", (json_int_t) row->good,
                   "failed", (json_int_t) row->failed,
                   "reports", (json_int_t) row->reports,
                   "last", (json_int_t) row->last,
                   "last_id", json_text(row->digest),
                   "stopped", summary_has_stopped(summary, domain, row)));
    }

    return list;
}


static json_t *
json_days(const summary_domain_t *domain)
{
    char                  day[SUMMARY_DAY];
    json_t               *list;
    size_t                i;
    const summary_row_t  *row;

    list = json_array();

    for (i = 0; i < domain->days.n; i++) {
        row = &domain->days.elts[i];

        (void) json_array_append_new(list, json_pack("{sssbsssIsI}",
                   "type", reports_type(row->type),
                   "verified", row->verified,
                   "day", summary_day(row->last, day),
                   "good", (json_int_t) row->good,
                   "failed", (json_int_t) row->failed));
    }

    return list;
}


void
summary_json(const summary_t *summary, FILE *out)
{
    json_t                  *root, *list;
    size_t                   i;
    const summary_domain_t  *domain;

    static const char *const  names[] = { "good", "note", "warning", "error" };

    list = json_array();

    for (i = 0; i < summary->n; i++) {
        domain = &summary->domains[i];

        (void) json_array_append_new(list,
            json_pack("{sosssIsososososo}",
                   "domain", domain->domain.len ? json_text(domain->domain)
                                                : json_null(),
                   "severity", names[summary_severity(summary, domain)],
                   "last", (json_int_t) domain->last,
                   "sessions", json_sessions(domain),
                   "failures", json_failed(&domain->failures, "result"),
                   "hosts", json_failed(&domain->hosts, "mx"),
                   "reporters", json_reporters(summary, domain),
                   "days", json_days(domain)));
    }

    root = json_pack("{sIsIsIso}", "time", (json_int_t) summary->now,
                     "days", (json_int_t) summary->days,
                     "refused", (json_int_t) summary->refused,
                     "domains", list);

    (void) json_dumpf(root, out, JSON_INDENT(2));
    (void) fputc('\n', out);

    json_decref(root);
}
