/*
 * The commands that are programs of their own, so that only they load libraries
 * that no other command needs: what reads mail, and databases.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "command.h"


/*
 * Where they may be: next to this program, as built, and next to its folder, as
 * installed.
 */

static const char *const  program_places[] = {
    "/mta-sts-", "/libexec/mta-sts/mta-sts-"
};


int
command_program(int argc, char **argv)
{
    char          *end, **args;
    size_t         i;
    ssize_t        n;
    mta_sts_str_t  path;
    char           self[4096];

    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };

    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    n = n == -1 ? 0 : n;
    self[n] = '\0';

    args = diag_calloc((size_t) argc + 1, sizeof(char *));
    memcpy(args, argv, (size_t) argc * sizeof(char *));

    for (i = 0; i < sizeof(program_places) / sizeof(program_places[0]); i++) {
        mta_sts_buf_t  buf = { &env, NULL, 0, 0, 0 };

        end = strrchr(self, '/');

        if (end) {
            *end = '\0';
        }

        mta_sts_buf_add_cstr(&buf, self);
        mta_sts_buf_add_cstr(&buf, program_places[i]);
        mta_sts_buf_add_cstr(&buf, argv[0]);

        path = mta_sts_str_copy(&env, mta_sts_buf_str(&buf));

        (void) execv(path.data, args);
    }

    say("cannot run \"%s\" (%d: %s)%s%s", path.data, errno, strerror(errno),
        errno == ENOENT ? ", install the package mta-sts-" : "",
        errno == ENOENT ? argv[0] : "");

    free(args);
    mta_sts_arena_free(&arena);

    return COMMAND_UNKNOWN;
}


int
command_pipe_status(int argc, char **argv, int status)
{
    int  i;

    for (i = 1; i < argc && status; i++) {
        if (strcmp(argv[i], "--pipe") == 0) {
            return EX_TEMPFAIL;
        }
    }

    return status;
}


int
command_run(const command_t *command, int argc, char **argv,
    const mta_sts_env_t *env)
{
    options_t  options;

    if (options_parse(&options, argc, argv, command, env) != MTA_STS_OK) {
        return COMMAND_USAGE;
    }

    if (options.help) {
        command_usage(stdout, command);
        return COMMAND_OK;
    }

    return command->run(&options, env);
}


int
command_main(int argc, char **argv, const command_t *command)
{
    int              status;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena,
                             site_is_public_suffix };

    diag_no_memory_status(command_pipe_status(argc, argv, DIAG_NO_MEMORY));

    status = command_run(command, argc, argv, &env);

    mta_sts_arena_free(&arena);

    return command_pipe_status(argc, argv, command_finish(status));
}


int
command_finish(int status)
{
    int            failed;
    struct pollfd  pipe = { STDOUT_FILENO, POLLOUT, 0 };

    failed = ferror(stdout);
    errno = 0;

    if (fflush(stdout) == 0 && !failed && fclose(stdout) == 0) {
        return status;
    }

    if (poll(&pipe, 1, 0) != 1 || !(pipe.revents & POLLERR)) {
        say("write error on standard output%s%s", errno ? ": " : "",
            errno ? strerror(errno) : "");
    }

    return COMMAND_ERROR;
}
