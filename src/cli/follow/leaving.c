/*
 * Domains that leave the source, and those that come back.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "follow.h"


/* More than a tenth of the domains, and more than ten, within a day. */

#define LEAVING_FEW   10
#define LEAVING_PART  10
#define LEAVING_DAY   86400

/* Seconds: a clock that was set; one that is behind. */

#define LEAVING_JUMP    10
#define LEAVING_BEHIND  (7 * 86400)

/* Other values of max_age that are tried. */

#define LEAVING_AGES  1000


/* Those of the table that have left, without those of rows, which are back. */

typedef struct {
    const mta_sts_table_builder_t  *rows;
    const mta_sts_table_t          *present;
    int64_t                         after;
    uint64_t                        all;
    uint64_t                        recent;
} leaving_count_t;


static void
leaving_count(void *ctx, mta_sts_str_t domain, const leaving_t *leaving)
{
    uint32_t          index;
    leaving_count_t  *count;

    count = ctx;

    /* after a damaged table was allowed, some are not in it any more */

    if (mta_sts_table_policy(count->present, domain) == NULL
        || (count->rows
            && mta_sts_table_is_added(count->rows, domain, &index)))
    {
        return;
    }

    count->all++;
    count->recent += leaving->since > count->after;
}


/* Now, or the last write if the clock is behind that. */

static int64_t
leaving_time(const follow_t *follow)
{
    int64_t           now, written;
    uint64_t          serial;
    const replica_t  *replica;

    replica = &follow->replica;
    serial = replica->changes.serial > replica->image.serial
             ? replica->changes.serial : replica->image.serial;

    /* nanoseconds, see table_write(); it may have been ahead then, too */

    written = (int64_t) (serial / 1000000000);
    now = follow_time();

    return written > now && written - now < LEAVING_BEHIND ? written : now;
}


void
leaving_unknown(follow_t *follow)
{
    follow->stats.refused++;
    follow->stats.refusing = 1;

    follow_say(follow, FOLLOW_SAY_REFUSED, "refused: \"%.*s\" or its changes "
               "are damaged, so nobody knows which domains %.*s lacks; restore "
               "both, or start once with --allow-removals%s: domains that are "
               "lacking are then gone at once",
               MTA_STS_SHOW(follow->replica.name), MTA_STS_SHOW(follow->place),
               feed_is_stream(follow->feed) ? " (of lines, with a snapshot)"
                                            : "");
}


int
leaving_allowed(follow_t *follow, uint64_t removed, int alone,
    const mta_sts_table_builder_t *rows)
{
    int              empty;
    int64_t          allowed;
    uint64_t         present, leaving, recent;
    leaving_count_t  count = {
        .rows = rows,
        .present = &follow->replica.present.table,
        .after = follow_time() - LEAVING_DAY
    };

    if (follow->allow) {
        return 1;
    }

    if (follow->replica.damaged) {
        leaving_unknown(follow);
        return 0;
    }

    if (removed == 0 && !(rows && alone)) {
        return 1;
    }

    memo_clock(follow->memo, leaving_time(follow));

    allowed = memo_allowed(follow->memo);
    count.after = allowed > count.after && allowed <= follow_time()
                  ? allowed : count.after;

    memo_each_leaving(follow->memo, leaving_count, &count);

    /* nothing is known; memo_commit() reports it */

    if (memo_failed(follow->memo)) {
        return 1;
    }

    present = follow->replica.present.table.n;
    leaving = count.all;
    recent = count.recent;

    present = present > leaving ? present - leaving : 0;
    empty = alone && present && removed >= present;

    /* those of a day are counted together, however many reads they take */

    if (!empty
        && (removed + recent <= LEAVING_FEW
            || (removed + recent) * LEAVING_PART <= present + recent))
    {
        return 1;
    }

    follow->stats.refused++;
    follow->stats.refusing = 1;

    follow_say(follow, FOLLOW_SAY_REFUSED, "refused: %.*s lacks %llu of %llu "
               "domains%s; if that is right, start once with "
               "--allow-removals", MTA_STS_SHOW(follow->place),
               (unsigned long long) (removed + recent),
               (unsigned long long) (present + recent),
               empty ? ", it is empty" : recent ? " (within a day)" : "");

    return 0;
}


void
leaving_were_allowed(follow_t *follow)
{
    if (follow->allow) {
        memo_put_allowed(follow->memo, follow_time());
    }
}


void
leaving_clock(follow_t *follow)
{
    int64_t  boot;

    boot = follow_time() - follow_uptime();

    if (follow->boot && boot - follow->boot > LEAVING_JUMP) {
        say("the clock was set forward by %lld seconds: domains that leave "
            "wait as much longer", (long long) (boot - follow->boot));
        memo_shift(follow->memo, boot - follow->boot);
    }

    follow->boot = boot;

    memo_clock(follow->memo, leaving_time(follow));
}


