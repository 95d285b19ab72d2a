/*
 * An operator with intentions, who asks before each step whether it may be
 * done, and can be made to break one rule.
 */

#ifndef MTA_STS_MODEL_OPERATOR_H
#define MTA_STS_MODEL_OPERATOR_H


#include "model_world.h"


#define OPERATOR_STEPS  24

#define WORLD_SERVINGS  2000

#define BREAKS(rule)    (operator.broken == (rule))


typedef enum {
    STEP_SERVE = 0,               /* mode, hosts */
    STEP_ANNOUNCE,
    STEP_WAIT,                    /* some looks */
    STEP_ADD,                     /* host */
    STEP_REMOVE,                  /* host */
    STEP_SWAP,                    /* all hosts for one */
    STEP_STOP,                    /* host */
    STEP_FREE,                    /* all hosts for one without certificate */
    STEP_REMOVE_RECORD,
    STEP_STOP_HOST,
    STEP_MOVE_ADDRESS,
    STEP_STOP_ADDRESS
} step_e;


typedef struct {
    step_e          kind;
    mta_sts_mode_e  mode;
    int             hosts;
    int             host;
} step_t;


static struct {
    plan_history_t   history;
    mta_sts_arena_t  arena;
    mta_sts_env_t    env;
    unsigned         broken;          /* a rule; 0 for none */
    int              wanted;          /* policy on all addresses; or NONE */
    int              kept;            /* hosts whose certificates are renewed */
    int              cared;           /* addresses that get what is wanted */
    uint32_t         max_age;
    step_t           steps[OPERATOR_STEPS];
    size_t           n;
    size_t           at;
    int              waits;
    int              old_address;
    int              record_removed;
    unsigned long    acts;
    unsigned         looks;
} operator;


static inline void
operator_step(step_e kind, mta_sts_mode_e mode, int hosts, int host)
{
    step_t  *step;

    step = &operator.steps[operator.n++];

    step->kind = kind;
    step->mode = mode;
    step->hosts = hosts;
    step->host = host;
}


static inline int
operator_host(int hosts)
{
    int  h;

    for (h = 0; h < WORLD_HOSTS; h++) {
        if (hosts & (1 << h)) {
            break;
        }
    }

    return h;
}


/* A host that is not in use. */

static inline int
operator_new_host(void)
{
    int  h;

    do {
        h = (int) world_random(WORLD_HOSTS);
    } while (world.runs[h] || (world_current(&world.mx) & (1 << h)));

    return h;
}


static inline void
operator_change(mta_sts_mode_e mode, int hosts)
{
    if (BREAKS(7)) {
        operator_step(STEP_ANNOUNCE, mode, hosts, 0);
        return;
    }

    operator_step(STEP_SERVE, mode, hosts, 0);
    operator_step(STEP_ANNOUNCE, mode, hosts, 0);
}


/* Another MX for the first one. */

static inline void
operator_move(mta_sts_mode_e mode, int both)
{
    int  old, new, hosts;

    hosts = world_current(&world.mx);
    old = operator_host(hosts);
    new = operator_new_host();

    if (mode == MTA_STS_ENFORCE || world_random(2)) {
        operator_change(mode, hosts | (1 << new));
    }

    if (both) {
        operator_step(STEP_ADD, mode, 0, new);
        operator_step(STEP_REMOVE, mode, 0, old);

    } else {
        operator_step(STEP_SWAP, mode, 0, new);
    }

    operator_step(STEP_STOP, mode, both ? 1 << old : hosts, 0);
    operator_change(mode, 1 << new);
}


static inline void
operator_leave(void)
{
    int  hosts;

    hosts = world_current(&world.mx);

    operator_change(MTA_STS_NONE, hosts);
    operator_step(STEP_FREE, MTA_STS_NONE, 0, operator_new_host());
    operator_step(STEP_STOP, MTA_STS_NONE, hosts, 0);

    if (world_random(2)) {
        operator_step(STEP_REMOVE_RECORD, MTA_STS_NONE, 0, 0);
        operator_step(STEP_STOP_HOST, MTA_STS_NONE, 0, 0);
    }
}


