/*
 * What the store says about one domain.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "evidence.h"


#define VERIFIED  "(r.signer <> '')"

/* of a domain, ?1, since a time, ?2 */

#define EVIDENCE_FROM                                                         \
    " FROM policy p JOIN report r ON r.id = p.report"                         \
    " WHERE p.domain = ?1 AND p.ends >= ?2"

/* sums whose day has a part since then, so that no failure is lost */

#define EVIDENCE_DAYS  " FROM day WHERE domain = ?1 AND day + 86400 > ?2"


struct evidence_reader_s {
    store_t            *store;
    evidence_status_e   status;
    int                 taken;
    mta_sts_err_t       err;          /* EVIDENCE_UNKNOWN */
};


/* For the callbacks. */

typedef struct {
    const mta_sts_env_t  *env;
    evidence_t           *evidence;
} evidence_into_t;


static const char  evidence_taken[] =
    "SELECT EXISTS (SELECT 1 FROM report) OR EXISTS (SELECT 1 FROM day)";

static const char  evidence_last[] =
    "SELECT max(e) FROM (SELECT max(ends) AS e FROM policy WHERE domain = ?1"
    " UNION ALL SELECT max(day) + 86400 FROM day WHERE domain = ?1)";

/* type, verified, good, failed, reports */

static const char  evidence_sessions[] =
    "SELECT type, v, " STORE_SUM("good") ", " STORE_SUM("failed") ","
    " sum(reports) FROM (SELECT p.type AS type, " VERIFIED " AS v,"
    " " STORE_SUM("p.good") " AS good, " STORE_SUM("p.failed") " AS failed,"
    " count(DISTINCT r.id) AS reports" EVIDENCE_FROM " GROUP BY 1, 2 UNION ALL"
    " SELECT type, verified, good, failed, reports" EVIDENCE_DAYS ")"
    " GROUP BY type, v";

/* all sessions that a sender reports; sums per day have lost who it was */

#define EVIDENCE_SENDERS                                                      \
    "WITH sender AS (SELECT t, v, s, " STORE_SUM("n") " AS n FROM ("          \
    "SELECT p.type AS t, " VERIFIED " AS v, r.signer AS s,"                   \
    " total(p.good) + total(p.failed) AS n" EVIDENCE_FROM " GROUP BY 1, 2, 3" \
    " UNION ALL SELECT type, verified, '', total(good) + total(failed)"       \
    EVIDENCE_DAYS " GROUP BY 1, 2)"                                           \
    " GROUP BY 1, 2, 3)"

/*
 * type, verified, result, mx, organization, signer, sessions, last, good, all:
 * of details, of failed sessions without details, and of sums per day.
 */

static const char  evidence_failures[] =
    EVIDENCE_SENDERS " SELECT f.*, sender.n FROM ("
    "SELECT p.type AS t, " VERIFIED " AS v, d.result AS result, d.mx AS mx,"
    " r.organization AS o, r.signer AS s, " STORE_SUM("d.sessions") " AS n,"
    " max(p.ends) AS e, max(p.good) AS good"
    " FROM policy p JOIN report r ON r.id = p.report"
    " JOIN detail d ON d.policy = p.id WHERE p.domain = ?1 AND p.ends >= ?2"
    " AND (d.sessions > 0 OR d.result <> '') GROUP BY 1, 2, 3, 4, 5, 6"
    " UNION ALL SELECT type, v, '', '', organization, signer,"
    " " STORE_SUM("rest") ", max(e), max(good) FROM (SELECT p.type AS type,"
    " " VERIFIED " AS v, r.organization AS organization, r.signer AS signer,"
    " p.failed - (SELECT total(d.sessions) FROM detail d WHERE d.policy = p.id)"
    " AS rest, p.ends AS e, p.good AS good" EVIDENCE_FROM ") WHERE rest > 0"
    " GROUP BY 1, 2, 5, 6"
    " UNION ALL SELECT type, verified, '', '', '', '', failed, day + 86400,"
    " good" EVIDENCE_DAYS " AND failed > 0) f"
    " JOIN sender USING (t, v, s)"
    " ORDER BY f.v DESC, f.t, f.n DESC, result, mx, o, s LIMIT 1000";


static int64_t
evidence_int(const char *text)
{
    return strtoll(text, NULL, 10);
}


static void
evidence_number(void *ctx, const char *const *columns)
{
    *(int64_t *) ctx = evidence_int(columns[0]);
}


static reports_type_e
evidence_type(const char *text)
{
    int64_t  type;

    type = evidence_int(text);

    return type >= 0 && type < REPORTS_OTHER ? (reports_type_e) type
                                             : REPORTS_OTHER;
}


static void
evidence_session(void *ctx, const char *const *columns)
{
    evidence_into_t      *into = ctx;
    evidence_sessions_t  *sessions;

    sessions = &into->evidence->sessions[evidence_type(columns[0])]
                                        [columns[1][0] == '1'];

    sessions->good += evidence_int(columns[2]);
    sessions->failed += evidence_int(columns[3]);
    sessions->reports += evidence_int(columns[4]);
}


