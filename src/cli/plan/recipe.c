/*
 * The recipes: what an operator may begin now, as dated steps.  The dates are
 * those of the rules, asked of a history in which the first step is done.
 */

#include <stdio.h>

#include "plan.h"


/* An MX host that no policy has. */

static mta_sts_str_t  recipe_new = { "new.invalid", 11 };


/* A copy of the history in which a policy is served and announced at now. */

static void
recipe_imagine(plan_history_t *to, const plan_history_t *from,
    const plan_policy_t *policy, int64_t now)
{
    size_t                i, n;
    plan_look_t           look;
    plan_look_server_t   *servers;
    plan_look_address_t  *addresses;
    const mta_sts_env_t  *env;

    env = from->env;
    memset(&look, 0, sizeof(plan_look_t));

    (void) plan_parse(to, plan_text(from), env);

    addresses = env->alloc(env->ctx, (to->n_addresses + 1)
                                     * sizeof(plan_look_address_t));
    servers = env->alloc(env->ctx, (to->n_showings + 1)
                                   * sizeof(plan_look_server_t));

    memset(addresses, 0, (to->n_addresses + 1) * sizeof(plan_look_address_t));
    memset(servers, 0, (to->n_showings + 1) * sizeof(plan_look_server_t));

    for (i = 0; i < to->n_addresses; i++) {
        addresses[i].address = to->addresses[i].text;
        addresses[i].ttl = to->addresses[i].ttl;
        addresses[i].listed = to->addresses[i].left == 0;
        addresses[i].reached = 1;
        addresses[i].policy = policy;
    }

    for (i = 0, n = 0; i < to->n_showings; i++) {
        if (to->showings[i].gone == 0) {
            servers[n].server = to->showings[i].server;
            servers[n].reached = 1;
            servers[n].id = policy->id;
            servers[n++].ttl = to->showings[i].ttl;
        }
    }

    look.time = now;
    look.addresses = addresses;
    look.n_addresses = to->n_addresses;
    look.servers_known = 1;
    look.servers = servers;
    look.n_servers = n;

    plan_look(to, &look);
}


plan_policy_t
plan_policy_next(const plan_domain_t *domain, mta_sts_mode_e mode)
{
    plan_policy_t  policy;

    policy = *domain->configured;
    policy.id = mta_sts_str("imagined");
    policy.mode = mode;

    return policy;
}


void
plan_say_mode(const plan_domain_t *domain, plan_list_t *list,
    plan_advice_t *advice, mta_sts_mode_e mode)
{
    char    age[16];
    size_t  i;

    plan_say_step(list, advice, 0, "%s", plan_setting(domain, list, "mode",
                                         mta_sts_mode_str(mode).data));

    for (i = 0; i < domain->history->n_policies; i++) {
        if (domain->history->policies[i].mode == mode
            && domain->history->policies[i].max_age
               == domain->configured->max_age)
        {
            (void) snprintf(age, sizeof(age), "%u",
                            plan_other_age(domain->history,
                                           domain->configured));
            plan_say_step(list, advice, 0, "%s", plan_setting(domain, list,
                                                 "max_age", age));
            break;
        }
    }
}


void
plan_say_publish(const plan_domain_t *domain, plan_list_t *list,
    plan_advice_t *advice)
{
    plan_say_step(list, advice, 0, "reload nginx on each web server, then: "
                  "mta-sts records --served %.*s", MTA_STS_SHOW(domain->name));
}


/* The mx setting with one more: directives add up, keys of YAML do not. */

static const char *
recipe_mx(const plan_domain_t *domain, plan_list_t *list)
{
    size_t         i;
    mta_sts_buf_t  value = { list->env, NULL, 0, 0, 0 };

    if (domain->directive) {
        return plan_setting(domain, list, "mx", "NEW");
    }

    mta_sts_buf_add_char(&value, '[');

    for (i = 0; i < domain->configured->n_mx; i++) {
        mta_sts_buf_add(&value, domain->configured->mx[i]);
        mta_sts_buf_add_cstr(&value, ", ");
    }

    mta_sts_buf_add_cstr(&value, "NEW]");
    mta_sts_buf_add_char(&value, '\0');

    return plan_setting(domain, list, "mx", mta_sts_buf_str(&value).data);
}


