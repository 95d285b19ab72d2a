/*
 * What is read, until one short transaction adds it: reading and parsing lock
 * nobody out.
 *
 * A file of a spool is removed after the commit of what it has, so that no
 * report is lost whatever ends the process; one that comes twice counts once.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define BATCH_ROWS  5000              /* bounds the memory */
#define BATCH_DAY   86400


static void
batch_copy_policy(const mta_sts_env_t *env, reports_policy_t *policy)
{
    size_t             i;
    reports_detail_t  *details;

    policy->domain = mta_sts_str_copy(env, policy->domain);
    policy->mode = mta_sts_str_copy(env, policy->mode);

    details = env->alloc(env->ctx, policy->n_details
                                   * sizeof(reports_detail_t));

    for (i = 0; i < policy->n_details; i++) {
        details[i] = policy->details[i];
        details[i].result = mta_sts_str_copy(env, details[i].result);
        details[i].mx = mta_sts_str_copy(env, details[i].mx);
        details[i].reason = mta_sts_str_copy(env, details[i].reason);
    }

    policy->details = details;
}


int
reports_batch(reports_adder_t *adder, const reports_report_t *report,
    const reports_origin_t *origin, mta_sts_err_t *err)
{
    size_t             i;
    mta_sts_env_t      env = { diag_alloc, say_warning, NULL, NULL };
    reports_batch_t   *batch;
    reports_report_t  *copy;
    reports_origin_t  *from;

    batch = &adder->batch;
    env.ctx = &batch->arena;

    copy = &batch->reports[batch->n];
    from = &batch->origins[batch->n++];

    *from = *origin;
    from->source = mta_sts_str_copy(&env, origin->source);
    from->signer = mta_sts_str_copy(&env, origin->signer);

    *copy = *report;
    copy->organization = mta_sts_str_copy(&env, report->organization);
    copy->contact = mta_sts_str_copy(&env, report->contact);
    copy->id = mta_sts_str_copy(&env, report->id);
    copy->policies = env.alloc(env.ctx, report->n_policies
                                        * sizeof(reports_policy_t));

    for (i = 0; i < report->n_policies; i++) {
        copy->policies[i] = report->policies[i];
        batch_copy_policy(&env, &copy->policies[i]);
        batch->rows += 1 + copy->policies[i].n_details;
    }

    return batch->n == REPORTS_BATCH_MAX || batch->rows > BATCH_ROWS
           ? reports_flush(adder, err) : MTA_STS_OK;
}


int
reports_batch_done(reports_adder_t *adder, const char *path, mta_sts_err_t *err)
{
    reports_batch_t  *batch;

    batch = &adder->batch;
    batch->done[batch->n_done++] = diag_strdup(path);

    return batch->n_done == REPORTS_BATCH_MAX ? reports_flush(adder, err)
                                              : MTA_STS_OK;
}


static void
batch_dropped(void *ctx, const char *const *columns)
{
    *(int64_t *) ctx = strtoll(columns[0], NULL, 10);
}


static void
batch_known(void *ctx, const char *const *columns)
{
    (void) columns;
    *(int *) ctx = 1;
}


static int
batch_is_named(const reports_adder_t *adder, mta_sts_str_t domain)
{
    mta_sts_entry_t  entry;

    return domain.len == 0
           || mta_sts_catalog_find(&adder->ours->answers.catalog, domain,
                                   &entry);
}


static void
batch_other(void *ctx, const char *const *columns)
{
    reports_adder_t  *adder = ctx;

    adder->others += !batch_is_named(adder, mta_sts_str_from(columns[0]));
}


/* Is there room for reports about a domain?  Without one, *room is 0. */

