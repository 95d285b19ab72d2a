/*
 * The lock of a table's folder: of those that write the table, and of who
 * removes what they may have left.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "table.h"


#define LOCK_WAIT   60000             /* milliseconds */
#define LOCK_SLEEP  20


/* Takes the lock of a folder that is open; returns 0 if it takes too long. */

static int
lock_wait(int fd)
{
    int              waited;
    struct timespec  sleep = { 0, LOCK_SLEEP * 1000000L };

    for (waited = 0; waited < LOCK_WAIT; waited += LOCK_SLEEP) {

        /* there are file systems without locks of folders */

        if (flock(fd, LOCK_EX|LOCK_NB) == 0
            || (errno != EWOULDBLOCK && errno != EINTR))
        {
            return 1;
        }

        (void) nanosleep(&sleep, NULL);
    }

    return 0;
}


int
table_lock(mta_sts_str_t name, mta_sts_err_t *err)
{
    int              fd;
    mta_sts_str_t    folder, base;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };

    folder = table_folder(name, &base, &env);

    fd = open(folder.data, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()", folder);

    } else if (!lock_wait(fd)) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "another process holds the "
                             "lock of \"%.*s\"", MTA_STS_SHOW(folder));
        (void) close(fd);
        fd = -1;
    }

    mta_sts_arena_free(&arena);

    return fd;
}
