/*
 * Adding to the store, and dropping what is old.
 */

#include <stdio.h>
#include <stdlib.h>

#include "reports.h"


static const char  insert_report[] =
    "INSERT INTO report (digest, organization, contact, name, signer, source,"
    " received, begins, ends) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char  insert_policy[] =
    "INSERT INTO policy (report, type, domain, mode, good, failed, ends)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)";

static const char  insert_detail[] =
    "INSERT INTO detail VALUES (?, ?, ?, ?, ?)";


static void
insert_id(void *ctx, const char *const *columns)
{
    *(int64_t *) ctx = strtoll(columns[0], NULL, 10);
}


static int
store_policy(store_t *store, int64_t report, int64_t ends,
    const reports_policy_t *policy, mta_sts_err_t *err)
{
    size_t                   i;
    int64_t                  id;
    const reports_detail_t  *detail;

    id = store_run(store, insert_policy, err, "iissiii", report,
                   (int64_t) policy->type, policy->domain, policy->mode,
                   policy->good, policy->failed, ends);

    for (i = 0; id != -1 && i < policy->n_details; i++) {
        detail = &policy->details[i];

        if (store_run(store, insert_detail, err, "isssi", id, detail->result,
                      detail->mx, detail->reason, detail->sessions) == -1)
        {
            return MTA_STS_ERROR;
        }
    }

    return id == -1 ? MTA_STS_ERROR : MTA_STS_OK;
}


/* A known report that was unverified, and is verified now. */

static int
store_verify(store_t *store, const reports_report_t *report,
    const reports_origin_t *origin, mta_sts_err_t *err)
{
    if (origin->signer.len == 0) {
        return MTA_STS_OK;
    }

    return store_run(store, "UPDATE report SET signer = ?, source = source"
                     " || ', ' || ? WHERE digest = ? AND signer = ''", err,
                     "sss", origin->signer, origin->source,
                     mta_sts_str_from(report->digest)) == -1
           ? MTA_STS_ERROR : MTA_STS_OK;
}


int
store_add(store_t *store, const reports_report_t *report,
    const reports_origin_t *origin, store_result_e *result,
    mta_sts_err_t *err)
{
    size_t   i;
    int64_t  id;

    id = 0;

    if (store_query(store, "SELECT id FROM report WHERE digest = ?1",
                    mta_sts_str_from(report->digest), 0, insert_id, &id, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (id) {
        *result = STORE_KNOWN;
        return store_verify(store, report, origin, err);
    }

    *result = STORE_NEW;

    id = store_run(store, insert_report, err, "ssssssiii",
                   mta_sts_str_from(report->digest), report->organization,
                   report->contact, report->id, origin->signer, origin->source,
                   origin->received, report->begin, report->end);

    if (id == -1) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < report->n_policies; i++) {
        if (store_policy(store, id, report->end, &report->policies[i], err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
store_refuse(store_t *store, const reports_report_t *report,
    mta_sts_err_t *err)
{
    return store_run(store, "INSERT OR IGNORE INTO refused VALUES (?, ?)", err,
                     "si", mta_sts_str_from(report->digest), report->end) == -1
           ? MTA_STS_ERROR : MTA_STS_OK;
}


/* A sum that stays an integer when another one is added. */

#define INSERT_SUM(x)  "min(" STORE_SUM(x) ", 4000000000000000000)"


/* CROSS JOIN: SQLite begins with the few reports that are old, by their end. */

int
store_drop(store_t *store, int64_t before, int64_t sums, mta_sts_err_t *err)
{
    char  sql[1000];

    (void) snprintf(sql, sizeof(sql),
        "BEGIN IMMEDIATE;"
        "INSERT INTO day SELECT p.domain, p.type, r.signer <> '' AS v,"
        " " REPORTS_DAY("r.ends") " AS d, " INSERT_SUM("p.good") ","
        " " INSERT_SUM("p.failed") ", count(DISTINCT r.id)"
        " FROM report r CROSS JOIN policy p ON p.report = r.id"
        " WHERE r.ends < %lld GROUP BY p.domain, p.type, v, d"
        " ON CONFLICT (domain, type, verified, day)"
        " DO UPDATE SET good = min(good + excluded.good, 4000000000000000000),"
        " failed = min(failed + excluded.failed, 4000000000000000000),"
        " reports = reports + excluded.reports;"
        "DELETE FROM report WHERE ends < %lld;"
        "UPDATE dropped SET before = max(before, %lld), refused = refused"
        " + (SELECT count(*) FROM refused WHERE ends < %lld);"
        "DELETE FROM refused WHERE ends < %lld;"
        "DELETE FROM day WHERE day < %lld;"
        "COMMIT", (long long) before, (long long) before, (long long) before,
        (long long) before, (long long) before, (long long) sums);

    return store_exec(store, sql, err);
}