static void
evidence_failure(void *ctx, const char *const *columns)
{
    evidence_t          *evidence;
    evidence_into_t     *into = ctx;
    evidence_failure_t  *failure;

    evidence = into->evidence;
    evidence->failures = mta_sts_env_grow(into->env, evidence->failures,
                                          evidence->n, &evidence->size,
                                          sizeof(evidence_failure_t));
    failure = &evidence->failures[evidence->n++];

    failure->type = evidence_type(columns[0]);
    failure->verified = columns[1][0] == '1';
    failure->result = mta_sts_str_copy(into->env, mta_sts_str_from(columns[2]));
    failure->mx = mta_sts_str_copy(into->env, mta_sts_str_from(columns[3]));
    failure->organization = mta_sts_str_copy(into->env,
                                             mta_sts_str_from(columns[4]));
    failure->signer = mta_sts_str_copy(into->env, mta_sts_str_from(columns[5]));
    failure->sessions = evidence_int(columns[6]);
    failure->last = evidence_int(columns[7]);
    failure->alone = evidence_int(columns[8]) == 0;
    failure->all = evidence_int(columns[9]);
    failure->effect = reports_effect(failure->type, failure->result);
}


evidence_reader_t *
evidence_open(const char *dir)
{
    int64_t             taken;
    evidence_reader_t  *reader;

    reader = diag_calloc(1, sizeof(evidence_reader_t));

    if (dir == NULL || !store_is_there(dir)) {
        return reader;
    }

    taken = 0;
    reader->store = store_open(dir, 0, &reader->err);

    reader->status = reader->store
                     && store_query(reader->store, evidence_taken,
                                    mta_sts_str(""), 0, evidence_number,
                                    &taken, &reader->err) == MTA_STS_OK
                     ? EVIDENCE_READ : EVIDENCE_UNKNOWN;
    reader->taken = taken != 0;

    return reader;
}


int
evidence_close(evidence_reader_t *reader, mta_sts_err_t *err)
{
    int  known;

    known = reader->status != EVIDENCE_UNKNOWN;
    *err = reader->err;

    if (reader->store) {
        store_close(reader->store);
    }

    free(reader);

    return known;
}


/* Most domains have no report of these days, which one look-up says. */

static int
evidence_query(evidence_reader_t *reader, mta_sts_str_t domain, int64_t since,
    evidence_into_t *into)
{
    store_t        *store;
    evidence_t     *evidence;
    mta_sts_err_t  *err;

    store = reader->store;
    evidence = into->evidence;
    err = &reader->err;

    if (store_query(store, evidence_last, domain, 0, evidence_number,
                    &evidence->last, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (evidence->last < since) {
        return MTA_STS_OK;
    }

    return store_query(store, evidence_sessions, domain, since,
                       evidence_session, into, err) != MTA_STS_OK
           || store_query(store, evidence_failures, domain, since,
                          evidence_failure, into, err) != MTA_STS_OK
           ? MTA_STS_ERROR : MTA_STS_OK;
}


void
evidence_read(evidence_reader_t *reader, mta_sts_str_t domain, int64_t since,
    const mta_sts_env_t *env, evidence_t *evidence)
{
    evidence_into_t  into;

    memset(evidence, 0, sizeof(evidence_t));

    into.env = env;
    into.evidence = evidence;

    if (reader->status == EVIDENCE_READ
        && evidence_query(reader, domain, since, &into) != MTA_STS_OK)
    {
        reader->status = EVIDENCE_UNKNOWN;
        memset(evidence, 0, sizeof(evidence_t));
    }

    evidence->status = reader->status;
    evidence->taken = reader->taken;
    evidence->why = reader->err.text;
}


const char *
evidence_text(const evidence_failure_t *failure, char buf[EVIDENCE_TEXT])
{
    char           count[64];
    int64_t        all;
    mta_sts_str_t  result, organization;

    result = failure->result.len ? failure->result
                                 : mta_sts_str("no reason given");
    organization = failure->organization.len ? failure->organization
                                             : mta_sts_str("an unnamed sender");

    /* a report's numbers may contradict each other */

    all = failure->all > failure->sessions ? failure->all : failure->sessions;

    (void) snprintf(count, sizeof(count), "%" PRId64 " of %" PRId64,
                    failure->sessions, all);

    (void) snprintf(buf, EVIDENCE_TEXT, "%s session%s%s%.*s failed, %.*s, says "
                    "%.*s%s%.*s", failure->sessions ? count : "some",
                    failure->sessions && all == 1 ? "" : "s",
                    failure->mx.len ? " to " : "", MTA_STS_SHOW(failure->mx),
                    MTA_STS_SHOW(result), MTA_STS_SHOW(organization),
                    failure->signer.len ? ", signed by " : "",
                    MTA_STS_SHOW(failure->signer));

    return buf;
}
