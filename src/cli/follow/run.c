/*
 * Waiting, and the end; what is done in between is in loop.c.
 */

#include <poll.h>
#include <unistd.h>

#include "cli/commands/command.h"
#include "cli/diag/diag.h"
#include "loop.h"


/* Tells systemd and Prometheus. */

static void
loop_tell(loop_t *loop)
{
    char       line[256];
    follow_t  *follow;

    follow = loop->follow;

    follow_say_more(follow, 0);

    /* there is something to serve, if only of an earlier time or damaged */

    if (!loop->ready
        && (follow->replica.image.data || follow->replica.damaged))
    {
        loop->ready = 1;
        notify("READY=1");
    }

    metrics_status(follow, line, sizeof(line));

    if (strcmp(line, loop->status) != 0) {
        memcpy(loop->status, line, sizeof(line));
        notify("STATUS=%s", line);
    }

    /* lines that do not come have not changed */

    if (feed_is_stream(follow->feed) && loop->connected
        && !draft_is_ready(&follow->draft))
    {
        follow->stats.success = follow_time();
    }

    if (loop->now >= loop->metrics + (loop->dirty ? 0 : LOOP_METRICS_MAX)) {
        loop->dirty = 0;
        loop->metrics = loop->now + LOOP_METRICS;
        metrics_write(follow);
    }

    if (notify_watchdog()) {
        notify("WATCHDOG=1");
    }
}


static int64_t
loop_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}


/* Has the source said that something has changed? */

static void
loop_notices(loop_t *loop)
{
    int            noticed;
    mta_sts_err_t  err;

    if (feed_notices(loop->follow->feed, &noticed, &err) != MTA_STS_OK) {
        loop_down(loop, &err);
        return;
    }

    loop->noticed |= noticed;
}


/* Waits for the source, a signal, or the next thing that is due. */

static void
loop_wait(loop_t *loop)
{
    int64_t         until;
    follow_t       *follow;
    struct pollfd   fds[2];

    follow = loop->follow;

    /* what came with the rows of a query does not end poll() */

    if (loop->connected && !feed_is_stream(follow->feed)
        && feed_fd(follow->feed) != -1)
    {
        loop_notices(loop);
    }

    until = loop_min(loop->metrics + LOOP_METRICS_MAX,
                     draft_is_ready(&follow->draft) ? loop->write
                                                    : loop->check);

    if (loop_may_sweep(loop)) {
        until = loop_min(until, loop->sweep);
    }

    if (follow->child == 0 && follow->stats.pending) {
        until = loop_min(until, loop->now + LOOP_EXEC);
    }

    if (loop->dirty) {
        until = loop_min(until, loop->metrics);
    }

    if (notify_watchdog()) {
        until = loop_min(until, loop->now + notify_watchdog());
    }

    fds[0].fd = signals_fd();
    fds[0].events = POLLIN;
    fds[1].fd = -1;
    fds[1].events = POLLIN;
    fds[1].revents = 0;

    if (draft_is_ready(&follow->draft)) {
        /* nothing is read before it is written */

    } else if (feed_is_stream(follow->feed)) {
        fds[1].fd = feed_fd(follow->feed);
        until = feed_more(follow->feed) ? loop->now : until;

    } else {
        until = loop_min(until, loop->full);

        if (loop->connected) {
            until = loop_min(until, loop->noticed ? loop->rest : loop->look);
            fds[1].fd = loop->noticed ? -1 : feed_fd(follow->feed);
        }
    }

    until = until > loop->now ? until - loop->now : 0;

    if (poll(fds, 2, (int) until) > 0 && fds[1].revents) {
        loop_notices(loop);
    }

    loop->now = follow_clock();
}


/* Has --once done what it is for, or has the input ended? */

static int
loop_is_done(const loop_t *loop)
{
    const follow_t  *follow;

    follow = loop->follow;

    if (feed_is_stream(follow->feed)) {
        return draft_is_ready(&follow->draft) ? follow->settings->once
                                              : feed_ended(follow->feed);
    }

    return follow->settings->once;
}


/* With --once, the command is waited for. */

static void
loop_exec_once(loop_t *loop)
{
    follow_t      *follow;
    struct pollfd  fd = { signals_fd(), POLLIN, 0 };

    follow = loop->follow;

    exec_start(follow);
    loop->failed |= follow->stats.pending && follow->child == 0;

    while (follow->child && !follow_stopped()) {
        (void) poll(&fd, 1, LOOP_EXEC);
        (void) signals_hang_up();
        exec_reap(follow);
        loop->failed |= follow->child == 0 && follow->stats.exec_failures;
    }
}


static int
loop_end(loop_t *loop)
{
    follow_t  *follow;

    follow = loop->follow;

    if (follow->settings->once && !follow_stopped()) {
        loop_exec_once(loop);
    }

    notify("STOPPING=1");
    follow_say_more(follow, 1);
    metrics_write(follow);

    if (draft_is_ready(&follow->draft)) {
        say("what was read last is not in the table");
        loop->unknown = 1;
    }

    exec_stop(follow);
    draft_reset(follow);

    if (!follow->settings->once) {
        return COMMAND_OK;
    }

    return loop->unknown ? COMMAND_UNKNOWN
           : loop->failed ? COMMAND_ERROR : COMMAND_OK;
}


int
follow_run(follow_t *follow)
{
    loop_t  loop;

    memset(&loop, 0, sizeof(loop_t));

    loop.follow = follow;
    loop.dirty = 1;
    loop.now = follow_clock();
    loop.sweep = loop.now;
    loop.noticed = 1;
    loop.seed[0] = (unsigned short) loop.now;
    loop.seed[1] = (unsigned short) getpid();

    leaving_clock(follow);
    draft_init(&follow->draft);
    draft_events(follow, &loop.events);
    loop_count(&loop);

    while (!follow_stopped()) {

        if (signals_hang_up()) {
            loop_hang_up(&loop);
        }

        exec_reap(follow);
        loop_step(&loop);

        if (!follow->settings->once) {
            exec_start(follow);
        }

        loop_tell(&loop);

        if (loop_is_done(&loop)) {
            break;
        }

        loop_wait(&loop);
    }

    return loop_end(&loop);
}
