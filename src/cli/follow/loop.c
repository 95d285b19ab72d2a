/*
 * What happens when: reads of the source, the table, those that leave, --exec.
 *
 * Nothing is read while what was read before is not written: a disk that is
 * full holds the source back, and loses nothing.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "loop.h"


/* A time, and up to a quarter less or more: not all nodes at once. */

static int64_t
loop_jitter(loop_t *loop, int64_t ms)
{
    return ms - ms / 4 + (int64_t) (erand48(loop->seed) * (double) (ms / 2));
}


int64_t
loop_back_off(loop_t *loop, unsigned *backoff)
{
    *backoff = *backoff ? 2 * *backoff : LOOP_BACKOFF;
    *backoff = *backoff < LOOP_BACKOFF_MAX ? *backoff : LOOP_BACKOFF_MAX;

    return loop->now + loop_jitter(loop, *backoff);
}


/* The source cannot be read. */

void
loop_down(loop_t *loop, const mta_sts_err_t *err)
{
    follow_t  *follow;

    follow = loop->follow;

    loop->connected = 0;
    loop->unknown = 1;
    loop->dirty = 1;
    loop->full = loop_back_off(loop, &loop->backoff);

    follow->stats.errors++;

    if (follow->stats.down == 0) {
        follow->stats.down = follow_time();
        say_error(err);
        say("the source is down: the table stays as it is");
    }
}


static void
loop_up(loop_t *loop)
{
    follow_t  *follow;

    follow = loop->follow;

    loop->connected |= !feed_is_stream(follow->feed);
    loop->backoff = 0;

    if (follow->stats.down) {
        say("the source is back after %lld seconds",
            (long long) (follow_time() - follow->stats.down));
        follow->stats.down = 0;
    }
}


/* Counts what is remembered. */

void
loop_count(loop_t *loop)
{
    int64_t        leaving;
    follow_t      *follow;
    mta_sts_err_t  err;

    follow = loop->follow;
    leaving = memo_count_leaving(follow->memo);

    loop->dirty |= leaving != follow->stats.leaving;
    follow->stats.leaving = leaving;

    if (follow->settings->exec) {
        follow->stats.pending = memo_count_pending(follow->memo);
    }

    if (memo_check(follow->memo, &err) != MTA_STS_OK) {
        say_error(&err);
    }
}


static void
loop_write_failed(loop_t *loop, const mta_sts_err_t *err)
{
    loop->follow->stats.write_errors++;
    loop->unknown = 1;

    if (loop->write_backoff == 0) {
        say_error(err);
        say("the table stays as it is; it is tried again");
    }

    loop->write = loop_back_off(loop, &loop->write_backoff);
}


/* Writes what was read, and counts. */

static void
loop_write(loop_t *loop)
{
    int              again, refused, refusing;
    draft_t         *draft;
    int64_t          now;
    uint64_t         bad, writes;
    follow_t        *follow;
    mta_sts_err_t    err;
    draft_snapshot_e snapshot;

    follow = loop->follow;
    draft = &follow->draft;
    again = draft->again;
    snapshot = draft->snapshot;
    bad = draft->n_bad;
    refusing = follow->stats.refusing;
    writes = follow->stats.writes + follow->stats.writes_changes;
    now = follow_time();

    loop->dirty = 1;

    if (apply_draft(follow, &refused, &err) != MTA_STS_OK) {
        loop_write_failed(loop, &err);
        return;
    }

    if (loop->write_backoff) {
        say("the table is written again");

        /* it is older than what the source has now: who left may be back */

        if (!feed_is_stream(follow->feed)) {
            loop->connected = 0;
            loop->full = loop->now;
        }
    }

    /* of lines; a SIGHUP or a damaged table says nothing of the source */

    loop->connected |= feed_is_stream(follow->feed) && !again
                       && !follow->replica.damaged;
    loop->write = 0;
    loop->write_backoff = 0;
    loop->unknown = 0;
    loop->failed |= refused || bad;

    if (follow->stats.writes + follow->stats.writes_changes != writes) {
        follow->stats.written = now;
    }

    if (snapshot != DRAFT_CHANGES) {
        follow->stats.bad_last = bad;

    } else if (follow->stats.refusing && !refusing) {
        loop->full = loop->now;
    }

    if (!refused) {
        follow->stats.success = now;

        if (snapshot != DRAFT_CHANGES) {
            follow->stats.full = now;
            follow->stats.refusing = 0;
            follow->allow = 0;
        }

        /* lines without a snapshot: once is the first time that some leave */

        if (follow->stats.removals && !feed_more(follow->feed)) {
            follow->allow = 0;
        }
    }

    loop_count(loop);
}


/* How long until everything is to be read again; a read took so long. */

static int64_t
loop_full_time(const loop_t *loop, int64_t took)
{
    int64_t                   ms;
    const follow_settings_t  *settings;

    settings = loop->follow->settings;
    ms = 1000 * (int64_t) (feed_has_changes(loop->follow->feed)
                           || settings->source.listen ? settings->full
                                                      : settings->every);

    return ms > LOOP_SHARE * took ? ms : LOOP_SHARE * took;
}


/*
 * When the next changes are looked for.  If there is no other way than to read
 * everything, only notices make it sooner, with a rest between reads.
 */

static void
loop_next_look(loop_t *loop, int64_t took)
{
    follow_t  *follow;

    follow = loop->follow;

    loop->now = follow_clock();
    loop->rest = loop->now + LOOP_NOTICE;
    loop->look = loop->now + 1000 * (int64_t) follow->settings->every;

    if (!feed_has_changes(follow->feed)) {
        loop->rest += took;
        loop->look = INT64_MAX;
    }
}


