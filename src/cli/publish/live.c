/*
 * What the DNS has now, asked from the name servers of each zone: which RRsets
 * differ from the plan's, and what must stay of a policy that is held back.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "publish.h"


typedef struct live_run_s   live_run_t;
typedef struct live_part_s  live_part_t;


/* An RRset that is looked up. */

typedef struct {
    live_part_t             *part;
    const mta_sts_record_t  *records;     /* those of the plan */
    size_t                   n;
    mta_sts_str_t            type;        /* what is looked up */
    mta_sts_record_t        *live;        /* what a name server has instead */
    size_t                   n_live;
    int                      failed;      /* no name server has answered */
    int                      differs;
} live_rrset_t;


/* A part whose records are looked up; all memory is the plan's. */

struct live_part_s {
    live_run_t    *run;
    size_t         part;
    batch_t        batch;
    live_rrset_t  *rrsets;
    size_t         n;
    size_t         pending;               /* lookups */
};


struct live_run_s {
    plan_t         *plan;
    net_t           net;
    auth_t         *auth;
    void          (*end)(live_part_t *part);
    int             held;                 /* only what is held back */
    unsigned        active;               /* parts */
    mta_sts_str_t  *silent;               /* name servers without an answer */
    size_t          n_silent;
    size_t          silent_size;
    mta_sts_env_t   env;
};


static int
live_type(mta_sts_str_t type)
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
live_has(const dns_answer_t *answer, mta_sts_str_t value)
{
    size_t  i;

    for (i = 0; i < answer->n; i++) {
        if (mta_sts_str_eq(answer->records[i].text, value)) {
            return 1;
        }
    }

    return 0;
}


static int
live_is(const dns_answer_t *answer, const live_rrset_t *rrset)
{
    size_t  i;

    for (i = 0; i < rrset->n && live_has(answer, rrset->records[i].value); i++)
    {
        /* void */
    }

    return i == rrset->n && answer->n == rrset->n;
}


static int
live_same(const dns_answer_t *a, const dns_answer_t *b)
{
    size_t  i;

    for (i = 0; i < a->n && live_has(b, a->records[i].text); i++) {
        /* void */
    }

    return i == a->n && a->n == b->n;
}


/* Says once of a name server that it does not answer. */

static void
live_say_silent(live_run_t *run, const auth_server_answer_t *server)
{
    size_t  i;

    for (i = 0; i < run->n_silent; i++) {
        if (mta_sts_str_eq(run->silent[i], server->server)) {
            return;
        }
    }

    run->silent = mta_sts_env_grow(&run->env, run->silent, run->n_silent,
                                   &run->silent_size, sizeof(mta_sts_str_t));
    run->silent[run->n_silent++] = mta_sts_str_copy(&run->env, server->server);

    say("name server %.*s does not answer: %s", (int) server->server.len,
        server->server.data, server->answer.error);
}


static void
live_copy(live_rrset_t *rrset, const dns_answer_t *answer)
{
    size_t                i;
    const mta_sts_env_t  *env;

    env = &rrset->part->run->env;

    rrset->n_live = answer->n;
    rrset->live = env->alloc(env->ctx, answer->n * sizeof(mta_sts_record_t));

    for (i = 0; i < answer->n; i++) {
        rrset->live[i] = rrset->records[0];
        rrset->live[i].type = rrset->type;
        rrset->live[i].ttl = answer->ttl;
        rrset->live[i].value = mta_sts_str_copy(env, answer->records[i].text);
    }
}


/*
 * The answers of all name servers.  One that differs from the plan makes the
 * difference; those that do not answer are named, and not counted.
 */

static void
live_done(void *ctx, const auth_answer_t *answers)
{
    size_t                       i;
    live_rrset_t                *rrset = ctx;
    const auth_server_answer_t  *server, *first, *other;

    first = other = NULL;

    for (i = 0; i < answers->n; i++) {
        server = &answers->servers[i];

        if (server->answer.status == DNS_FAILED) {
            live_say_silent(rrset->part->run, server);
            continue;
        }

        first = first ? first : server;

        if (!live_same(&server->answer, &first->answer)) {
            other = server;
        }

        if (!rrset->differs && !live_is(&server->answer, rrset)) {
            rrset->differs = 1;
            live_copy(rrset, &server->answer);
        }
    }

    if (first == NULL) {
        rrset->failed = 1;
        rrset->differs = 1;

        say("the lookup of %.*s fails: %s", (int) rrset->records[0].name.len,
            rrset->records[0].name.data, answers->error
            ? answers->error : "no name server of its zone answers");
    }

    if (other) {
        say("%.*s: name servers %.*s and %.*s have different records",
            (int) rrset->records[0].name.len, rrset->records[0].name.data,
            (int) first->server.len, first->server.data,
            (int) other->server.len, other->server.data);
    }

    if (--rrset->part->pending == 0) {
        rrset->part->run->active--;
        rrset->part->run->end(rrset->part);
    }
}


static void
live_add(live_part_t *part, const mta_sts_record_t *records, size_t n,
    mta_sts_str_t type)
{
    live_rrset_t  *rrset;

    rrset = &part->rrsets[part->n++];

    rrset->part = part;
    rrset->records = records;
    rrset->n = n;
    rrset->type = type;
}


/* Looks up the RRsets of a part; of one that is held back, what it keeps. */

