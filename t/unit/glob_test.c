/*
 * The files that match a pattern: their order, no match, and a failed
 * allocation, after which no file may be missing silently.
 */

#include <errno.h>
#include <glob.h>

#include "base/base.h"
#include "tap.h"


static int              glob_fails;    /* what glob() returns; 0: as libc's */
static size_t           n;
static mta_sts_str_t   *names;


/* Whether glob() ends where a folder cannot be read is for its errfunc. */

int
glob(const char *pattern, int flags,
    int (*errfunc)(const char *path, int errnum), glob_t *gl)
{
    size_t        i;
    static char  *paths[] = { "/a/1", "/a/2", NULL };

    (void) pattern;

    if (glob_fails == GLOB_ABORTED) {
        return errfunc("/a", EACCES) && flags == 0 ? GLOB_ABORTED : 0;
    }

    if (glob_fails) {
        return glob_fails;
    }

    if (errfunc("/b", ENOENT) != 0) {
        return GLOB_ABORTED;
    }

    gl->gl_pathv = calloc(3, sizeof(char *));

    for (i = 0; i < 2; i++) {
        gl->gl_pathv[i] = strdup(paths[i]);
    }

    gl->gl_pathc = 2;

    return 0;
}


static int
match(void)
{
    return mta_sts_glob("/a/*", MTA_STS_NOWHERE, &test.env, &names, &n,
                         &test.err);
}


int
main(void)
{
    test_begin(0);

    is_int(match(), MTA_STS_OK, "a folder that is gone meanwhile is none");
    is_int((long long) n, 2, "two names");
    is_str(names[1], mta_sts_str("/a/2"), "with their folder");
    is_int(names[1].data[4], '\0', "and a NUL");

    glob_fails = GLOB_NOMATCH;
    is_int(match(), MTA_STS_OK, "no name is no error");
    is_int((long long) n, 0, "but none");

    glob_fails = GLOB_ABORTED;
    is_int(match(), MTA_STS_ERROR, "a folder that cannot be read is an error");
    is_err(&test.err, 0, 0, "open() \"/a/\" failed (2: No such file or "
           "directory)");

    glob_fails = GLOB_NOSPACE;
    is_int(match(), MTA_STS_ERROR, "names without memory for them, too");
    is_err(&test.err, 0, 0, "out of memory");

    glob_fails = -1;
    is_int(match(), MTA_STS_ERROR, "what else fails");
    is_err(&test.err, 0, 0, "glob() \"/a/*\" failed");

    glob_fails = 0;
    test_memory(match, "match");

    return done();
}