/* Reads everything. */

static void
loop_read(loop_t *loop)
{
    int            rc;
    int64_t        begin, took;
    follow_t      *follow;
    mta_sts_err_t  err;

    follow = loop->follow;
    begin = loop->now;

    follow->stats.reads++;
    loop->noticed = 0;
    loop->dirty = 1;

    rc = feed_read(follow->feed, &loop->events, &err);

    leaving_rest(follow);

    if (rc != MTA_STS_OK) {
        draft_reset(follow);

        if (!follow_stopped()) {
            loop_down(loop, &err);
        }

        return;
    }

    loop_up(loop);
    loop_write(loop);

    took = follow_clock() - begin;

    loop->fresh = 1;
    loop_next_look(loop, took);
    loop->share = loop->now + LOOP_SHARE * took;

    loop->full = loop->now + loop_jitter(loop, loop_full_time(loop, took));
}


/* Reads what has changed; of lines, all that there is. */

static void
loop_changes(loop_t *loop)
{
    int            rc;
    follow_t      *follow;
    mta_sts_err_t  err;

    follow = loop->follow;

    loop->noticed = 0;
    follow->stats.looks++;

    rc = feed_changes(follow->feed, &loop->events, &err);

    leaving_rest(follow);

    loop->failed |= follow->lost;
    follow->lost = 0;

    if (rc != MTA_STS_OK && feed_is_stream(follow->feed)) {
        loop->failed = 1;
        say_error(&err);

    } else if (rc != MTA_STS_OK) {
        draft_reset(follow);
        loop_down(loop, &err);
        return;
    }

    loop_up(loop);

    if (follow->draft.ask) {
        loop_ask(loop);
    }

    if (draft_is_ready(&follow->draft)) {
        loop_write(loop);

    } else if (follow->draft.snapshot == DRAFT_CHANGES) {
        loop->failed |= follow->draft.n_bad != 0;
        loop->dirty |= follow->draft.n_bad != 0;

        if (!feed_is_stream(follow->feed)) {
            follow->stats.success = follow_time();
            loop->dirty = 1;
        }

        draft_reset(follow);
    }

    loop->fresh = feed_is_stream(follow->feed) && !feed_more(follow->feed);
    loop_next_look(loop, 0);
}


/* SIGHUP: the file of policies again, and everything of the source. */

void
loop_hang_up(loop_t *loop)
{
    follow_t       *follow;
    mta_sts_err_t   err;

    follow = loop->follow;

    notify("RELOADING=1\nMONOTONIC_USEC=%lld",
           (long long) follow_clock() * 1000);

    if (rows_open(&follow->rows, &err) != MTA_STS_OK) {
        say_error(&err);
        say("the policies stay as they are");

    } else {
        say("the policies were read again");
    }

    loop->again = 1;

    notify("READY=1");
}


/* Applies the policies that were read again to all domains. */

static void
loop_again(loop_t *loop)
{
    mta_sts_err_t  err;

    loop->again = 0;

    if (!feed_is_stream(loop->follow->feed)) {
        loop->full = loop->now;

    } else if (draft_again(loop->follow, &err) != MTA_STS_OK) {
        say_error(&err);
        draft_reset(loop->follow);
    }

    leaving_rest(loop->follow);
}


/* Writes the table again if another process has replaced or removed it. */

static void
loop_check(loop_t *loop)
{
    follow_t       *follow;
    mta_sts_err_t   err;

    follow = loop->follow;

    if (loop->now < loop->check || draft_is_ready(&follow->draft)) {
        return;
    }

    loop->check = loop->now + LOOP_CHECK;

    if (replica_look(&follow->replica, &err) == MTA_STS_OK
        && (!follow->replica.strange
            || apply_again(follow, &err) == MTA_STS_OK))
    {
        loop->check_failed = 0;
        return;
    }

    if (!loop->check_failed) {
        say_error(&err);
    }

    loop->check_failed = 1;
    loop->dirty = 1;
    follow->stats.write_errors++;
}


/* Does what is due, the most urgent thing. */

void
loop_step(loop_t *loop)
{
    follow_t  *follow;

    follow = loop->follow;

    if (loop->again && !draft_is_ready(&follow->draft)
        && follow->draft.snapshot == DRAFT_CHANGES)
    {
        loop_again(loop);
    }

    if (draft_is_ready(&follow->draft)) {
        if (loop->now >= loop->write) {
            loop_write(loop);
        }

    } else if (feed_is_stream(follow->feed)) {
        if (loop->noticed || feed_more(follow->feed)) {
            loop_changes(loop);
        }

    } else if (loop->now >= loop->full) {
        loop_read(loop);

    } else if (loop->connected
               && ((loop->noticed && loop->now >= loop->rest)
                   || loop->now >= loop->look))
    {
        if (feed_has_changes(follow->feed)) {
            loop_changes(loop);

        } else if (loop->noticed) {
            loop_read(loop);
        }
    }

    if (loop->now >= loop->sweep && loop_may_sweep(loop)) {
        loop_sweep(loop);
    }

    loop->fresh = 0;

    loop_check(loop);

    /* what was refused is read again; lines are not there any more */

    if (loop->damaged && !follow->replica.damaged) {
        loop->full = loop->now;
        loop->dirty = 1;
    }

    loop->damaged = follow->replica.damaged;
}
