/*
 * What becomes of domains that have left: after the time of grace they are
 * "none", until their senders are free; then they leave the table (rules 3 and
 * 14).
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "follow.h"


#define NONE_BATCH  10000             /* domains of one sweep */
#define NONE_AGES   1000
#define NONE_LOOK   (3 * 86400)       /* seconds that a look counts */


typedef struct {
    mta_sts_str_t  domain;
    leaving_t      leaving;
} none_due_t;


typedef struct {
    follow_t        *follow;
    mta_sts_arena_t  arena;
    mta_sts_env_t    env;
    int64_t          now;
    int              fresh;
    int              stale;
    none_due_t      *due;
    size_t           n;
    size_t           size;
    mta_sts_str_t   *dropped;
    size_t           n_dropped;
    size_t           dropped_size;
    mta_sts_table_builder_t  builder;
    mta_sts_intern_t         pool;
    state_t                 *state;
    mta_sts_digest_t         digest;
} none_sweep_t;


static void
none_find(void *ctx, mta_sts_str_t domain, const leaving_t *leaving)
{
    none_due_t    *due;
    none_sweep_t  *sweep;

    sweep = ctx;

    if (leaving->since + (int64_t) sweep->follow->settings->grace > sweep->now
        || sweep->n == NONE_BATCH
        || mta_sts_str_cmp(domain, sweep->follow->swept) <= 0)
    {
        return;
    }

    sweep->due = mta_sts_env_grow(&sweep->env, sweep->due, sweep->n,
                                  &sweep->size, sizeof(none_due_t));

    due = &sweep->due[sweep->n++];
    due->domain = mta_sts_str_copy(&sweep->env, domain);
    due->leaving = *leaving;
}


/* The mx lines and report addresses of a policy, as settings. */

