/*
 * Collected warnings, and the environments that collect them.
 */

#include "base.h"


void
mta_sts_warnings_add(mta_sts_warnings_t *warnings,
    const mta_sts_err_t *warning)
{
    if (warnings->n < MTA_STS_WARNINGS_MAX) {
        warnings->warnings[warnings->n++] = *warning;

    } else {
        warnings->more++;
    }
}


void
mta_sts_warnings_report(const mta_sts_warnings_t *warnings,
    const mta_sts_env_t *env)
{
    size_t  i;

    for (i = 0; env->warn && i < warnings->n; i++) {
        env->warn(env->ctx, &warnings->warnings[i]);
    }

    if (warnings->more) {
        mta_sts_warn(env, MTA_STS_NOWHERE, "%zu more warnings about domains",
                     warnings->more);
    }
}


static void *
derived_alloc(void *ctx, size_t size)
{
    mta_sts_derived_t *derived = ctx;

    return derived->arena ? mta_sts_arena_alloc(derived->arena, size)
                          : derived->outer->alloc(derived->outer->ctx, size);
}


static void
derived_warn(void *ctx, const mta_sts_err_t *warning)
{
    mta_sts_derived_t *derived = ctx;

    mta_sts_warnings_add(derived->warnings, warning);
}


void
mta_sts_derived_init(mta_sts_derived_t *derived, const mta_sts_env_t *outer,
    mta_sts_arena_t *arena, mta_sts_warnings_t *warnings)
{
    derived->env.alloc = derived_alloc;
    derived->env.warn = derived_warn;
    derived->env.ctx = derived;
    derived->env.is_public_suffix = outer->is_public_suffix;
    derived->outer = outer;
    derived->arena = arena;
    derived->warnings = warnings;
}
