/*
 * From the history and the rules to what an operator should know and do.
 */

#include <stdio.h>

#include "plan.h"


#define ADVISE_DAY    86400
#define ADVISE_RENEW  (14 * ADVISE_DAY)   /* before the end of a certificate */
#define ADVISE_FAR    (30 * ADVISE_DAY)   /* rule 17 */


/* The configured bytes came before, or may not be served or announced yet. */

static void
advise_refused(const plan_domain_t *domain, const plan_answer_t *answer,
    const char *what, plan_list_t *list)
{
    char            age[16];
    plan_advice_t  *advice;

    if (answer->rule == 4) {
        return;                       /* see advise_misfiled() */
    }

    if (answer->rule == 6) {
        advice = plan_say(list, PLAN_DUE, "again", 6, 0, "the configured "
                          "policy came before, and senders may keep another "
                          "one under its id");
        (void) snprintf(age, sizeof(age), "%u",
                        plan_other_age(domain->history, domain->configured));
        plan_say_step(list, advice, 0, "%s", plan_setting(domain, list,
                      "max_age", age));
        return;
    }

    (void) plan_say(list, PLAN_WAIT, what, answer->rule, answer->from,
                    "not yet: %s", answer->why);
}


/* Is no address of the policy host known to be in the DNS? */

static int
advise_is_nowhere(const plan_history_t *history)
{
    size_t  i;

    for (i = 0; i < history->n_addresses; i++) {
        if (history->addresses[i].left == 0) {
            return 0;
        }
    }

    return 1;
}


/* The way of the configured policy: served first, then announced (rule 7). */

static void
advise_configured(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    size_t           k;
    plan_step_t      step;
    plan_answer_t    answer;
    plan_advice_t   *advice;

    k = plan_policy_find(domain->history, domain->configured->id);

    memset(&step, 0, sizeof(plan_step_t));
    step.policy = domain->configured;

    if (k == domain->history->n_policies
        || !plan_is_served(domain->history, k, now))
    {
        step.act = PLAN_SERVE;
        plan_may(domain->history, &step, now, &answer);

        if (answer.from > now) {
            advise_refused(domain, &answer, "serve", list);
            return;
        }

        (void) plan_say(list, PLAN_DUE, "serve", 7, 0,
                        advise_is_nowhere(domain->history)
                        ? "no address of the policy host is known: publish "
                          "its address record, then run mta-sts check %.*s"
                        : "no web server serves the configured policy: reload "
                          "nginx on each, then run mta-sts check %.*s",
                        MTA_STS_SHOW(domain->name));
        return;
    }

    step.act = PLAN_ANNOUNCE;
    plan_may(domain->history, &step, now, &answer);

    if (answer.from > now) {
        advise_refused(domain, &answer, "announce", list);

    } else if (!plan_is_shown(domain->history, k)) {
        advice = plan_say(list, PLAN_DUE, "announce", 7, 0, "the policy is "
                          "served, and its record is not published");
        plan_say_step(list, advice, 0, "mta-sts records --served %.*s",
                      MTA_STS_SHOW(domain->name));
    }
}


/* Rule 4. */

static void
advise_misfiled(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    char                   age[16];
    size_t                 i;
    plan_advice_t         *advice;
    const plan_history_t  *history;

    history = domain->history;

    for (i = 0; i < history->n_policies; i++) {
        if (history->policies[i].mode == MTA_STS_ENFORCE
            && plan_misfiled(history, i, now))
        {
            break;
        }
    }

    if (i == history->n_policies) {
        return;
    }

    advice = plan_say(list, PLAN_DUE, "refile", 4, 0, "senders may keep the "
                      "policy %.*s under the id that is published now, without "
                      "an end", MTA_STS_SHOW(history->policies[i].id));

    (void) snprintf(age, sizeof(age), "%u",
                    plan_other_age(history, domain->configured));
    plan_say_step(list, advice, 0, "%s", plan_setting(domain, list, "max_age",
                                                      age));
    plan_say_step(list, advice, 0, "mta-sts records --served %.*s",
                  MTA_STS_SHOW(domain->name));
}


/* Rules 12 and 10: the MX hosts in the record, and those that left it. */

