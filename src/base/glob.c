/*
 * glob(), with an eye on memory: by itself it takes a folder for which there is
 * none for an empty one, and half of a configuration would be a whole one.
 */

#include <errno.h>
#include <glob.h>

#include "file.h"


/* For a folder that cannot be read; what is not 0 ends glob(). */

static int
match_error(const char *path, int errnum)
{
    (void) path;

    return errnum == ENOMEM;
}


static int
match_copy(const glob_t *gl, const mta_sts_env_t *env, mta_sts_str_t **names,
    size_t *n, mta_sts_err_t *err)
{
    size_t  i;

    *n = gl->gl_pathc;
    *names = env->alloc(env->ctx, (*n + 1) * sizeof(mta_sts_str_t));

    if (*names == NULL) {
        return mta_sts_error_memory(err);
    }

    for (i = 0; i < *n; i++) {
        (*names)[i] = mta_sts_str_copy(env,
                                       mta_sts_str_from(gl->gl_pathv[i]));

        if ((*names)[i].data == NULL) {
            return mta_sts_error_memory(err);
        }
    }

    return MTA_STS_OK;
}


int
mta_sts_glob(const char *pattern, mta_sts_place_t place,
    const mta_sts_env_t *env, mta_sts_str_t **names, size_t *n,
    mta_sts_err_t *err)
{
    int     rc;
    glob_t  gl;

    memset(&gl, 0, sizeof(glob_t));

    rc = glob(pattern, 0, match_error, &gl);

    /* glibc has given back what there was */

    if (rc == GLOB_NOSPACE || rc == GLOB_ABORTED) {
        return mta_sts_error_memory(err);
    }

    if (rc != 0 && rc != GLOB_NOMATCH) {
        return mta_sts_error(err, place, "glob() \"%.*s\" failed",
                             MTA_STS_SHOW(mta_sts_str_from(pattern)));
    }

    rc = match_copy(&gl, env, names, n, err);

    globfree(&gl);

    return rc;
}
