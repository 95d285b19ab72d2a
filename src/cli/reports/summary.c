/*
 * The store -> a summary per domain.
 *
 * Queries sum over one type at a time: a session that a sender judged by
 * MTA-STS and by DANE is in both lists.
 */

#include <stdlib.h>
#include <time.h>

#include "reports.h"


#define DAY           86400
#define SUMMARY_WEEK  (7 * DAY)

/* of a domain, ?1, since the day of a time, ?2 */

#define SUMMARY_FROM                                                          \
    " FROM policy p JOIN report r ON r.id = p.report"                         \
    " WHERE p.domain = ?1 AND p.ends > " REPORTS_SINCE

#define SUMMARY_DETAIL                                                        \
    " FROM detail d JOIN policy p ON p.id = d.policy"                         \
    " JOIN report r ON r.id = p.report"                                       \
    " WHERE p.domain = ?1 AND p.ends > " REPORTS_SINCE

#define VERIFIED  "(r.signer <> '')"

#define SUMMARY_SUMMED                                                        \
    " WHERE domain = ?1 AND day >= " REPORTS_SINCE

/* type, verified, name, signer, digest, good, failed, reports, last */

#define SUMMARY_SUMS(day)                                                     \
    " " STORE_SUM("good") ", " STORE_SUM("failed") ", sum(reports), " day     \
    " FROM (SELECT p.type AS type, " VERIFIED " AS v,"                        \
    " " STORE_SUM("p.good") " AS good, " STORE_SUM("p.failed") " AS failed,"  \
    " count(DISTINCT r.id) AS reports, max(r.ends) AS ends,"                  \
    " " REPORTS_DAY("r.ends") " AS day" SUMMARY_FROM                          \
    " GROUP BY 1, 2, 7 UNION ALL SELECT type, verified, good, failed,"        \
    " reports, day + 86400, day FROM day" SUMMARY_SUMMED ")"

static const char  summary_sessions[] =
    "SELECT type, v, '', '', ''," SUMMARY_SUMS("max(ends)")
    " GROUP BY type, v";

static const char  summary_summed[] =
    "SELECT type, verified, '', '', '', " STORE_SUM("good") ","
    " " STORE_SUM("failed") ", sum(reports), max(day) FROM day" SUMMARY_SUMMED
    " GROUP BY type, verified";

static const char  summary_failures[] =
    "SELECT p.type, " VERIFIED " AS v, d.result, '', '', 0,"
    " " STORE_SUM("d.sessions") " s, count(DISTINCT r.id), max(r.ends)"
    SUMMARY_DETAIL
    " GROUP BY p.type, v, d.result ORDER BY p.type, v DESC, s DESC, d.result"
    " LIMIT 200";

static const char  summary_hosts[] =
    "SELECT p.type, " VERIFIED " AS v, d.mx, '', '', 0,"
    " " STORE_SUM("d.sessions") " s, count(DISTINCT r.id), max(r.ends)"
    SUMMARY_DETAIL
    " AND d.mx <> '' GROUP BY p.type, v, d.mx"
    " ORDER BY p.type, v DESC, s DESC, d.mx LIMIT 200";

/* SQLite takes the digest of the row that has the maximum */

static const char  summary_reporters[] =
    "SELECT p.type, " VERIFIED " AS v, r.organization, r.signer, r.digest,"
    " " STORE_SUM("p.good") " g, " STORE_SUM("p.failed") " f,"
    " count(DISTINCT r.id), max(r.ends)" SUMMARY_FROM
    " GROUP BY p.type, r.organization, r.signer"
    " ORDER BY p.type, v DESC, g + f DESC, r.organization LIMIT 200";

static const char  summary_days[] =
    "SELECT type, v, '', '', ''," SUMMARY_SUMS("day")
    " GROUP BY type, v, day ORDER BY type, v DESC, day";


typedef struct {
    const mta_sts_env_t  *env;
    summary_t            *summary;
    summary_rows_t       *rows;
} summary_reader_t;


