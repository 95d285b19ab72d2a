/*
 * Errors and warnings are made here; they are printed or logged elsewhere.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "error.h"


/* Takes a UTF-8 character off the end of text that is not whole. */

static void
error_trim(char *text, size_t len)
{
    size_t         i, size;
    unsigned char  ch;

    for (i = len; i > 1 && len - i < 3; i--) {
        if (((unsigned char) text[i - 1] & 0xc0) != 0x80) {
            break;
        }
    }

    ch = (unsigned char) text[i - 1];
    size = ch >= 0xf0 ? 4 : ch >= 0xe0 ? 3 : ch >= 0xc0 ? 2 : 1;

    if (i - 1 + size > len) {
        text[i - 1] = '\0';
    }
}


static void
error_fill(mta_sts_err_t *err, mta_sts_place_t place, const char *fmt,
    va_list args)
{
    size_t          len;
    unsigned char  *p;

    err->place = place;
    err->memory = 0;

    (void) vsnprintf(err->text, sizeof(err->text), fmt, args);

    len = strlen(err->text);

    if (len == sizeof(err->text) - 1) {
        error_trim(err->text, len);
    }

    for (p = (unsigned char *) err->text; *p; p++) {
        if (*p < ' ' || *p == 0x7f) {
            *p = '?';
        }

        /* U+0080 to U+009F */

        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
            p[0] = '?';
            p[1] = '?';
        }
    }
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

    return mta_sts_error(err, place, "%s \"%.*s\" failed (%d: %s)", call,
                         MTA_STS_SHOW(name), errnum, strerror(errnum));
}


void
mta_sts_warn(const mta_sts_env_t *env, mta_sts_place_t place,
    const char *fmt, ...)
{
    va_list        args;
    mta_sts_err_t  warning;

    va_start(args, fmt);
    error_fill(&warning, place, fmt, args);
    va_end(args);

    env->warn(env->ctx, &warning);
}
