/*
 * An error, or a warning, with its place.
 *
 * A function that can fail returns MTA_STS_OK or MTA_STS_ERROR; the deepest
 * function that knows what is wrong fills the error, once.
 */

#ifndef MTA_STS_ERROR_H
#define MTA_STS_ERROR_H


#include <stdarg.h>

#include "text.h"


#define MTA_STS_OK      0
#define MTA_STS_ERROR  -1


/*
 * Where something stands: line and column count from 1, the column in bytes, or
 * in YAML in characters; 0 is "not known".  file is empty where the text came
 * from no file.
 */

typedef struct {
    mta_sts_str_t  file;
    unsigned       line;
    unsigned       column;
} mta_sts_place_t;


/* The place of what came from no file, such as the command line. */

#define MTA_STS_NOWHERE  ((mta_sts_place_t) { { NULL, 0 }, 0, 0 })


/* A word of a configuration or of a command line, and where it stands. */

typedef struct {
    mta_sts_str_t    text;
    mta_sts_place_t  place;
} mta_sts_value_t;


typedef struct mta_sts_err_s {
    mta_sts_place_t  place;
    char             text[512];     /* NUL-terminated, printable */
    int              memory;        /* it ran out */
} mta_sts_err_t;


/*
 * For "%.*s": a slice, cut after 100 bytes so that a value of megabytes does
 * not push the rule that it breaks out of the message; but not in the middle of
 * a UTF-8 character.
 */

#define MTA_STS_SHOW(str)                                                     \
    (int) mta_sts_str_cut(str, 100), (str).len ? (str).data : ""


/*
 * Fills err; the place is copied, its file name is not.  Bytes that would
 * steer a terminal become "?".  Returns MTA_STS_ERROR, so that a caller can
 * return it.
 */
int mta_sts_error(mta_sts_err_t *err, mta_sts_place_t place, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* The same for a function that has such arguments itself. */
int mta_sts_error_args(mta_sts_err_t *err, mta_sts_place_t place,
    const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

/* Fills err with "out of memory" and no place; returns MTA_STS_ERROR. */
int mta_sts_error_memory(mta_sts_err_t *err);

/*
 * Fills err with: CALL "NAME" failed (ERRNO: TEXT), of errno; returns
 * MTA_STS_ERROR.
 */
int mta_sts_error_errno(mta_sts_err_t *err, mta_sts_place_t place,
    const char *call, mta_sts_str_t name);

/* Makes a warning of fmt and tells it to env->warn. */
void mta_sts_warn(const mta_sts_env_t *env, mta_sts_place_t place,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));


#endif /* MTA_STS_ERROR_H */