/*
 * Second thoughts: what is served for a while is never announced.  The record
 * stays as it is for long, or until something else is due.
 */

static inline void
operator_abort(mta_sts_mode_e mode)
{
    int  hosts;

    hosts = world_current(&world.mx);

    operator_step(STEP_SERVE, MTA_STS_ENFORCE, hosts, 1);
    operator_step(STEP_WAIT, mode, 0, (int) world_between(1, 40));
    operator_step(STEP_SERVE, mode, hosts, 0);
    operator_step(STEP_WAIT, mode, 0, (int) world_between(1, 90));

    if (world_random(2)) {
        operator_step(STEP_ANNOUNCE, mode, hosts, 0);
    }

    operator_step(STEP_SWAP, mode, 0, operator_new_host());
    operator_step(STEP_STOP, mode, hosts, 0);
}


/* What the operator wants next. */

static inline void
operator_intend(void)
{
    int             hosts;
    uint64_t        dice;
    mta_sts_mode_e  mode;

    operator.n = 0;
    operator.at = 0;

    hosts = world_current(&world.mx);
    mode = operator.wanted == NONE ? MTA_STS_NONE
                                   : world.policies[operator.wanted].mode;
    dice = world_random(100);

    if (mode == MTA_STS_NONE) {
        operator_change(MTA_STS_TESTING, hosts);

    } else if (dice < 12) {
        operator_step(STEP_MOVE_ADDRESS, mode, 0, 0);
        operator_step(STEP_STOP_ADDRESS, mode, 0, 0);

    } else if (dice < 20) {
        operator.max_age = (uint32_t) world_between(HOUR, 20 * DAY);
        operator_change(mode, hosts);

    } else if (mode == MTA_STS_TESTING && dice < 35) {
        operator_abort(mode);

    } else if (mode == MTA_STS_TESTING && dice < 70) {
        operator_change(MTA_STS_ENFORCE,
                        BREAKS(8) ? 1 << operator_new_host() : hosts);

    } else if (mode == MTA_STS_TESTING) {
        operator_move(mode, 0);

    } else if (dice < 35) {
        /* second thoughts: what was served for a while was for longer */

        operator_step(STEP_SERVE, mode, hosts | (1 << operator_new_host()), 1);
        operator_step(STEP_WAIT, mode, 0, (int) world_between(1, 6));
        operator_change(world_random(2) ? mode : MTA_STS_TESTING, hosts);

    } else if (dice < 50) {
        operator_change(MTA_STS_TESTING, hosts);
        operator_step(STEP_SWAP, mode, 0, operator_new_host());
        operator_step(STEP_STOP, mode, hosts, 0);

    } else if (dice < 60) {
        operator_leave();

    } else {
        operator_move(mode, (int) world_random(2));
    }
}


static inline void
operator_look(void)
{
    int                  i, value;
    size_t               n;
    plan_look_t          look = { .time = world.now };
    plan_policy_t        policies[WORLD_ADDRESSES];
    plan_look_mx_t       mx[WORLD_HOSTS];
    plan_look_server_t   servers[2];
    plan_look_address_t  addresses[WORLD_ADDRESSES];

    look.addresses = addresses;
    look.servers = servers;
    look.mx = mx;

    look.addresses_known = look.mx_known = world.dns_outage <= world.now;
    look.servers_known = 1;
    look.n_servers = 2;

    for (i = 0; i < 2; i++) {
        value = world_value(&world.record, world.now, i ? world.lag : 0);

        servers[i].server = i ? mta_sts_str("ns2") : mta_sts_str("ns1");
        servers[i].reached = look.mx_known;
        servers[i].ttl = world.record.ttl;
        servers[i].id = value == NONE ? mta_sts_str("")
                        : mta_sts_str_from(world.policies[value].id);
    }

    value = world_current(&world.a);

    for (i = 0, n = 0; i < WORLD_ADDRESSES; i++) {
        if (world.serves[i] == NONE && !(value & (1 << i))) {
            continue;
        }

        addresses[n].address = mta_sts_str_from(world_address_names[i]);
        addresses[n].ttl = world.a.ttl;
        addresses[n].listed = look.addresses_known && (value & (1 << i));
        addresses[n].reached = world.outage[i] <= world.now
                               && world.hidden[i] <= world.now;
        addresses[n].policy = NULL;

        if (world.serves[i] != NONE) {
            policies[n] = world_plan_policy(world.serves[i]);
            addresses[n].policy = &policies[n];
        }

        n++;
    }

    look.n_addresses = n;
    value = world_current(&world.mx);

    for (i = 0, n = 0; look.mx_known && i < WORLD_HOSTS; i++) {
        if (value & (1 << i)) {
            mx[n].host = mta_sts_str_from(world_host_names[i]);
            mx[n].ttl = world.mx.ttl;
            mx[n++].valid_until = world.valid[i] > world.now
                                  ? world.valid[i] : 1;
        }
    }

    look.n_mx = n;

    plan_look(&operator.history, &look);
}


