/*
 * Which RRsets differ from the DNS: the records of at most settings->jobs parts
 * are looked up concurrently.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "publish.h"


typedef struct {
    plan_t          *plan;
    net_t            net;
    unsigned         active;              /* parts */
} changed_run_t;


/* An RRset that is looked up. */

typedef struct {
    struct changed_part_s   *part;
    const mta_sts_record_t  *records;
    size_t                   n;
    mta_sts_record_t        *live;        /* what is in its place */
    size_t                   n_live;
    int                      differs;
} changed_rrset_t;


/* A part whose records are looked up. */

typedef struct changed_part_s {
    changed_run_t    *run;
    plan_part_t      *part;
    batch_t          *batch;
    changed_rrset_t  *rrsets;
    size_t            n;
    size_t            pending;            /* lookups */
} changed_part_t;


static int
changed_type(mta_sts_str_t type)
{
    if (mta_sts_str_eq(type, mta_sts_str("TXT"))) {
        return ns_t_txt;
    }

    if (mta_sts_str_eq(type, mta_sts_str("A"))) {
        return ns_t_a;
    }

    return mta_sts_str_eq(type, mta_sts_str("AAAA")) ? ns_t_aaaa : ns_t_cname;
}


static int
changed_is_live(const mta_sts_record_t *record, const dns_answer_t *answer)
{
    size_t  i;

    for (i = 0; i < answer->n; i++) {
        if (mta_sts_str_eq(answer->records[i].text, record->value)) {
            return 1;
        }
    }

    return 0;
}


static int
changed_differs(const changed_rrset_t *rrset, const dns_answer_t *answer)
{
    size_t  i;

    if (answer->status == DNS_FAILED || answer->n != rrset->n) {
        return 1;
    }

    for (i = 0; i < rrset->n; i++) {
        if (!changed_is_live(&rrset->records[i], answer)) {
            return 1;
        }
    }

    return 0;
}


static void *
changed_alloc(const changed_run_t *run, size_t size)
{
    return diag_alloc(&run->plan->arena, size);
}


/* Keeps what differs of a part, all of whose lookups have ended. */

static void
changed_end(changed_part_t *part)
{
    size_t              i, n;
    batch_t            *batch;
    changed_rrset_t    *rrset;
    mta_sts_record_t   *records, *live;

    batch = part->batch;

    for (i = 0, n = 0; i < part->n; i++) {
        n += part->rrsets[i].n_live;
    }

    records = changed_alloc(part->run, batch->n * sizeof(mta_sts_record_t));
    live = changed_alloc(part->run, n * sizeof(mta_sts_record_t));

    batch->n = 0;

    for (i = 0; i < part->n; i++) {
        rrset = &part->rrsets[i];

        if (rrset->differs) {
            memcpy(&records[batch->n], rrset->records,
                   rrset->n * sizeof(mta_sts_record_t));
            batch->n += rrset->n;

            memcpy(&live[batch->n_live], rrset->live,
                   rrset->n_live * sizeof(mta_sts_record_t));
            batch->n_live += rrset->n_live;
        }
    }

    batch->records = records;
    batch->live = live;

    part->run->active--;
}


static void
changed_done(void *ctx, const dns_answer_t *answer)
{
    size_t            i;
    mta_sts_env_t     env = { diag_alloc, NULL, NULL };
    changed_rrset_t  *rrset = ctx;

    env.ctx = &rrset->part->run->plan->arena;

    if (answer->status == DNS_FAILED) {
        say("the lookup of %.*s fails: %s", (int) rrset->records[0].name.len,
            rrset->records[0].name.data, answer->error);
    }

    rrset->differs = changed_differs(rrset, answer);

    if (rrset->differs) {
        rrset->n_live = answer->n;
        rrset->live = env.alloc(env.ctx, answer->n * sizeof(mta_sts_record_t));

        for (i = 0; i < answer->n; i++) {
            rrset->live[i] = rrset->records[0];
            rrset->live[i].ttl = answer->ttl;
            rrset->live[i].value = mta_sts_str_copy(&env,
                                                    answer->records[i].text);
        }
    }

    if (--rrset->part->pending == 0) {
        changed_end(rrset->part);
    }
}


/* Looks up each RRset of a part. */

static void
changed_start(changed_run_t *run, size_t i)
{
    size_t           k;
    batch_t         *batch;
    mta_sts_env_t    env = { diag_alloc, NULL, &run->plan->arena };
    changed_part_t  *part;

    part = changed_alloc(run, sizeof(changed_part_t));
    batch = changed_alloc(run, sizeof(batch_t));

    plan_batch(run->plan, i, &env, batch);

    part->run = run;
    part->part = &run->plan->parts[i];
    part->part->kept = batch;
    part->batch = batch;
    part->rrsets = changed_alloc(run, batch->n * sizeof(changed_rrset_t));
    part->n = 0;

    memset(part->rrsets, 0, batch->n * sizeof(changed_rrset_t));

    for (k = 0; k < batch->n; k += part->rrsets[part->n++].n) {
        part->rrsets[part->n].part = part;
        part->rrsets[part->n].records = &batch->records[k];
        part->rrsets[part->n].n = mta_sts_rrset_len(&batch->records[k], batch->n - k);
    }

    run->active++;
    part->pending = part->n + 1;

    for (k = 0; k < part->n; k++) {
        dns_lookup(run->net.dns, part->rrsets[k].records[0].name,
                   changed_type(part->rrsets[k].records[0].type),
                   changed_done, &part->rrsets[k]);
    }

    if (--part->pending == 0) {
        changed_end(part);
    }
}


int
changed_filter(plan_t *plan, const net_settings_t *settings,
    mta_sts_err_t *err)
{
    size_t         i;
    changed_run_t  run = { plan, { 0 }, 0 };

    if (net_init(&run.net, settings, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < plan->n || run.active;) {

        if (i < plan->n && run.active < settings->jobs) {
            changed_start(&run, i++);

        } else {
            net_step(&run.net);
        }
    }

    net_free(&run.net);

    return MTA_STS_OK;
}