void
leaving_left(follow_t *follow, mta_sts_str_t domain)
{
    leaving_t        leaving;
    mta_sts_entry_t  entry;

    if (memo_leaving(follow->memo, domain, &leaving)
        || !mta_sts_table_find(&follow->replica.present.table, domain, &entry))
    {
        return;
    }

    memset(&leaving, 0, sizeof(leaving_t));

    leaving.since = leaving_time(follow);

    memo_put_leaving(follow->memo, domain, &leaving);

    if (follow->draft.noted) {
        return;
    }

    follow->stats.removals++;

    follow_say(follow, FOLLOW_SAY_LEAVING, "%.*s has left %.*s; it stays as it "
               "is for %u seconds", MTA_STS_SHOW(domain),
               MTA_STS_SHOW(follow->place), follow->settings->grace);
}


void
leaving_return(follow_t *follow, mta_sts_str_t domain)
{
    leaving_t  leaving;

    if (!memo_leaving(follow->memo, domain, &leaving)) {
        return;
    }

    memo_delete_leaving(follow->memo, domain);

    if (leaving.none) {
        memo_put_spent(follow->memo, domain, mta_sts_str_from(leaving.id));
    }

    if (!follow->draft.noted) {
        follow_say(follow, FOLLOW_SAY_LEAVING, "%.*s is back in %.*s",
                   MTA_STS_SHOW(domain), MTA_STS_SHOW(follow->place));
    }
}


/* Domains that are found while a table of memo is walked. */

typedef struct {
    const mta_sts_table_builder_t  *rows;
    const mta_sts_env_t            *env;
    mta_sts_str_t                  *elts;
    size_t                          n;
    size_t                          size;
} leaving_found_t;


static void
leaving_find(void *ctx, mta_sts_str_t domain, const leaving_t *leaving)
{
    uint32_t          index;
    leaving_found_t  *found;

    (void) leaving;

    found = ctx;

    if (mta_sts_table_is_added(found->rows, domain, &index)) {
        found->elts = mta_sts_env_grow(found->env, found->elts, found->n,
                                       &found->size, sizeof(mta_sts_str_t));
        found->elts[found->n++] = mta_sts_str_copy(found->env, domain);
    }
}


void
leaving_returned(follow_t *follow, const mta_sts_table_builder_t *rows)
{
    size_t           i;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };
    leaving_found_t  found = { rows, &env, NULL, 0, 0 };

    memo_each_leaving(follow->memo, leaving_find, &found);

    for (i = 0; i < found.n; i++) {
        leaving_return(follow, found.elts[i]);
    }

    mta_sts_arena_free(&arena);
}


/*
 * Must a policy not be served for a domain, since its bytes were before?  What
 * only the state knows is remembered, so that the answer is the same later.
 */

static int
leaving_is_spent(follow_t *follow, mta_sts_str_t domain,
    const leaving_t *leaving, const mta_sts_policy_t *policy)
{
    int              refused;
    mta_sts_err_t    why;
    mta_sts_str_t    id;
    mta_sts_entry_t  entry;

    id = mta_sts_policy_id(policy);

    if (memo_is_spent(follow->memo, domain, id)) {
        return 1;
    }

    if (leaving == NULL || leaving->none == 0) {
        return 0;
    }

    if (mta_sts_str_eq(id, mta_sts_str_from(leaving->id))) {
        return 1;
    }

    memset(&entry, 0, sizeof(mta_sts_entry_t));

    entry.domain = domain;
    entry.policy = policy;

    if (follow->state == NULL) {
        follow->state = state_open(follow->settings->state);
    }

    refused = state_refuses(follow->state, &entry, 0, &why) != 0;

    state_pause(follow->state);

    if (refused) {
        memo_put_spent(follow->memo, domain, id);
    }

    return refused;
}


void
leaving_rest(follow_t *follow)
{
    if (follow->state) {
        (void) state_close(follow->state);
        follow->state = NULL;
    }
}


int
leaving_policy(follow_t *follow, mta_sts_str_t domain,
    const source_row_t *row, uint32_t *index, mta_sts_err_t *err)
{
    int                      left;
    draft_t                 *draft;
    uint32_t                 i, max_age, other;
    leaving_t                leaving;
    mta_sts_str_t            name = { NULL, 0 };
    const mta_sts_policy_t  *policy;

    draft = &follow->draft;

    if (rows_policy(&follow->rows, row, 0, name, &draft->pool, index, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    left = memo_leaving(follow->memo, domain, &leaving);
    policy = mta_sts_table_added(&draft->rows, *index);
    max_age = mta_sts_policy_max_age(policy);

    for (i = 1; i < LEAVING_AGES; i++) {

        if (!leaving_is_spent(follow, domain, left ? &leaving : NULL, policy))
        {
            return MTA_STS_OK;
        }

        other = max_age > i ? max_age - i : max_age + i;

        /* it is still that policy, which SIGHUP may replace */

        name = mta_sts_table_added_name(&draft->rows, *index);

        if (rows_policy(&follow->rows, row, other, name, &draft->pool, index,
                        err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        policy = mta_sts_table_added(&draft->rows, *index);
    }

    return mta_sts_error(err, MTA_STS_NOWHERE, "the domain came back too "
                         "often: no max_age near %lu makes new bytes (rule 6)",
                         (unsigned long) max_age);
}