static void
advise_mx(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    char              buf[32];
    size_t            i;
    int64_t           end, leave;
    mta_sts_str_t     all = { NULL, 0 };
    const plan_mx_t  *mx;

    end = plan_end_host(domain->history, all, now);

    for (i = 0; i < domain->history->n_mx; i++) {
        mx = &domain->history->mx[i];

        if (mx->left) {
            (void) plan_say(list, PLAN_WAIT, "stop-mx", 10,
                            mx->left + mx->ttl + PLAN_STALE, "keep the machine "
                            "of %.*s, its certificate and its mx line: caches "
                            "may still have it in the MX record",
                            MTA_STS_SHOW(mx->host));
            continue;
        }

        if (end <= now || mx->valid_until == 0) {
            continue;
        }

        if (mx->valid_until <= now) {
            (void) plan_say(list, PLAN_DUE, "renew", 12, 0, "%.*s has no valid "
                            "certificate, and senders refuse to deliver to it",
                            MTA_STS_SHOW(mx->host));

        } else if (mx->valid_until < now + ADVISE_RENEW) {
            leave = domain->configured
                    ? mx->valid_until - plan_age(domain->configured)
                      - (int64_t) mx->ttl - PLAN_STALE : 0;

            (void) plan_say(list, PLAN_DUE, "renew", 12, 0, "renew the "
                            "certificate of %.*s, which ends %s%s%s",
                            MTA_STS_SHOW(mx->host),
                            plan_date(mx->valid_until, (char [32]) { "" }),
                            leave > now ? "; if that cannot be done, begin to "
                                          "leave before " : "",
                            leave > now ? plan_date(leave, buf) : "");
        }
    }
}


/* Rules 10 and 11: hosts of the policy that are not in the MX record yet. */

static void
advise_move(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    size_t                i, k;
    int64_t               end;
    mta_sts_str_t         host;
    const plan_mx_t      *mx;
    const plan_policy_t  *policy;

    policy = domain->configured;

    for (i = 0; policy->mode != MTA_STS_NONE && i < policy->n_mx; i++) {
        host = policy->mx[i];

        for (k = 0; k < domain->history->n_mx; k++) {
            if (mta_sts_str_eq(domain->history->mx[k].host, host)) {
                break;
            }
        }

        if (k < domain->history->n_mx || domain->history->n_mx == 0
            || mta_sts_str_starts(host, mta_sts_str("*.")))
        {
            continue;
        }

        end = plan_end_host(domain->history, host, now);

        if (end > now) {
            (void) plan_say(list, PLAN_WAIT, "add-mx", 10, end, "%.*s must "
                            "not be in the MX record, and what is in it stays "
                            "there", MTA_STS_SHOW(host));

        } else {
            (void) plan_say(list, PLAN_MAY, "add-mx", 10, 0, "%.*s may be in "
                            "the MX record", MTA_STS_SHOW(host));
        }
    }

    for (i = 0; i < domain->history->n_mx; i++) {
        mx = &domain->history->mx[i];
        end = plan_end_host(domain->history, mx->host, now);

        if (mx->left == 0 && end > now) {
            (void) plan_say(list, PLAN_WAIT, "only-mx", 11, end,
                            "a policy that senders may believe does not match "
                            "%.*s: it must not be the only MX",
                            MTA_STS_SHOW(mx->host));
        }
    }
}


/* After a step down: how long the old promise binds (rules 12 to 14, 17). */

static void
advise_bound(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    char            buf[32];
    int64_t         end, early;
    mta_sts_str_t   all = { NULL, 0 };
    plan_advice_t  *advice;

    end = plan_end_host(domain->history, all, now);

    if (domain->configured->mode == MTA_STS_ENFORCE) {
        return;
    }

    if (end <= now) {
        if (domain->configured->mode == MTA_STS_NONE) {
            advice = plan_say(list, PLAN_MAY, "left", 14, 0, "senders are "
                              "free: MX, certificates, record and policy host "
                              "may go; to keep record and host is better");
            plan_say_step(list, advice, 0, "remove the domain from the "
                          "configuration, then: mta-sts records --removed "
                          "%.*s", MTA_STS_SHOW(domain->name));
        }

        return;
    }

    advice = plan_say(list, PLAN_WAIT, "free", 14, end, "senders may believe "
                      "an enforce policy: every MX in the record needs a "
                      "certificate, and a name that the policy has");

    if (end != PLAN_NEVER && end > now + ADVISE_FAR) {
        early = now + ADVISE_FAR + ADVISE_DAY + PLAN_STALE;
        plan_say_step(list, advice, 0, "for most senders from %s, if record "
                      "and host stay reachable until then (rule 17)",
                      plan_date(early, buf));
    }
}


/* The policy host: down, or addresses that have left the DNS (rule 16). */