static int
none_settings(const mta_sts_policy_t *policy, uint32_t max_age,
    const mta_sts_env_t *env, mta_sts_settings_t *settings, mta_sts_err_t *err)
{
    size_t            cursor, n;
    mta_sts_str_t     mx, rua;
    mta_sts_values_t  mxs, ruas;

    memset(settings, 0, sizeof(mta_sts_settings_t));
    memset(&mxs, 0, sizeof(mta_sts_values_t));
    memset(&ruas, 0, sizeof(mta_sts_values_t));

    settings->mode = MTA_STS_NONE;
    settings->max_age = max_age;
    settings->set = 1u << MTA_STS_SET_MODE | 1u << MTA_STS_SET_MAX_AGE
                    | 1u << MTA_STS_SET_MX | 1u << MTA_STS_SET_TLSRPT_RUA;
    settings->own = settings->set;

    for (cursor = 0; mta_sts_policy_next_mx(policy, &cursor, &mx); ) {
        if (mta_sts_values_add(&mxs, mx, MTA_STS_NOWHERE, env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    /* they are encoded, so that "," is not in them */

    for (rua = mta_sts_policy_rua(policy); rua.len; ) {
        for (n = 0; n < rua.len && rua.data[n] != ','; n++) {
            /* void */
        }

        mx = rua;
        mx.len = n;
        rua = mta_sts_str_after(rua, n < rua.len ? n + 1 : n);

        if (mta_sts_values_add(&ruas, mx, MTA_STS_NOWHERE, env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    settings->mx = mxs;
    settings->tlsrpt_rua = ruas;

    return MTA_STS_OK;
}


/* The policy "none" of a domain, in bytes that were never served (rule 6). */

static int
none_policy(none_sweep_t *sweep, const mta_sts_entry_t *entry,
    const mta_sts_policy_t **policy, mta_sts_err_t *err)
{
    uint32_t            i, max_age, other;
    mta_sts_entry_t     none;
    mta_sts_err_t       why;
    mta_sts_settings_t  settings;

    none = *entry;
    max_age = mta_sts_policy_max_age(entry->policy);
    other = max_age;

    for (i = 1; i < NONE_AGES; i++) {

        if (none_settings(entry->policy, other, &sweep->env, &settings, err)
            != MTA_STS_OK
            || mta_sts_policy_render(&settings, &sweep->digest, &sweep->env,
                                     policy, err)
               != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        none.policy = *policy;

        if (!memo_is_spent(sweep->follow->memo, entry->domain,
                           mta_sts_policy_id(*policy))
            && !state_refuses(sweep->state, &none, 0, &why))
        {
            return MTA_STS_OK;
        }

        other = max_age > i ? max_age - i : max_age + i;
    }

    return mta_sts_error(err, MTA_STS_NOWHERE, "no max_age near %lu makes new "
                         "bytes", (unsigned long) max_age);
}


/* The time of grace is over. */

static int
none_begin(none_sweep_t *sweep, none_due_t *due, const mta_sts_entry_t *entry,
    mta_sts_err_t *err)
{
    follow_t         *follow;
    mta_sts_entry_t   new;

    follow = sweep->follow;
    new = *entry;
    new.policy_name = mta_sts_str("");

    if (entry->policy->mode != MTA_STS_NONE
        && none_policy(sweep, entry, &new.policy, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    due->leaving.none = sweep->now;
    memcpy(due->leaving.id, new.policy->id, sizeof(due->leaving.id));

    if (entry->policy->mode == MTA_STS_ENFORCE) {
        memcpy(due->leaving.was, entry->policy->id, sizeof(due->leaving.was));

    } else {
        (void) memo_down(follow->memo, due->domain, due->leaving.was);
    }

    memo_put_leaving(follow->memo, due->domain, &due->leaving);

    if (entry->policy->mode == MTA_STS_NONE) {
        return MTA_STS_OK;
    }

    memo_put_spent(follow->memo, due->domain, mta_sts_policy_id(entry->policy));
    apply_note(follow, entry, &new, 0);

    return mta_sts_intern_entry(&sweep->pool, &new, err);
}


/* Its senders are free: it leaves the table. */

static int
none_drop(none_sweep_t *sweep, const none_due_t *due,
    const mta_sts_entry_t *entry, mta_sts_err_t *err)
{
    follow_t  *follow;

    follow = sweep->follow;

    sweep->dropped = mta_sts_env_grow(&sweep->env, sweep->dropped,
                                      sweep->n_dropped, &sweep->dropped_size,
                                      sizeof(mta_sts_str_t));
    sweep->dropped[sweep->n_dropped++] = due->domain;

    memo_put_spent(follow->memo, due->domain,
                   mta_sts_str_from(due->leaving.id));
    memo_delete_down(follow->memo, due->domain);
    apply_note(follow, entry, NULL, 0);

    return mta_sts_table_add(&sweep->builder, due->domain,
                             MTA_STS_TABLE_REMOVED, MTA_STS_NOWHERE, err);
}


int
leaving_is_free(state_t *state, mta_sts_str_t domain,
    const leaving_t *leaving, int64_t now)
{
    int               is_free;
    size_t            none, was;
    plan_step_t       step;
    plan_answer_t     answer;
    state_domain_t    known;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, say_warning, &arena, NULL };

    /* what is not known is not free */

    if (!state_get(state, domain, &env, &known)) {
        mta_sts_arena_free(&arena);
        return 0;
    }

    none = plan_policy_find(&known.history, mta_sts_str_from(leaving->id));
    was = plan_policy_find(&known.history, mta_sts_str_from(leaving->was));

    memset(&step, 0, sizeof(plan_step_t));
    step.act = PLAN_FREE_MX;

    plan_may(&known.history, &step, now, &answer);

    /* with a clock that was wrong, looks are old, or yet to come */

    is_free = known.history.look > leaving->none
              && known.history.look <= now
              && known.history.look >= now - NONE_LOOK
              && none < known.history.n_policies
              && plan_is_served(&known.history, none, now)
              && (leaving->was[0] == '\0' || was < known.history.n_policies)
              && answer.from <= now;

    mta_sts_arena_free(&arena);

    return is_free || known.forgotten > leaving->since;
}


static int
none_one(none_sweep_t *sweep, none_due_t *due, mta_sts_err_t *err)
{
    mta_sts_entry_t  entry;

    if (!mta_sts_table_find(&sweep->follow->replica.present.table, due->domain,
                            &entry))
    {
        memo_delete_leaving(sweep->follow->memo, due->domain);
        return MTA_STS_OK;
    }

    if (due->leaving.none == 0
        || !mta_sts_str_eq(mta_sts_policy_id(entry.policy),
                           mta_sts_str_from(due->leaving.id)))
    {
        if (!sweep->fresh) {
            sweep->stale = 1;
            return MTA_STS_OK;
        }

        return none_begin(sweep, due, &entry, err);
    }

    state_pause(sweep->state);

    if (sweep->follow->settings->state
        && leaving_is_free(sweep->state, due->domain, &due->leaving,
                           sweep->now))
    {
        if (!sweep->fresh) {
            sweep->stale = 1;
            return MTA_STS_OK;
        }

        return none_drop(sweep, due, &entry, err);
    }

    return MTA_STS_OK;
}


/* Looks at those that are due, and writes what has changed. */

static int
none_all(none_sweep_t *sweep, mta_sts_err_t *err)
{
    int            rc;
    size_t         i;
    memo_t        *memo;
    mta_sts_err_t  why;

    memo = sweep->follow->memo;
    rc = MTA_STS_OK;

    memo_begin(memo);

    for (i = 0; i < sweep->n && rc == MTA_STS_OK && !sweep->stale; i++) {
        rc = none_one(sweep, &sweep->due[i], err);
    }

    if (memo_commit(memo, &why) != MTA_STS_OK) {
        *err = rc == MTA_STS_OK ? why : *err;
        rc = MTA_STS_ERROR;
    }

    if (rc == MTA_STS_OK && sweep->builder.rows.n) {
        rc = apply_changes(sweep->follow, &sweep->pool, err);
    }

    if (rc != MTA_STS_OK || sweep->n_dropped == 0) {
        return rc;
    }

    memo_begin(memo);

    for (i = 0; i < sweep->n_dropped; i++) {
        memo_delete_leaving(memo, sweep->dropped[i]);
    }

    return memo_commit(memo, err);
}


int
leaving_sweep(follow_t *follow, int fresh, int *stale, mta_sts_err_t *err)
{
    int            rc;
    size_t         len;
    none_sweep_t   sweep;
    mta_sts_str_t  last;

    *stale = 0;

    if (memo_count_leaving(follow->memo) == 0) {
        return memo_check(follow->memo, err);
    }

    leaving_clock(follow);

    memset(&sweep, 0, sizeof(none_sweep_t));

    sweep.follow = follow;
    sweep.fresh = fresh;
    sweep.now = follow_time();
    sweep.env = (mta_sts_env_t) { diag_alloc, say_warning, &sweep.arena,
                                  NULL };
    mta_sts_intern_init(&sweep.pool, &sweep.builder, &sweep.env);

    memo_each_leaving(follow->memo, none_find, &sweep);

    sweep.state = state_open(sweep.n ? follow->settings->state : NULL);

    rc = none_all(&sweep, err);

    (void) state_close(sweep.state);

    /* the next sweep goes on where this one ends, if it was full */

    *stale = sweep.stale;
    follow->swept.len = sweep.stale ? follow->swept.len : 0;

    if (sweep.n == NONE_BATCH && !sweep.stale) {
        last = sweep.due[sweep.n - 1].domain;
        len = last.len < sizeof(follow->swept_buf) ? last.len : 0;
        memcpy(follow->swept_buf, last.data, len);
        follow->swept = (mta_sts_str_t) { follow->swept_buf, len };
    }

    mta_sts_digest_free(&sweep.digest);
    mta_sts_intern_free(&sweep.pool);
    mta_sts_table_discard(&sweep.builder);
    mta_sts_arena_free(&sweep.arena);

    return rc;
}
