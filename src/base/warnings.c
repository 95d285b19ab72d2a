/*
 * Warnings that are held back.
 */

#include "base.h"


void
mta_sts_warnings_add(mta_sts_warnings_t *held, const mta_sts_err_t *warning)
{
    if (held->n < MTA_STS_WARNINGS_MAX) {
        held->warnings[held->n++] = *warning;

    } else {
        held->more++;
    }
}


mta_sts_warnings_mark_t
mta_sts_warnings_mark(const mta_sts_warnings_t *held)
{
    mta_sts_warnings_mark_t  mark;

    mark.n = held->n;
    mark.more = held->more;

    return mark;
}


void
mta_sts_warnings_cut(mta_sts_warnings_t *held, mta_sts_warnings_mark_t from,
    mta_sts_warnings_mark_t to)
{
    memmove(&held->warnings[from.n], &held->warnings[to.n],
            (held->n - to.n) * sizeof(mta_sts_err_t));

    held->n -= to.n - from.n;
    held->more -= to.more - from.more;
}


void
mta_sts_warnings_report(const mta_sts_warnings_t *held, const mta_sts_env_t *env)
{
    size_t  i;

    for (i = 0; i < held->n; i++) {
        env->warn(env->ctx, &held->warnings[i]);
    }

    if (held->more) {
        mta_sts_warn(env, MTA_STS_NOWHERE, "%zu more warnings about domains",
                     held->more);
    }
}