const char *
summary_day(int64_t when, char *buf)
{
    time_t     t;
    struct tm  tm;

    t = (time_t) when;

    if (gmtime_r(&t, &tm) == NULL
        || strftime(buf, SUMMARY_DAY, "%Y-%m-%d", &tm) == 0)
    {
        buf[0] = '\0';
    }

    return buf;
}


static int64_t
summary_int(const char *text)
{
    return strtoll(text, NULL, 10);
}


static void
summary_row(void *ctx, const char *const *columns)
{
    summary_reader_t  *reader = ctx;

    int              type;
    summary_row_t   *row;
    summary_rows_t  *rows;

    rows = reader->rows;
    rows->elts = mta_sts_env_grow(reader->env, rows->elts, rows->n,
                                  &rows->size, sizeof(summary_row_t));
    row = &rows->elts[rows->n++];

    type = (int) summary_int(columns[0]);

    row->type = type >= 0 && type < REPORTS_OTHER ? (reports_type_e) type
                                                  : REPORTS_OTHER;
    row->verified = columns[1][0] == '1';
    row->name = mta_sts_str_copy(reader->env, mta_sts_str_from(columns[2]));
    row->signer = mta_sts_str_copy(reader->env, mta_sts_str_from(columns[3]));
    row->digest = mta_sts_str_copy(reader->env, mta_sts_str_from(columns[4]));
    row->good = summary_int(columns[5]);
    row->failed = summary_int(columns[6]);
    row->reports = summary_int(columns[7]);
    row->last = summary_int(columns[8]);
}


static summary_domain_t *
summary_add(summary_t *summary, mta_sts_str_t name, const mta_sts_env_t *env)
{
    summary_domain_t  *domain;

    summary->domains = mta_sts_env_grow(env, summary->domains, summary->n,
                                        &summary->size,
                                        sizeof(summary_domain_t));
    domain = &summary->domains[summary->n++];

    memset(domain, 0, sizeof(summary_domain_t));
    domain->domain = mta_sts_str_copy(env, name);

    return domain;
}


/* A domain of the store; those that ours names are there already. */

static void
summary_name(void *ctx, const char *const *columns)
{
    summary_reader_t  *reader = ctx;

    const site_t     *ours;
    mta_sts_str_t     domain;
    mta_sts_entry_t   entry;

    ours = reader->summary->ours;
    domain = mta_sts_str_from(columns[0]);

    if (ours == NULL
        || (domain.len && site_has(ours, domain)
            && !mta_sts_catalog_find(&ours->answers.catalog, domain, &entry)))
    {
        (void) summary_add(reader->summary, domain, reader->env);
    }
}


static int
summary_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(((const summary_domain_t *) a)->domain,
                           ((const summary_domain_t *) b)->domain);
}


static void
summary_refused(void *ctx, const char *const *columns)
{
    summary_t  *summary = ctx;

    summary->refused = summary_int(columns[0]);
}


static int
summary_query(summary_reader_t *reader, store_t *store, const char *sql,
    const summary_domain_t *domain, summary_rows_t *rows, mta_sts_err_t *err)
{
    int64_t  since;

    since = reader->summary->now - (int64_t) reader->summary->days * DAY;
    reader->rows = rows;

    return store_query(store, sql, domain->domain, since, summary_row,
                       reader, err);
}


/* Reads sessions by type and origin into sums. */

