/*
 * Rules 6 to 16: what may be done, and from when on.
 */

#include <stdarg.h>
#include <stdio.h>

#include "plan.h"


static void
step_later(plan_answer_t *answer, int64_t from, unsigned rule, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));


static int64_t
step_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}


/* Something is in the way until from; what is in the way longest is said. */

static void
step_later(plan_answer_t *answer, int64_t from, unsigned rule, const char *fmt,
    ...)
{
    va_list  args;

    if (from <= answer->from) {
        return;
    }

    answer->from = from;
    answer->rule = rule;

    va_start(args, fmt);
    (void) vsnprintf(answer->why, sizeof(answer->why), fmt, args);
    va_end(args);
}


/*
 * Has nothing else been served or announced since a policy was seen last?  Then
 * it has not come back: its web server was away.
 */

static int
step_is_newest(const plan_history_t *history, size_t policy)
{
    size_t   i;
    int64_t  last, other;

    last = 0;
    other = 0;

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].policy != policy) {
            other = step_max(other, history->servings[i].last);

        } else {
            last = step_max(last, history->servings[i].last);
        }
    }

    for (i = 0; i < history->n_showings; i++) {
        if (!mta_sts_str_eq(history->showings[i].id,
                            history->policies[policy].id))
        {
            other = step_max(other, history->showings[i].last);
        }
    }

    return last > other;
}


/*
 * Is a policy served again that was gone, after something else was served or
 * announced?
 */

static int
step_came_back(const plan_history_t *history, size_t policy)
{
    size_t                 i;
    int64_t                since, until;
    mta_sts_str_t          id;
    const plan_serving_t  *serving;
    const plan_showing_t  *showing;

    id = history->policies[policy].id;
    since = PLAN_NEVER;
    until = 0;

    for (i = 0; i < history->n_servings; i++) {
        serving = &history->servings[i];

        if (serving->policy == policy && serving->gone == 0) {
            since = serving->first < since ? serving->first : since;
        }
    }

    for (i = 0; i < history->n_servings; i++) {
        serving = &history->servings[i];

        if (serving->policy == policy && serving->gone
            && serving->gone <= since)
        {
            until = step_max(until, serving->last);
        }
    }

    for (i = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        if (mta_sts_str_eq(showing->id, id) && showing->gone
            && showing->gone <= since)
        {
            until = step_max(until, showing->last);
        }
    }

    if (since == PLAN_NEVER || until == 0) {
        return 0;
    }

    for (i = 0; i < history->n_servings; i++) {
        serving = &history->servings[i];

        if (serving->policy != policy && serving->last >= until
            && serving->first <= since)
        {
            return 1;
        }
    }

    for (i = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        if (!mta_sts_str_eq(showing->id, id) && showing->last >= until
            && showing->first <= since)
        {
            return 1;
        }
    }

    return 0;
}


/* Rule 6: bytes that were served or announced before never come back. */

static void
step_again(const plan_history_t *history, const plan_policy_t *policy,
    int64_t now, plan_answer_t *answer)
{
    size_t         i, k, others;
    mta_sts_str_t  id;

    k = plan_policy_find(history, policy->id);

    if (k < history->n_policies && step_came_back(history, k)) {
        step_later(answer, PLAN_NEVER, 6, "this policy was served or announced "
                   "before; use another max_age");
        return;
    }

    if (k < history->n_policies && step_is_newest(history, k)) {
        return;
    }

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].policy == k
            && plan_is_serving(history, &history->servings[i], now))
        {
            return;
        }
    }

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].policy == k) {
            step_later(answer, PLAN_NEVER, 6, "this policy was served or "
                       "announced before; use another max_age");
        }
    }

    /* where nothing else was ever seen, the web server was away */

    for (i = 0, others = history->n_servings; i < history->n_showings; i++) {
        id = history->showings[i].id;
        others += id.len && !mta_sts_str_eq(id, policy->id);
    }

    for (i = 0; others && i < history->n_showings; i++) {
        if (mta_sts_str_eq(history->showings[i].id, policy->id)) {
            step_later(answer, PLAN_NEVER, 6, "this policy was served or "
                       "announced before; use another max_age");
        }
    }
}


