/*
 * The operator's steps: each asks the rules and changes the world, or waits.
 */

#ifndef MTA_STS_MODEL_STEPS_H
#define MTA_STS_MODEL_STEPS_H


#include "model_operator.h"


/* The bytes to serve: new ones, as long as the operator obeys rule 6. */

static inline int
model_policy(const step_t *step)
{
    int       policy;
    uint32_t  max_age;

    /* the host of such a step is not one: it asks for a longer term */

    max_age = operator.max_age + (step->host ? 15 * DAY : 0);

    for ( ;; ) {
        policy = world_policy(step->mode, max_age, step->hosts);

        if (BREAKS(6)
            || (plan_policy_find(&operator.history, mta_sts_str_from(
                                     world.policies[policy].id))
                == operator.history.n_policies))
        {
            return policy;
        }

        max_age++;
    }
}


static inline void
model_stop(int host)
{
    world.runs[host] = 0;
    world.valid[host] = 0;
    operator.kept &= ~(1 << host);
}


static inline int
model_stop_all(int hosts)
{
    int  h;

    for (h = 0; h < WORLD_HOSTS; h++) {
        if ((hosts & (1 << h))
            && !operator_may(PLAN_STOP_MX, NONE,
                             mta_sts_str_from(world_host_names[h])))
        {
            return 0;
        }
    }

    for (h = 0; h < WORLD_HOSTS; h++) {
        if (hosts & (1 << h)) {
            model_stop(h);
        }
    }

    return 1;
}


static inline void
model_start(int host)
{
    world.runs[host] = 1;
    world.valid[host] = world.now + 90 * DAY;
    operator.kept |= 1 << host;
}


static inline int
model_serve(const step_t *step)
{
    int  h, policy;

    for (h = 0; step->mode == MTA_STS_ENFORCE && h < WORLD_HOSTS; h++) {
        if ((world_current(&world.mx) & (1 << h))
            && !(operator.kept & (1 << h)) && !BREAKS(12))
        {
            model_start(h);
            return 0;
        }
    }

    policy = model_policy(step);

    if (!BREAKS(8) && !BREAKS(6)
        && !operator_may(PLAN_SERVE, policy, mta_sts_str("")))
    {
        return 0;
    }

    operator.wanted = policy;

    return 1;
}


static inline int
model_announce(const step_t *step)
{
    if (BREAKS(7)) {
        operator.wanted = model_policy(step);

    } else if (!BREAKS(8) && !BREAKS(6)
               && !operator_may(PLAN_ANNOUNCE, operator.wanted,
                                mta_sts_str("")))
    {
        return 0;
    }

    world_publish(&world.record, operator.wanted);

    return 1;
}


static inline int
model_mx(const step_t *step)
{
    int            old, wait;
    mta_sts_str_t  name;

    old = world_current(&world.mx);
    name = mta_sts_str_from(world_host_names[step->host]);
    wait = operator_end(step->host) > world.now;

    switch (step->kind) {

    case STEP_ADD:
        if (wait && !BREAKS(11)) {
            return 0;
        }

        model_start(step->host);
        world_publish(&world.mx, old | (1 << step->host));
        return 1;

    case STEP_REMOVE:
        if (!BREAKS(11) && !operator_may(PLAN_REMOVE_MX, NONE, name)) {
            return 0;
        }

        world_publish(&world.mx, old & ~(1 << step->host));
        return 1;

    case STEP_SWAP:
        if (wait && !(BREAKS(13) && operator.n == 4) && !BREAKS(10)) {
            return 0;
        }

        model_start(step->host);
        world_publish(&world.mx, 1 << step->host);
        return 1;

    default: /* STEP_FREE */
        if (operator_end(NONE) > world.now && !BREAKS(14)) {
            return 0;
        }

        model_start(step->host);
        operator.kept &= ~(1 << step->host);
        world.valid[step->host] = 0;
        world_publish(&world.mx, 1 << step->host);
        return 1;
    }
}


static inline int
model_address(const step_t *step)
{
    int  i, new, old;

    if (step->kind == STEP_STOP_ADDRESS) {
        for (i = 0; i < WORLD_ADDRESSES; i++) {
            if ((operator.old_address & (1 << i))
                && !operator_may(PLAN_STOP_ADDRESS, NONE,
                                 mta_sts_str_from(world_address_names[i]))
                && !BREAKS(1))
            {
                return 0;
            }
        }

        /* stopped, or forgotten and running on */

        for (i = 0; i < WORLD_ADDRESSES; i++) {
            if ((operator.old_address & (1 << i)) && world_random(2)) {
                world.serves[i] = NONE;
            }
        }

        operator.cared &= ~operator.old_address;
        return 1;
    }

    old = world_current(&world.a);
    new = (int) world_random(WORLD_ADDRESSES);

    if ((operator.cared | old) & (1 << new)) {
        return 0;
    }

    world.serves[new] = operator.wanted;
    world.outage[new] = 0;
    world.hidden[new] = 0;
    operator.cared |= 1 << new;

    /* one more, or another one */

    operator.old_address = world_random(2) ? 0 : old;
    world_publish(&world.a, (old | 1 << new) & ~operator.old_address);

    return 1;
}


/* Does the current step if it may be done. */

static inline int
model_act(const step_t *step)
{
    int            i;
    mta_sts_str_t  none = mta_sts_str("");

    switch (step->kind) {

    case STEP_SERVE:
        return model_serve(step);

    case STEP_ANNOUNCE:
        return model_announce(step);

    case STEP_WAIT:
        return ++operator.waits % step->host == 0;

    case STEP_STOP:
        return model_stop_all(step->hosts);

    case STEP_REMOVE_RECORD:
        if (!operator_may(PLAN_REMOVE_RECORD, NONE, none)) {
            return 0;
        }

        operator.record_removed = 1;
        world_publish(&world.record, NONE);
        return 1;

    case STEP_STOP_HOST:
        if (!operator_may(PLAN_STOP_HOST, NONE, none)) {
            return 0;
        }

        for (i = 0; i < WORLD_ADDRESSES; i++) {
            world.serves[i] = NONE;
        }

        operator.wanted = NONE;
        return 1;

    case STEP_MOVE_ADDRESS:
    case STEP_STOP_ADDRESS:
        return model_address(step);

    default:
        return model_mx(step);
    }
}


/* Rule 4: what has no end is given one. */

static inline void
model_remedy(void)
{
    size_t  i;

    for (i = 0; i < operator.history.n_policies; i++) {
        if (operator.history.policies[i].mode == MTA_STS_ENFORCE
            && plan_misfiled(&operator.history, i, world.now))
        {
            break;
        }
    }

    if (i == operator.history.n_policies || BREAKS(4) || operator.wanted == NONE
        || operator.n + 2 > OPERATOR_STEPS
        || operator.steps[operator.at].kind == STEP_SERVE
        || operator.steps[operator.at].kind == STEP_ANNOUNCE
        || operator.steps[operator.at].kind == STEP_WAIT
        || operator.steps[operator.at].kind == STEP_STOP_ADDRESS)
    {
        return;
    }

    memmove(&operator.steps[operator.at + 2], &operator.steps[operator.at],
            (operator.n - operator.at) * sizeof(step_t));
    operator.n += 2;

    operator.steps[operator.at].kind = STEP_SERVE;
    operator.steps[operator.at].host = 0;
    operator.steps[operator.at].mode = world.policies[operator.wanted].mode;
    operator.steps[operator.at].hosts = world.policies[operator.wanted].mx;
    operator.steps[operator.at + 1].kind = STEP_ANNOUNCE;
}


#endif /* MTA_STS_MODEL_STEPS_H */
