/*
 * The rules, asked of what is remembered.
 */

#include <time.h>

#include "cli/diag/diag.h"
#include "state.h"


plan_policy_t *
state_policy(const mta_sts_policy_t *policy, const mta_sts_env_t *env)
{
    size_t          cursor, size;
    mta_sts_str_t   mx;
    plan_policy_t  *plan;

    plan = env->alloc(env->ctx, sizeof(plan_policy_t));

    memset(plan, 0, sizeof(plan_policy_t));

    plan->id = mta_sts_policy_id(policy);
    plan->mode = (mta_sts_mode_e) policy->mode;
    plan->max_age = mta_sts_policy_max_age(policy);

    for (cursor = 0, size = 0; mta_sts_policy_next_mx(policy, &cursor, &mx); ) {
        plan->mx = mta_sts_env_grow(env, plan->mx, plan->n_mx, &size,
                                    sizeof(mta_sts_str_t));
        plan->mx[plan->n_mx++] = mx;
    }

    return plan;
}


/* What is in the way of an entry. */

static void
rules_error(const mta_sts_entry_t *entry, const plan_history_t *history,
    const plan_step_t *step, const plan_answer_t *answer, mta_sts_err_t *err)
{
    char  buf[32];

    if (answer->rule == 4 || answer->rule == 6) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "%.*s is refused: %s: "
                             "max_age %u (rule %u)",
                             MTA_STS_SHOW(entry->domain), answer->why,
                             plan_other_age(history, step->policy),
                             answer->rule);

    } else if (answer->from == PLAN_NEVER) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "%.*s is refused: %s "
                             "(rule %u)", MTA_STS_SHOW(entry->domain),
                             answer->why, answer->rule);

    } else {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "%.*s is refused: %s; it is "
                             "safe from %s on (rule %u)",
                             MTA_STS_SHOW(entry->domain), answer->why,
                             plan_date(answer->from, buf), answer->rule);
    }
}


unsigned
state_refuses(state_t *state, const mta_sts_entry_t *entry, int announce,
    mta_sts_err_t *err)
{
    int64_t           now;
    plan_step_t       step;
    plan_answer_t     answer;
    state_domain_t    domain;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { .alloc = diag_alloc, .ctx = &arena };

    if (!state_is_open(state) || entry->policy == NULL) {
        return 0;
    }

    now = time(NULL);
    answer.rule = 0;

    if (state_get(state, entry->domain, &env, &domain)) {

        memset(&step, 0, sizeof(plan_step_t));

        step.act = announce ? PLAN_ANNOUNCE : PLAN_AGAIN;
        step.policy = state_policy(entry->policy, &env);

        plan_may(&domain.history, &step, now, &answer);

        if (answer.from > now) {
            rules_error(entry, &domain.history, &step, &answer, err);

        } else {
            answer.rule = 0;
        }
    }

    mta_sts_arena_free(&arena);

    return answer.rule;
}