/* Rule 4: an id that senders may have filed another enforce policy under. */

static void
step_misfiled(const plan_history_t *history, const plan_policy_t *policy,
    int64_t now, plan_answer_t *answer)
{
    size_t  i;

    for (i = 0; i < history->n_policies; i++) {
        if (history->policies[i].mode == MTA_STS_ENFORCE
            && !mta_sts_str_eq(history->policies[i].id, policy->id)
            && plan_filed_under(history, i, policy->id, now))
        {
            step_later(answer, PLAN_NEVER, 4, "senders may keep another policy "
                       "under its id; use another max_age");
        }
    }
}


/*
 * Does the policy that is announced demand TLS already?  What is wrong with an
 * MX then is wrong whatever is announced next: a repair is not held back.
 */

static int
step_is_enforced(const plan_history_t *history, const plan_mx_t *mx)
{
    size_t                i, k;
    const plan_policy_t  *policy;

    for (i = 0; i < history->n_showings; i++) {
        k = plan_policy_find(history, history->showings[i].id);

        if (history->showings[i].gone || k == history->n_policies) {
            continue;
        }

        policy = &history->policies[k];

        if (policy->mode == MTA_STS_ENFORCE
            && (mx == NULL || !plan_matches(policy, mx->host)))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Rule 8: enforce has to match every host in the MX record, and every one that
 * left it but may still be in a cache; each with a valid certificate, as far as
 * somebody looked.
 */

static void
step_mx(const plan_history_t *history, const plan_policy_t *policy,
    int64_t now, plan_answer_t *answer)
{
    size_t            i;
    int64_t           until;
    const plan_mx_t  *mx;

    for (i = 0; policy->mode == MTA_STS_ENFORCE && i < history->n_mx; i++) {
        mx = &history->mx[i];

        until = mx->left ? mx->left + mx->ttl + PLAN_STALE : PLAN_NEVER;

        if (until <= now) {
            continue;
        }

        if (!plan_matches(policy, mx->host)) {
            if (!step_is_enforced(history, mx)) {
                step_later(answer, until, 8, "the policy does not match the "
                           "MX %.*s", MTA_STS_SHOW(mx->host));
            }

        } else if (mx->valid_until && mx->valid_until <= now
                   && !step_is_enforced(history, NULL))
        {
            step_later(answer, until, 8, "the MX %.*s has no valid "
                       "certificate", MTA_STS_SHOW(mx->host));
        }
    }
}


/*
 * Rule 7: the policy on every address first, then the record.  Rule 13: a step
 * down needs one address that serves the policy, and none that serves the old
 * one; an address that does not answer holds nothing back.
 */

static void
step_served(const plan_history_t *history, const plan_policy_t *policy,
    int64_t now, plan_answer_t *answer)
{
    size_t                 i, k, n;
    int64_t                until;
    const plan_address_t  *address;
    const plan_serving_t  *serving;

    k = plan_policy_find(history, policy->id);
    n = 0;

    for (i = 0; i < history->n_servings; i++) {
        serving = &history->servings[i];
        address = &history->addresses[serving->address];

        if (!plan_is_serving(history, serving, now)) {
            continue;
        }

        if (serving->policy == k) {
            n++;
            continue;
        }

        if (policy->mode != MTA_STS_ENFORCE
            && address->answered < history->look)
        {
            continue;
        }

        until = address->left ? address->left + address->ttl + PLAN_STALE
                              : PLAN_NEVER;

        step_later(answer, until, 7, "%.*s still serves another policy",
                    MTA_STS_SHOW(address->text));
    }

    for (i = 0; i < history->n_addresses; i++) {
        address = &history->addresses[i];

        if (policy->mode == MTA_STS_ENFORCE && address->left == 0
            && address->answered == 0)
        {
            step_later(answer, PLAN_NEVER, 7, "%.*s was never reached",
                        MTA_STS_SHOW(address->text));
        }
    }

    if (n == 0) {
        step_later(answer, PLAN_NEVER, 7, "no address serves the policy");
    }
}


/* Rule 11: a host that every believed policy matches stays in the MX record. */

static void
step_remove_mx(const plan_history_t *history, mta_sts_str_t host, int64_t now,
    plan_answer_t *answer)
{
    size_t            i;
    int64_t           from, end;
    const plan_mx_t  *mx;

    from = PLAN_NEVER;

    for (i = 0; i < history->n_mx; i++) {
        mx = &history->mx[i];

        if (mx->left == 0 && !mta_sts_str_eq(mx->host, host)) {
            end = plan_end_host(history, mx->host, now);
            from = end < from ? end : from;
        }
    }

    step_later(answer, from, 11, "no other MX is in every policy that senders "
                "may believe");
}


/* Rules 10 and 14: how long a host is needed that left the MX record. */

static void
step_stop_mx(const plan_history_t *history, mta_sts_str_t host,
    plan_answer_t *answer)
{
    size_t            i;
    const plan_mx_t  *mx;

    for (i = 0; i < history->n_mx; i++) {
        mx = &history->mx[i];

        if (!mta_sts_str_eq(mx->host, host)) {
            continue;
        }

        step_later(answer, mx->left ? mx->left + mx->ttl + PLAN_STALE
                                     : PLAN_NEVER, 10,
                    mx->left ? "caches may still have %.*s in the MX record"
                             : "%.*s is in the MX record", MTA_STS_SHOW(host));
    }
}


/* The policy host is needed until no cache has a record, rule 14. */

static void
step_stop_host(const plan_history_t *history, plan_answer_t *answer)
{
    size_t  i;

    for (i = 0; i < history->n_showings; i++) {
        step_later(answer, plan_shown(history, history->showings[i].id), 14,
                    "senders may still see the id %.*s",
                    MTA_STS_SHOW(history->showings[i].id));
    }
}


/* Rule 16: how long a web server is needed that left the DNS. */

static void
step_stop_address(const plan_history_t *history, mta_sts_str_t text,
    plan_answer_t *answer)
{
    size_t                 i;
    const plan_address_t  *address;

    for (i = 0; i < history->n_addresses; i++) {
        address = &history->addresses[i];

        if (mta_sts_str_eq(address->text, text)) {
            step_later(answer, address->left ? address->left + address->ttl
                                                + PLAN_STALE : PLAN_NEVER, 16,
                        address->left ? "caches may still have %.*s"
                                      : "%.*s is in the DNS",
                        MTA_STS_SHOW(text));
        }
    }
}


void
plan_may(const plan_history_t *history, const plan_step_t *step, int64_t now,
    plan_answer_t *answer)
{
    mta_sts_str_t  all = { NULL, 0 };

    memset(answer, 0, sizeof(plan_answer_t));

    switch (step->act) {

    case PLAN_AGAIN:
        step_again(history, step->policy, now, answer);
        break;

    case PLAN_SERVE:
        step_again(history, step->policy, now, answer);
        step_mx(history, step->policy, now, answer);
        break;

    case PLAN_ANNOUNCE:
        step_again(history, step->policy, now, answer);
        step_misfiled(history, step->policy, now, answer);
        step_mx(history, step->policy, now, answer);
        step_served(history, step->policy, now, answer);
        break;

    case PLAN_ADD_MX:
        step_later(answer, plan_end_host(history, step->name, now), 10,
                    "senders may believe a policy without %.*s",
                    MTA_STS_SHOW(step->name));
        break;

    case PLAN_REMOVE_MX:
        step_remove_mx(history, step->name, now, answer);
        break;

    case PLAN_STOP_MX:
        step_stop_mx(history, step->name, answer);
        break;

    case PLAN_FREE_MX:
    case PLAN_REMOVE_RECORD:
        step_later(answer, plan_end_host(history, all, now), 14,
                    "senders may believe an enforce policy");
        break;

    case PLAN_STOP_HOST:
        step_stop_host(history, answer);
        break;

    case PLAN_STOP_ADDRESS:
        step_stop_address(history, step->name, answer);
        break;
    }
}