static void
advise_host(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    char                   buf[32];
    size_t                 i, up, down;
    int64_t                last;
    const plan_address_t  *address;
    const plan_history_t  *history;

    history = domain->history;
    up = down = 0;
    last = 0;

    for (i = 0; i < history->n_addresses; i++) {
        address = &history->addresses[i];

        if (address->left == 0) {
            up += address->answered && address->answered >= history->look;
            down += address->answered < history->look;
            last = address->answered > last ? address->answered : last;

        } else if (address->left + address->ttl + PLAN_STALE > now) {
            (void) plan_say(list, PLAN_WAIT, "stop-address", 16,
                            address->left + address->ttl + PLAN_STALE,
                            "keep the web server at %.*s, with the same "
                            "policy: caches may still have it",
                            MTA_STS_SHOW(address->text));
        }
    }

    if (up == 0 && down && last) {
        (void) plan_say(list, PLAN_DUE, "host-down", 17, 0, "no address of the "
                        "policy host answers: protection lapses from %s on",
                        plan_date(last + domain->configured->max_age, buf));
    }
}


/* Was there something of ours when it was last seen: an address, or an MX? */

static int
advise_is_ours(const plan_history_t *history, int64_t now)
{
    size_t                i, k;
    const plan_policy_t  *policy;

    for (i = 0; i < history->n_servings; i++) {
        if (plan_is_serving(history, &history->servings[i], now)) {
            return 1;
        }
    }

    for (i = 0; i < history->n_mx; i++) {
        for (k = 0; k < history->n_policies; k++) {
            policy = &history->policies[k];

            if (history->mx[i].left == 0 && policy->mode == MTA_STS_ENFORCE
                && plan_matches(policy, history->mx[i].host))
            {
                return 1;
            }
        }
    }

    return 0;
}


int64_t
plan_orphan(const plan_history_t *history, int64_t now)
{
    int64_t        end;
    mta_sts_str_t  all = { NULL, 0 };

    end = plan_end_host(history, all, now);

    return end > now && advise_is_ours(history, now) ? end : 0;
}


static void
advise_orphan(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    size_t                i, k;
    int64_t               end;
    plan_advice_t        *advice;
    const plan_policy_t  *policy;

    end = plan_orphan(domain->history, now);

    if (end == 0 || domain->forgotten) {
        return;
    }

    advice = plan_say(list, PLAN_DUE, "orphan", 14, end, "the domain left the "
                      "configuration, and senders may believe its policy");

    for (k = 0, i = 0; i < domain->history->n_policies; i++) {
        if (domain->history->policies[i].mode == MTA_STS_ENFORCE) {
            k = i;
        }
    }

    policy = &domain->history->policies[k];

    plan_say_step(list, advice, 0, "server_name mta-sts.%.*s;",
                  MTA_STS_SHOW(domain->name));
    plan_say_step(list, advice, 0, "mta_sts_mode none;");
    plan_say_step(list, advice, 0, "mta_sts_max_age %u;",
                  plan_other_age(domain->history, policy));

    for (i = 0; i < policy->n_mx; i++) {
        plan_say_step(list, advice, 0, "mta_sts_mx %.*s;",
                      MTA_STS_SHOW(policy->mx[i]));
    }

    plan_say_step(list, advice, 0, "or, if it is no longer yours: mta-sts plan "
                  "forget %.*s", MTA_STS_SHOW(domain->name));
}


/* Rule 17: dates rest on what somebody saw. */

static void
advise_past(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    char                   buf[32];
    size_t                 i;
    int64_t                first;
    const plan_history_t  *history;

    history = domain->history;
    first = now;

    for (i = 0; i < history->n_showings; i++) {
        if (history->showings[i].first < first) {
            first = history->showings[i].first;
        }
    }

    for (i = 0; i < history->n_servings; i++) {
        if (history->servings[i].first < first) {
            first = history->servings[i].first;
        }
    }

    if (first > now - MTA_STS_MAX_AGE_MAX) {
        (void) plan_say(list, PLAN_NOTE, "past", 17, 0, "nobody looked before "
                        "%s: if enforce was served then with a longer max_age, "
                        "record it with mta-sts plan note %.*s",
                        plan_date(first, buf), MTA_STS_SHOW(domain->name));
    }
}


void
plan_advise(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    size_t         i, k;
    plan_advice_t  advice;

    if (domain->configured == NULL) {
        advise_orphan(domain, now, list);
        return;
    }

    advise_misfiled(domain, now, list);
    advise_configured(domain, now, list);
    plan_promote(domain, now, list);
    advise_host(domain, now, list);
    advise_mx(domain, now, list);
    advise_move(domain, now, list);
    advise_bound(domain, now, list);

    if (domain->details) {
        plan_recipes(domain, now, list);
        advise_past(domain, now, list);
    }

    /* a stable sort by state */

    for (i = 1; i < list->n; i++) {
        advice = list->elts[i];

        for (k = i; k && list->elts[k - 1].state > advice.state; k--) {
            list->elts[k] = list->elts[k - 1];
        }

        list->elts[k] = advice;
    }
}