static void
live_start(live_run_t *run, size_t i)
{
    size_t                   k, n;
    live_part_t             *part;
    const mta_sts_record_t  *record;

    part = run->env.alloc(run->env.ctx, sizeof(live_part_t));
    memset(part, 0, sizeof(live_part_t));

    part->run = run;
    part->part = i;

    if (run->held) {
        plan_set(run->plan, i)->held = 0;
    }

    plan_batch(run->plan, i, &run->env, &part->batch);

    part->rrsets = run->env.alloc(run->env.ctx,
                                  2 * part->batch.n * sizeof(live_rrset_t));
    memset(part->rrsets, 0, 2 * part->batch.n * sizeof(live_rrset_t));

    for (k = 0; k < part->batch.n; k += n) {
        record = &part->batch.records[k];
        n = mta_sts_rrset_len(record, part->batch.n - k);

        if (!run->held) {
            live_add(part, record, n, record->type);

        } else if (record->kind == MTA_STS_RECORD_POLICY) {
            live_add(part, record, n, mta_sts_str("CNAME"));
            live_add(part, record, n, mta_sts_str("TXT"));
        }
    }

    run->active++;
    part->pending = part->n;

    if (part->n == 0) {
        run->active--;
        run->end(part);
        return;
    }

    for (k = 0; k < part->n; k++) {
        auth_lookup(run->auth, part->rrsets[k].records[0].name,
                    live_type(part->rrsets[k].type), live_done,
                    &part->rrsets[k]);
    }
}


static int
live_run(plan_t *plan, const net_settings_t *settings, int held,
    void (*end)(live_part_t *part), mta_sts_err_t *err)
{
    size_t      i;
    live_run_t  run;

    memset(&run, 0, sizeof(live_run_t));

    run.plan = plan;
    run.end = end;
    run.held = held;
    run.env.alloc = diag_alloc;
    run.env.ctx = &plan->arena;

    if (net_init(&run.net, settings, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    run.auth = auth_new(&run.net, settings->resolver);

    for (i = 0; i < plan->n || run.active;) {

        if (i < plan->n && held && !plan_state(plan, i).held) {
            i++;

        } else if (i < plan->n && run.active < settings->jobs) {
            live_start(&run, i++);

        } else {
            net_step(&run.net);
        }
    }

    auth_free(run.auth);
    net_free(&run.net);

    return MTA_STS_OK;
}


/* Keeps the batch of a part: records, and live ones next to them. */

static void
live_keep_batch(live_part_t *part, const mta_sts_record_t *records, size_t n,
    const mta_sts_record_t *live, size_t n_live)
{
    batch_t  *kept;

    kept = diag_alloc(&part->run->plan->arena, sizeof(batch_t));

    *kept = part->batch;
    kept->records = records;
    kept->n = n;
    kept->live = live;
    kept->n_live = n_live;

    plan_set(part->run->plan, part->part)->kept = kept;
}


/* Keeps what differs. */

static void
live_changed_end(live_part_t *part)
{
    size_t             i, n, n_live;
    live_rrset_t      *rrset;
    mta_sts_env_t     *env;
    mta_sts_record_t  *records, *live;

    env = &part->run->env;

    for (i = 0, n_live = 0; i < part->n; i++) {
        n_live += part->rrsets[i].n_live;
    }

    records = env->alloc(env->ctx, part->batch.n * sizeof(mta_sts_record_t));
    live = env->alloc(env->ctx, n_live * sizeof(mta_sts_record_t));

    for (i = 0, n = 0, n_live = 0; i < part->n; i++) {
        rrset = &part->rrsets[i];

        if (rrset->differs) {
            memcpy(&records[n], rrset->records,
                   rrset->n * sizeof(mta_sts_record_t));
            n += rrset->n;
        }

        if (rrset->n_live) {
            memcpy(&live[n_live], rrset->live,
                   rrset->n_live * sizeof(mta_sts_record_t));
            n_live += rrset->n_live;
        }
    }

    live_keep_batch(part, records, n, live, n_live);
}


/* Keeps the live records of the policy: an alias, or texts. */

static void
live_held_end(live_part_t *part)
{
    size_t             i, n;
    mta_sts_env_t     *env;
    live_rrset_t      *kept;
    mta_sts_record_t  *records;

    env = &part->run->env;
    kept = &part->rrsets[part->rrsets[0].n_live ? 0 : 1];

    if (part->rrsets[0].failed || kept->failed) {
        plan_set(part->run->plan, part->part)->lost = 1;
        return;
    }

    /* the answer that is in the plan, too, was not copied */

    if (!kept->differs) {
        kept->live = (mta_sts_record_t *) kept->records;
        kept->n_live = kept->n;
    }

    records = env->alloc(env->ctx, (part->batch.n + kept->n_live)
                                   * sizeof(mta_sts_record_t));
    memcpy(records, kept->live, kept->n_live * sizeof(mta_sts_record_t));
    n = kept->n_live;

    for (i = 0; i < part->batch.n; i++) {
        if (part->batch.records[i].kind != MTA_STS_RECORD_POLICY) {
            records[n++] = part->batch.records[i];
        }
    }

    live_keep_batch(part, records, n, NULL, 0);
}


int
live_changed(plan_t *plan, const net_settings_t *settings, mta_sts_err_t *err)
{
    return live_run(plan, settings, 0, live_changed_end, err);
}


int
live_held(plan_t *plan, const net_settings_t *settings, mta_sts_err_t *err)
{
    return live_run(plan, settings, 1, live_held_end, err);
}
