/*
 * Filling errors and warnings; printing and logging them is the caller's.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base.h"


static void
error_fill(mta_sts_err_t *err, mta_sts_place_t place, const char *fmt,
    va_list args)
{
    char    text[sizeof(err->text) + 1];
    size_t  len;

    err->place = place;
    err->memory = 0;
    err->errnum = 0;

    /* one byte more, to see whether a UTF-8 character is cut */

    (void) vsnprintf(text, sizeof(text), fmt, args);

    len = mta_sts_str_cut(mta_sts_str_from(text), sizeof(err->text) - 1);

    memcpy(err->text, text, len);
    err->text[len] = '\0';

    mta_sts_str_clean(err->text, len);
}


int
mta_sts_error_args(mta_sts_err_t *err, mta_sts_place_t place, const char *fmt,
    va_list args)
{
    error_fill(err, place, fmt, args);

    return MTA_STS_ERROR;
}


int
mta_sts_error(mta_sts_err_t *err, mta_sts_place_t place, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    error_fill(err, place, fmt, args);
    va_end(args);

    return MTA_STS_ERROR;
}


int
mta_sts_error_memory(mta_sts_err_t *err)
{
    (void) mta_sts_error(err, MTA_STS_NOWHERE, "out of memory");
    err->memory = 1;

    return MTA_STS_ERROR;
}


int
mta_sts_error_errno(mta_sts_err_t *err, mta_sts_place_t place,
    const char *call, mta_sts_str_t name)
{
    int  errnum;

    errnum = errno;

    (void) mta_sts_error(err, place, "%s \"%.*s\" failed (%d: %s)", call,
                         MTA_STS_SHOW(name), errnum, strerror(errnum));
    err->errnum = errnum;

    return MTA_STS_ERROR;
}


void
mta_sts_warn(const mta_sts_env_t *env, mta_sts_place_t place,
    const char *fmt, ...)
{
    va_list        args;
    mta_sts_err_t  warning;

    if (env->warn == NULL) {
        return;
    }

    va_start(args, fmt);
    error_fill(&warning, place, fmt, args);
    va_end(args);

    env->warn(env->ctx, &warning);
}
