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


void
exec_start(follow_t *follow)
{
    FILE           *in;
    pid_t           pid;
    int64_t         serial;
    mta_sts_err_t   err;

    if (follow->settings->exec == NULL || follow->child
        || follow->stats.pending == 0 || follow_clock() < follow->exec_next)
    {
        return;
    }

    /* a file: the command may read as slowly as it likes, or not at all */

    in = tmpfile();
    serial = in ? memo_write_pending(follow->memo, in) : 0;

    if (memo_check(follow->memo, &err) != MTA_STS_OK) {
        say_error(&err);
        exec_failed(follow);
        serial = 0;
    }

    if (in == NULL || fflush(in) != 0 || ferror(in)) {
        say("cannot run --exec: a temporary file cannot be written (%d: %s)",
            errno, strerror(errno));
        exec_failed(follow);

        if (in) {
            (void) fclose(in);
        }

        return;
    }

    if (serial) {
        pid = fork();

        if (pid == 0) {
            exec_child(follow->settings->exec, in);
        }

        if (pid == -1) {
            say("cannot run --exec: fork() failed (%d: %s)", errno,
                strerror(errno));
            exec_failed(follow);

        } else {
            follow->child = pid;
            follow->serial = serial;
        }
    }

    (void) fclose(in);
}


void
exec_reap(follow_t *follow)
{
    int            status;
    mta_sts_err_t  err;

    if (follow->child == 0
        || waitpid(follow->child, &status, WNOHANG) != follow->child)
    {
        return;
    }

    follow->child = 0;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        follow->exec_wait = 0;

        memo_begin(follow->memo);
        memo_delete_pending(follow->memo, follow->serial);

        if (memo_commit(follow->memo, &err) != MTA_STS_OK) {
            say_error(&err);
        }

    } else {
        exec_failed(follow);

        say("\"%s\" %s %d; it is run again for the same domains in %u seconds",
            follow->settings->exec,
            WIFEXITED(status) ? "ended with status" : "was ended by signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
            follow->exec_wait);
    }

    follow->stats.pending = memo_count_pending(follow->memo);
}


void
exec_stop(follow_t *follow)
{
    if (follow->child) {
        (void) kill(follow->child, SIGTERM);
    }
}