static void
recipe_move(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    char             buf[32];
    int64_t          from;
    uint32_t         ttl;
    size_t           i;
    plan_policy_t    policy;
    plan_history_t   imagined;
    plan_advice_t   *advice;

    policy = plan_policy_next(domain, MTA_STS_ENFORCE);
    policy.mx = list->env->alloc(list->env->ctx, (policy.n_mx + 1)
                                                 * sizeof(mta_sts_str_t));
    memcpy(policy.mx, domain->configured->mx,
           policy.n_mx * sizeof(mta_sts_str_t));
    policy.mx[policy.n_mx++] = recipe_new;

    recipe_imagine(&imagined, domain->history, &policy, now);

    from = plan_end_host(&imagined, recipe_new, now);

    for (i = 0, ttl = 0; i < domain->history->n_mx; i++) {
        ttl = domain->history->mx[i].ttl > ttl ? domain->history->mx[i].ttl
                                               : ttl;
    }

    advice = plan_say(list, PLAN_MAY, "move-mx", 10, from, "a new MX host may "
                      "enter the MX record from %s, if this begins now",
                      plan_date(from, buf));

    plan_say_step(list, advice, now, "add it to the policy, the old ones "
                  "stay: %s", recipe_mx(domain, list));
    plan_say_publish(domain, list, advice);
    plan_say_step(list, advice, from, "change the MX record; keep the old "
                  "machine and its certificate");
    plan_say_step(list, advice, from == PLAN_NEVER ? from
                  : from + ttl + PLAN_STALE, "stop the old machine, remove its "
                  "mx line, and publish again");
}


static void
recipe_step_down(const plan_domain_t *domain, mta_sts_mode_e mode, int64_t now,
    plan_list_t *list)
{
    char             buf[32];
    int64_t          end;
    plan_policy_t    policy;
    mta_sts_str_t    all = { NULL, 0 };
    plan_history_t   imagined;
    plan_advice_t   *advice;

    policy = plan_policy_next(domain, mode);

    recipe_imagine(&imagined, domain->history, &policy, now);

    end = plan_end_host(&imagined, all, now);

    advice = mode == MTA_STS_NONE
             ? plan_say(list, PLAN_MAY, "leave", 14, end, "to leave: senders "
                        "are free at %s, if this begins now",
                        plan_date(end, buf))
             : plan_say(list, PLAN_MAY, "roll-back", 13, end, "to go back to "
                        "testing: senders are free at %s, if this begins now",
                        plan_date(end, buf));

    plan_say_mode(domain, list, advice, mode);
    plan_say_publish(domain, list, advice);
    plan_say_step(list, advice, end, mode == MTA_STS_NONE
                  ? "MX and certificates may go; until then every MX needs a "
                    "certificate and its mx line"
                  : "MX hosts may change at will; until then every MX needs a "
                    "certificate and its mx line");

    if (mode == MTA_STS_NONE) {
        plan_say_step(list, advice, end, "then the record: mta-sts records "
                      "--removed %.*s; the host a TTL and %d minutes later",
                      MTA_STS_SHOW(domain->name), PLAN_STALE / 60);
    }
}


static void
recipe_host(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    size_t          i;
    uint32_t        ttl;
    plan_advice_t  *advice;

    for (i = 0, ttl = 0; i < domain->history->n_addresses; i++) {
        ttl = domain->history->addresses[i].ttl > ttl
              ? domain->history->addresses[i].ttl : ttl;
    }

    advice = plan_say(list, PLAN_MAY, "move-host", 16, now, "the policy host "
                      "may move");

    plan_say_step(list, advice, now, "let the new address serve the same bytes "
                  "and change nothing else meanwhile");
    plan_say_step(list, advice, 0, "change the address record: mta-sts records "
                  "--policy-host ADDRESS %.*s", MTA_STS_SHOW(domain->name));
    plan_say_step(list, advice, now + ttl + PLAN_STALE, "stop the old web "
                  "server");
}


void
plan_recipes(const plan_domain_t *domain, int64_t now, plan_list_t *list)
{
    size_t  k;

    k = plan_policy_find(domain->history, domain->configured->id);

    if (k == domain->history->n_policies
        || !plan_is_served(domain->history, k, now)
        || !plan_is_shown(domain->history, k))
    {
        return;
    }

    if (domain->configured->mode == MTA_STS_ENFORCE) {
        recipe_move(domain, now, list);
        recipe_step_down(domain, MTA_STS_TESTING, now, list);
        recipe_step_down(domain, MTA_STS_NONE, now, list);
    }

    recipe_host(domain, now, list);
}