/* A history in which a policy is gone with the last look that saw it. */

static inline void
operator_doctor(plan_history_t *doctored, plan_serving_t *servings)
{
    size_t                 i;
    const plan_address_t  *address;

    *doctored = operator.history;
    doctored->servings = servings;

    for (i = 0; i < doctored->n_servings; i++) {
        servings[i] = operator.history.servings[i];
        address = &doctored->addresses[servings[i].address];

        if (servings[i].gone || address->left
            || address->answered < doctored->look)
        {
            servings[i].gone = servings[i].last;
        }
    }
}


/* The end of a policy for an operator who breaks one of the rules 1 to 6. */

static inline int64_t
operator_policy_end(size_t policy)
{
    int64_t              end, shown;
    plan_history_t       doctored;
    plan_serving_t       servings[WORLD_SERVINGS];
    const plan_policy_t  *p;

    p = &operator.history.policies[policy];
    end = plan_end(&operator.history, policy, world.now);
    shown = plan_shown(&operator.history, p->id);

    if (BREAKS(1)) {
        operator_doctor(&doctored, servings);
        return plan_end(&doctored, policy, world.now);
    }

    if (BREAKS(2) && end != PLAN_NEVER && end) {
        return end - world.record.ttl - PLAN_STALE;
    }

    if (BREAKS(3) || BREAKS(6) || (BREAKS(4) && end == PLAN_NEVER)) {
        end = plan_gone(&operator.history, policy, world.now);
        end = shown > end ? shown : end;
        return end == PLAN_NEVER ? end : end + plan_age(p) + PLAN_SLACK;
    }

    return end;
}


/* Rule 5 on top of it. */

static inline int64_t
operator_end(int host)
{
    size_t               i;
    int64_t              end, last;
    mta_sts_str_t        name;
    const plan_policy_t  *policy;

    name = host == NONE ? mta_sts_str("")
                        : mta_sts_str_from(world_host_names[host]);

    if (operator.broken == 0 || operator.broken > 6) {
        return plan_end_host(&operator.history, name, world.now);
    }

    for (i = 0, last = 0; i < operator.history.n_policies; i++) {
        policy = &operator.history.policies[i];

        if (policy->mode == MTA_STS_ENFORCE
            && (host == NONE || !plan_matches(policy, name)))
        {
            end = operator_policy_end(i);
            last = end > last ? end : last;
        }
    }

    return last;
}


/* May a step be done now? */

static inline int
operator_may(plan_act_e act, int policy, mta_sts_str_t name)
{
    plan_step_t    step;
    plan_answer_t  answer;
    plan_policy_t  p;

    if (policy != NONE) {
        p = world_plan_policy(policy);
    }

    step.act = act;
    step.policy = policy == NONE ? NULL : &p;
    step.name = name;

    plan_may(&operator.history, &step, world.now, &answer);

    return answer.from <= world.now;
}


#endif /* MTA_STS_MODEL_OPERATOR_H */
