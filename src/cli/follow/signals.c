/*
 * Signals: the handler writes to a pipe, which ends poll().
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "follow.h"


static volatile sig_atomic_t  signals_stop;
static volatile sig_atomic_t  signals_reload;
static int                    signals_pipe[2];


static void
signals_handler(int signo)
{
    int  saved;

    saved = errno;

    /* only stores: another signal may interrupt this */

    if (signo == SIGTERM || signo == SIGINT) {
        signals_stop = 1;

    } else if (signo == SIGHUP) {
        signals_reload = 1;
    }

    (void) (write(signals_pipe[1], "", 1) == 1);

    errno = saved;
}


int
signals_init(mta_sts_err_t *err)
{
    size_t            i;
    struct sigaction  action;

    static const int  signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

    if (pipe(signals_pipe) == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "pipe()",
                                   mta_sts_str(""));
    }

    for (i = 0; i < 2; i++) {
        (void) fcntl(signals_pipe[i], F_SETFD, FD_CLOEXEC);
        (void) fcntl(signals_pipe[i], F_SETFL, O_NONBLOCK);
    }

    memset(&action, 0, sizeof(struct sigaction));
    action.sa_handler = signals_handler;

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void) sigaction(signals[i], &action, NULL);
    }

    action.sa_handler = SIG_IGN;
    (void) sigaction(SIGPIPE, &action, NULL);

    return MTA_STS_OK;
}


int
follow_stopped(void)
{
    return signals_stop;
}


int
signals_fd(void)
{
    return signals_pipe[0];
}


int
signals_hang_up(void)
{
    char  buf[64];
    int   reload;

    while (read(signals_pipe[0], buf, sizeof(buf)) > 0) {
        /* void */
    }

    /* what is read again comes after this: no signal is lost */

    reload = 0;

    if (signals_reload) {
        signals_reload = 0;
        reload = 1;
    }

    return reload;
}