static int
summary_sums(summary_reader_t *reader, store_t *store, const char *sql,
    const summary_domain_t *domain, summary_rows_t *rows,
    evidence_sessions_t (*sums)[2], mta_sts_err_t *err)
{
    size_t                i;
    const summary_row_t  *row;
    evidence_sessions_t  *sessions;

    if (summary_query(reader, store, sql, domain, rows, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < rows->n; i++) {
        row = &rows->elts[i];

        sessions = &sums[row->type][row->verified];
        sessions->good = row->good;
        sessions->failed = row->failed;
        sessions->reports = row->reports;
    }

    return MTA_STS_OK;
}


static int
summary_domain(summary_reader_t *reader, store_t *store,
    summary_domain_t *domain, mta_sts_err_t *err)
{
    size_t                i;
    summary_rows_t        rows = { NULL, 0, 0 }, summed = { NULL, 0, 0 };
    const summary_row_t  *row;

    if (summary_sums(reader, store, summary_sessions, domain, &rows,
                     domain->sessions, err) != MTA_STS_OK
        || summary_sums(reader, store, summary_summed, domain, &summed,
                        domain->summed, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < rows.n; i++) {
        row = &rows.elts[i];

        domain->last = row->last > domain->last ? row->last : domain->last;

        if (row->last > domain->last_of[row->verified]) {
            domain->last_of[row->verified] = row->last;
        }
    }

    return summary_query(reader, store, summary_failures, domain,
                         &domain->failures, err) != MTA_STS_OK
           || summary_query(reader, store, summary_hosts, domain,
                            &domain->hosts, err) != MTA_STS_OK
           || summary_query(reader, store, summary_reporters, domain,
                            &domain->reporters, err) != MTA_STS_OK
           || summary_query(reader, store, summary_days, domain,
                            &domain->days, err) != MTA_STS_OK
           ? MTA_STS_ERROR : MTA_STS_OK;
}


int
summary_read(summary_t *summary, store_t *store, const mta_sts_str_t *names,
    size_t n, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t            i;
    summary_reader_t  reader = { env, summary, NULL };

    if (store_query(store, "SELECT refused + (SELECT count(*) FROM refused)"
                    " FROM dropped", mta_sts_str(""), 0, summary_refused,
                    summary, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < n; i++) {
        (void) summary_add(summary, names[i], env);
    }

    /* a domain whose reports are older is there as well: they stopped */

    if (summary->ours ? summary->ours->n_defaults && !summary->named : n == 0) {
        if (store_query(store, "SELECT domain FROM policy UNION "
                        "SELECT domain FROM day ORDER BY 1", mta_sts_str(""),
                        0, summary_name, &reader, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        if (summary->n) {
            qsort(summary->domains, summary->n, sizeof(summary_domain_t),
                  summary_cmp);
        }
    }

    for (i = 0; i < summary->n; i++) {
        if (summary_domain(&reader, store, &summary->domains[i], err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/*
 * An organisation goes on while any of its rows does; of a verified one only
 * those that are verified, too.
 */

int
summary_has_stopped(const summary_t *summary, const summary_domain_t *domain,
    const summary_row_t *reporter)
{
    size_t                i;
    int64_t               week;
    const summary_row_t  *row;

    week = summary->now - SUMMARY_WEEK;

    for (i = 0; i < domain->reporters.n; i++) {
        row = &domain->reporters.elts[i];

        if (row->last >= week && row->verified >= reporter->verified
            && mta_sts_str_eq(row->name, reporter->name))
        {
            return 0;
        }
    }

    return reporter->last < week && domain->last >= week;
}


summary_severity_e
summary_severity(const summary_t *summary, const summary_domain_t *domain)
{
    size_t              i;
    reports_type_e      type;
    summary_severity_e  severity;

    severity = SUMMARY_GOOD;

    /* what names no domain says nothing about one */

    if (domain->domain.len == 0) {
        return severity;
    }

    for (i = 0; i < domain->reporters.n; i++) {
        if (summary_has_stopped(summary, domain, &domain->reporters.elts[i])) {
            severity = SUMMARY_NOTE;
        }
    }

    if (domain->last < summary->now - SUMMARY_WEEK) {
        severity = SUMMARY_WARNING;
    }

    for (type = REPORTS_STS; type <= REPORTS_OTHER; type++) {
        if (domain->sessions[type][1].failed) {
            return SUMMARY_ERROR;
        }

        if (domain->sessions[type][0].failed) {
            severity = SUMMARY_WARNING;
        }
    }

    return severity;
}
