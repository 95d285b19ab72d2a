/*
 * When domains that have left become "none" and leave the table: only right
 * after all of the source was read, which may have them again.
 */

#include "cli/diag/diag.h"
#include "loop.h"


int
loop_may_sweep(const loop_t *loop)
{
    const draft_t  *draft;

    draft = &loop->follow->draft;

    return loop->connected && !loop->follow->stats.refusing
           && !draft_is_ready(draft) && draft->snapshot == DRAFT_CHANGES;
}


void
loop_ask(loop_t *loop)
{
    int64_t  full;

    if (feed_is_stream(loop->follow->feed)) {
        loop->noticed = 1;
        return;
    }

    full = loop->now > loop->share ? loop->now : loop->share;
    loop->full = loop->full < full ? loop->full : full;
}


void
loop_sweep(loop_t *loop)
{
    int            stale;
    int64_t        ms;
    follow_t      *follow;
    mta_sts_err_t  err;

    follow = loop->follow;

    if (leaving_sweep(follow, loop->fresh, &stale, &err) != MTA_STS_OK) {
        follow->stats.write_errors++;
        loop->dirty = 1;

        if (loop->sweep_backoff == 0) {
            say_error(&err);
        }

        loop->sweep = loop_back_off(loop, &loop->sweep_backoff);
        return;
    }

    loop->sweep_backoff = 0;

    if (stale) {
        loop_ask(loop);
        loop->sweep = feed_is_stream(follow->feed) ? loop->now : loop->full;
        return;
    }

    ms = (int64_t) follow->settings->grace * 1000 / 10;
    ms = ms < LOOP_SWEEP_MIN ? LOOP_SWEEP_MIN
         : ms > LOOP_SWEEP_MAX ? LOOP_SWEEP_MAX : ms;

    loop->sweep = loop->now + (follow->swept.len ? LOOP_SWEEP_MIN : ms);

    loop_count(loop);
}