static int
batch_room(reports_adder_t *adder, mta_sts_str_t domain, int verified,
    int *room, mta_sts_err_t *err)
{
    *room = batch_is_named(adder, domain);

    if (*room == 0
        && store_query(adder->store, "SELECT 1 FROM policy WHERE domain = ?1"
                       " LIMIT 1", domain, 0, batch_known, room, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (*room) {
        return MTA_STS_OK;
    }

    if (!adder->counted
        && store_query(adder->store, "SELECT DISTINCT domain FROM policy",
                       mta_sts_str(""), 0, batch_other, adder, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    adder->counted = 1;
    *room = adder->others < (size_t) REPORTS_OTHERS_MAX * (verified ? 2 : 1);
    adder->others += (size_t) *room;
    adder->full |= !*room;

    return MTA_STS_OK;
}


/*
 * A default policy covers any name that a sender invents: reports about such
 * domains are bounded, and unverified ones leave room for the others.
 */

static int
batch_bound(reports_adder_t *adder, reports_report_t *report, int verified,
    mta_sts_err_t *err)
{
    int                room;
    size_t             i, k, n;
    reports_policy_t  *policies;

    policies = report->policies;

    for (i = 0, n = 0; i < report->n_policies; i++) {

        for (k = 0; k < n; k++) {
            if (mta_sts_str_eq(policies[k].domain, policies[i].domain)) {
                break;
            }
        }

        if (k == n
            && batch_room(adder, policies[i].domain, verified, &room, err)
               != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        if (k < n || room) {
            policies[n++] = policies[i];
        }
    }

    report->n_policies = n;

    return MTA_STS_OK;
}


static int
batch_store(reports_adder_t *adder, int64_t dropped, size_t i,
    mta_sts_err_t *err)
{
    int                rc;
    store_result_e     result;
    reports_report_t  *report;
    reports_origin_t  *origin;

    report = &adder->batch.reports[i];
    origin = &adder->batch.origins[i];

    /* its sessions may be in the sums of its day already */

    if (report->end < dropped) {
        adder->old++;
        return MTA_STS_OK;
    }

    if (batch_bound(adder, report, origin->signer.len != 0, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (report->n_policies == 0) {
        adder->refused++;
        return store_refuse(adder->store, report, err);
    }

    rc = store_add(adder->store, report, origin, &result, err);

    if (rc == MTA_STS_OK && result == STORE_NEW) {
        adder->added++;

    } else if (rc == MTA_STS_OK) {
        adder->known++;
    }

    return rc;
}


static int
batch_transaction(reports_adder_t *adder, mta_sts_err_t *err)
{
    size_t   i;
    int64_t  dropped;

    dropped = 0;
    adder->others = 0;
    adder->counted = 0;

    if (store_begin(adder->store, err) != MTA_STS_OK
        || store_query(adder->store, "SELECT before FROM dropped",
                       mta_sts_str(""), 0, batch_dropped, &dropped, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < adder->batch.n; i++) {
        if (batch_store(adder, dropped, i, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return store_commit(adder->store, err);
}


int
reports_flush(reports_adder_t *adder, mta_sts_err_t *err)
{
    int               rc;
    size_t            i;
    reports_batch_t  *batch;

    batch = &adder->batch;
    rc = batch->n ? batch_transaction(adder, err) : MTA_STS_OK;

    for (i = 0; i < batch->n_done; i++) {
        if (rc == MTA_STS_OK && unlink(batch->done[i]) == -1
            && errno != ENOENT)
        {
            say("unlink() \"%s\" failed (%d: %s)", batch->done[i], errno,
                strerror(errno));
        }

        free(batch->done[i]);
    }

    batch->n = 0;
    batch->n_done = 0;
    batch->rows = 0;
    mta_sts_arena_free(&batch->arena);

    return rc;
}


/* Domains, of the store. */

typedef struct {
    reports_adder_t  *adder;
    mta_sts_env_t     env;
    mta_sts_str_t    *elts;
    size_t            n;
    size_t            size;
} batch_domains_t;


static void
batch_unnamed(void *ctx, const char *const *columns)
{
    batch_domains_t  *domains = ctx;

    mta_sts_str_t  domain;

    domain = mta_sts_str_from(columns[0]);

    if (!batch_is_named(domains->adder, domain)) {
        domains->elts = mta_sts_env_grow(&domains->env, domains->elts,
                                         domains->n, &domains->size,
                                         sizeof(mta_sts_str_t));
        domains->elts[domains->n++] = mta_sts_str_copy(&domains->env, domain);
    }
}


/* Removes the sums of domains that are only covered and have no report. */

static int
batch_forget(reports_adder_t *adder, mta_sts_err_t *err)
{
    int              rc;
    size_t           i;
    mta_sts_arena_t  arena = { NULL, 0 };
    batch_domains_t  domains = { adder, { diag_alloc, say_warning, &arena,
                                          NULL }, NULL, 0, 0 };

    rc = store_begin(adder->store, err);

    if (rc == MTA_STS_OK) {
        rc = store_query(adder->store, "SELECT domain FROM"
                         " (SELECT DISTINCT domain FROM day) d WHERE"
                         " NOT EXISTS (SELECT 1 FROM policy p"
                         " WHERE p.domain = d.domain)", mta_sts_str(""), 0,
                         batch_unnamed, &domains, err);
    }

    for (i = 0; i < domains.n && rc == MTA_STS_OK; i++) {
        rc = store_run(adder->store, "DELETE FROM day WHERE domain = ?", err,
                       "s", domains.elts[i]) == -1
             ? MTA_STS_ERROR : MTA_STS_OK;
    }

    mta_sts_arena_free(&arena);

    return rc == MTA_STS_OK ? store_commit(adder->store, err) : rc;
}


int
reports_drop(reports_adder_t *adder, mta_sts_err_t *err)
{
    if (store_drop(adder->store, adder->since,
                   adder->now - (int64_t) REPORTS_SUMS_MAX * BATCH_DAY, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return adder->ours->n_defaults ? batch_forget(adder, err) : MTA_STS_OK;
}
