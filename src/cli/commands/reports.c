/*
 * mta-sts reports: a program of its own, so that only it loads what reads mail.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "command.h"


#define REPORTS_PROGRAM  "mta-sts-reports"


/* Where it may be: next to this program, as built, and as installed. */

int
command_reports(int argc, char **argv)
{
    char          *end, **args;
    size_t         i;
    ssize_t        n;
    mta_sts_buf_t  path;
    char           self[4096];

    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };

    static const char *const  places[] = {
        "/" REPORTS_PROGRAM, "/../libexec/mta-sts/" REPORTS_PROGRAM
    };

    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    n = n == -1 ? 0 : n;
    self[n] = '\0';

    end = strrchr(self, '/');

    if (end) {
        *end = '\0';
    }

    args = diag_calloc((size_t) argc + 1, sizeof(char *));
    memcpy(args, argv, (size_t) argc * sizeof(char *));

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        path = (mta_sts_buf_t) { &env, NULL, 0, 0, 0 };
        mta_sts_buf_add_cstr(&path, self);
        mta_sts_buf_add_cstr(&path, places[i]);

        (void) execv(mta_sts_str_copy(&env, mta_sts_buf_str(&path)).data, args);
    }

    say("cannot run \"%s%s\" (%d: %s)", self, places[1], errno,
        strerror(errno));

    free(args);
    mta_sts_arena_free(&arena);

    return COMMAND_UNKNOWN;
}
