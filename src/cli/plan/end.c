/*
 * Rules 1 to 5: when the last sender has forgotten a policy.
 */

#include "plan.h"


#define END_DAY  86400


static int64_t
end_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}


int
plan_matches(const plan_policy_t *policy, mta_sts_str_t host)
{
    size_t  i;

    for (i = 0; i < policy->n_mx; i++) {
        if (mta_sts_name_matches_mx(policy->mx[i], host)) {
            return 1;
        }
    }

    return 0;
}


int64_t
plan_age(const plan_policy_t *policy)
{
    return end_max(policy->max_age, policy->mode == MTA_STS_ENFORCE
                                      ? 7 * END_DAY : END_DAY);
}


/* When an address ended to serve a policy; now where it has not. */

static int64_t
end_serving_end(const plan_history_t *history, const plan_serving_t *serving,
    int64_t now)
{
    int64_t                end;
    const plan_address_t  *address;

    if (serving->gone) {
        return serving->gone;
    }

    address = &history->addresses[serving->address];

    if (address->left == 0) {
        return now;
    }

    end = address->left + address->ttl + PLAN_STALE;

    return end < now ? end : now;
}


int
plan_is_serving(const plan_history_t *history, const plan_serving_t *serving,
    int64_t now)
{
    const plan_address_t  *address;

    address = &history->addresses[serving->address];

    return serving->gone == 0
           && (address->left == 0
               || address->left + address->ttl + PLAN_STALE > now);
}


int
plan_is_served(const plan_history_t *history, size_t policy, int64_t now)
{
    size_t  i;

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].policy == policy
            && plan_is_serving(history, &history->servings[i], now))
        {
            return 1;
        }
    }

    return 0;
}


int
plan_is_shown(const plan_history_t *history, size_t policy)
{
    int                    shown;
    size_t                 i;
    const plan_showing_t  *showing;

    for (i = 0, shown = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        if (showing->gone) {
            continue;
        }

        if (!mta_sts_str_eq(showing->id, history->policies[policy].id)) {
            return 0;
        }

        shown = 1;
    }

    return shown;
}


int64_t
plan_gone(const plan_history_t *history, size_t policy, int64_t now)
{
    size_t   i;
    int64_t  gone;

    gone = 0;

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].policy == policy) {
            gone = end_max(gone, end_serving_end(history,
                                                     &history->servings[i],
                                                     now));
        }
    }

    return gone;
}


int64_t
plan_shown(const plan_history_t *history, mta_sts_str_t id)
{
    size_t                 i;
    int64_t                gone;
    uint32_t               ttl;
    const plan_showing_t  *showing;

    gone = 0;
    ttl = 0;

    for (i = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        if (!mta_sts_str_eq(showing->id, id)) {
            continue;
        }

        if (showing->gone == 0) {
            return PLAN_NEVER;
        }

        gone = end_max(gone, showing->gone);
        ttl = showing->ttl > ttl ? showing->ttl : ttl;
    }

    return gone ? gone + ttl + PLAN_STALE : 0;
}


/*
 * Was an id visible, to a cache as well, while a policy was served anywhere?  A
 * first contact then may have filed the policy under this id.
 */

static int
end_overlaps(const plan_history_t *history, size_t policy,
    const plan_showing_t *showing, int64_t now)
{
    size_t                 i;
    int64_t                end, shown;
    const plan_serving_t  *serving;

    shown = showing->gone ? showing->gone + showing->ttl + PLAN_STALE : now;

    for (i = 0; i < history->n_servings; i++) {
        serving = &history->servings[i];

        if (serving->policy != policy) {
            continue;
        }

        end = end_serving_end(history, serving, now);

        if (plan_is_serving(history, serving, now)) {
            end = INT64_MAX;
        }

        if (showing->first < end && serving->first <= shown) {
            return 1;
        }
    }

    return 0;
}


int64_t
plan_end(const plan_history_t *history, size_t policy, int64_t now)
{
    size_t                 i;
    int64_t                end, shown;
    const plan_policy_t   *p;
    const plan_showing_t  *showing;

    p = &history->policies[policy];

    end = end_max(plan_gone(history, policy, now),
                    plan_shown(history, p->id));

    for (i = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        if (!mta_sts_str_eq(showing->id, p->id)
            && end_overlaps(history, policy, showing, now))
        {
            shown = plan_shown(history, showing->id);
            end = end_max(end, shown);
        }
    }

    if (end == PLAN_NEVER || end == 0) {
        return end;
    }

    return end + plan_age(p) + PLAN_SLACK;
}


int
plan_filed_under(const plan_history_t *history, size_t policy,
    mta_sts_str_t id, int64_t now)
{
    size_t                 i;
    const plan_showing_t  *showing;

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].policy == policy
            && plan_is_serving(history, &history->servings[i], now))
        {
            return 0;
        }
    }

    for (i = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        if (showing->gone == 0 && mta_sts_str_eq(showing->id, id)
            && end_overlaps(history, policy, showing, now))
        {
            return 1;
        }
    }

    return 0;
}


int
plan_misfiled(const plan_history_t *history, size_t policy, int64_t now)
{
    size_t         i;
    mta_sts_str_t  id;

    for (i = 0; i < history->n_showings; i++) {
        id = history->showings[i].id;

        if (!mta_sts_str_eq(id, history->policies[policy].id)
            && plan_filed_under(history, policy, id, now))
        {
            return 1;
        }
    }

    return 0;
}


int64_t
plan_end_host(const plan_history_t *history, mta_sts_str_t host, int64_t now)
{
    size_t                i;
    int64_t               end;
    const plan_policy_t  *policy;

    end = 0;

    for (i = 0; i < history->n_policies; i++) {
        policy = &history->policies[i];

        if (policy->mode == MTA_STS_ENFORCE
            && (host.len == 0 || !plan_matches(policy, host)))
        {
            end = end_max(end, plan_end(history, i, now));
        }
    }

    return end;
}
