/*
 * The command of --exec: the domains that have changed on its standard input,
 * one per line.  One runs at a time; what changes meanwhile is for the next.
 * Domains that wait for it are in memo, also after a restart.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "follow.h"


/* Seconds until a command that failed is run again; doubled each time. */

#define EXEC_WAIT      10
#define EXEC_WAIT_MAX  3600


static void
exec_failed(follow_t *follow)
{
    follow->stats.exec_failures++;

    follow->exec_wait = follow->exec_wait ? 2 * follow->exec_wait : EXEC_WAIT;

    if (follow->exec_wait > EXEC_WAIT_MAX) {
        follow->exec_wait = EXEC_WAIT_MAX;
    }

    follow->exec_next = follow_clock() + 1000 * (int64_t) follow->exec_wait;
}


/* Becomes the command, in a child. */

static void
exec_child(const char *command, FILE *in)
{
    size_t            i;
    sigset_t          none;
    struct sigaction  action;

    static const int  signals[] = { SIGHUP, SIGTERM, SIGINT, SIGCHLD,
                                    SIGPIPE };

    memset(&action, 0, sizeof(struct sigaction));
    action.sa_handler = SIG_DFL;

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void) sigaction(signals[i], &action, NULL);
    }

    /* what the command starts ends with it, see exec_stop() */

    (void) setpgid(0, 0);

    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);

    (void) unsetenv("NOTIFY_SOCKET");

    /* the command has it as its standard input alone */

    if (fileno(in) != STDIN_FILENO) {
        (void) fcntl(fileno(in), F_SETFD, FD_CLOEXEC);
    }

    if (lseek(fileno(in), 0, SEEK_SET) == 0
        && dup2(fileno(in), STDIN_FILENO) != -1)
    {
        (void) execl("/bin/sh", "sh", "-c", command, (char *) NULL);
    }

    _exit(127);
}


/*
 * Which domains are to run now: those after a serial.  While others wait that
 * failed, new ones do not.  Returns -1 if there are none.
 */

static int64_t
exec_after(follow_t *follow)
{
    if (follow->settings->exec == NULL || follow->child
        || follow->stats.pending == 0)
    {
        return -1;
    }

    if (follow_clock() >= follow->exec_next) {
        return 0;
    }

    return follow->exec_failed
           && memo_last_pending(follow->memo) > follow->exec_failed
           ? follow->exec_failed : -1;
}


/* Runs the command with a file of the domains up to a serial. */

static void
exec_run(follow_t *follow, FILE *in, int64_t serial)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        exec_child(follow->settings->exec, in);
    }

    if (pid == -1) {
        say("cannot run --exec: fork() failed (%d: %s)", errno,
            strerror(errno));
        exec_failed(follow);
        return;
    }

    (void) setpgid(pid, pid);

    follow->child = pid;
    follow->serial = serial;
}


void
exec_start(follow_t *follow)
{
    int             errnum;
    FILE           *in;
    int64_t         after, serial;
    mta_sts_err_t   err;

    after = exec_after(follow);

    if (after == -1) {
        return;
    }

    /* a file: the command may read as slowly as it likes, or not at all */

    in = tmpfile();
    errnum = errno;
    serial = in ? memo_write_pending(follow->memo, after, in) : 0;

    if (memo_check(follow->memo, &err) != MTA_STS_OK) {
        say_error(&err);
        exec_failed(follow);
        serial = 0;
    }

    if (in && (fflush(in) != 0 || ferror(in))) {
        errnum = errno;
        (void) fclose(in);
        in = NULL;
    }

    if (in == NULL) {
        say("cannot run --exec: a temporary file cannot be written (%d: %s)",
            errnum, strerror(errnum));
        exec_failed(follow);
        return;
    }

    if (serial) {
        follow->exec_after = after;
        exec_run(follow, in, serial);
    }

    (void) fclose(in);
}


/* Seconds until all that wait are run again. */

static unsigned
exec_left(const follow_t *follow)
{
    int64_t  ms;

    ms = follow->exec_next - follow_clock();

    return ms > 0 ? (unsigned) ((ms + 999) / 1000) : 0;
}


void
exec_reap(follow_t *follow)
{
    int            status;
    char           when[32];
    mta_sts_err_t  err;

    if (follow->child == 0
        || waitpid(follow->child, &status, WNOHANG) != follow->child)
    {
        return;
    }

    follow->child = 0;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {

        if (follow->exec_after == 0) {
            follow->exec_wait = 0;
            follow->exec_failed = 0;
        }

        memo_begin(follow->memo);
        memo_delete_pending(follow->memo, follow->exec_after, follow->serial);

        if (memo_commit(follow->memo, &err) != MTA_STS_OK) {
            say_error(&err);
        }

    } else {
        follow->exec_failed = follow->serial;

        if (follow->exec_after == 0) {
            exec_failed(follow);

        } else {
            follow->stats.exec_failures++;
        }

        (void) snprintf(when, sizeof(when), "in %u seconds",
                        exec_left(follow));

        say("\"%s\" %s %d; it is run again for the same domains %s",
            follow->settings->exec,
            WIFEXITED(status) ? "ended with status" : "was ended by signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
            follow->settings->once ? "by the next --once" : when);
    }

    follow->stats.pending = memo_count_pending(follow->memo);
}


void
exec_stop(follow_t *follow)
{
    if (follow->child) {
        (void) kill(-follow->child, SIGTERM);
    }
}
