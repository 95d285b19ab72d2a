/*
 * A file, read piece by piece, so that its size does not matter; or a text.
 */

#ifndef MTA_STS_BASE_FILE_H
#define MTA_STS_BASE_FILE_H


#include <sys/stat.h>

#include "base.h"


typedef struct {
    mta_sts_str_t  name;
    mta_sts_str_t  text;          /* where there is no file */
    int            fd;            /* or -1 */
    size_t         offset;        /* of the next byte to be read */
    struct stat    st;            /* as it was when it was opened */
} mta_sts_input_t;


/*
 * Opens a regular file; name is followed by a NUL and must live as long as
 * input and the errors about it.
 *
 * Errors, at the given place, that of the directive: open() or fstat() "NAME"
 * failed (ERRNO: TEXT); "NAME" is a directory; "NAME" is not a regular file.
 */
int mta_sts_input_open(mta_sts_input_t *input, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_err_t *err);

/* Reads a text that is there already under the name of a file. */
void mta_sts_input_text(mta_sts_input_t *input, mta_sts_str_t name,
    mta_sts_str_t text);

/*
 * Reads at most size bytes to buf and sets *n, to 0 at the end.
 *
 * Errors: read() "NAME" failed (ERRNO: TEXT); "NAME" was changed while it was
 * being read, when it does not end where it did when it was opened, or has
 * been written to since.
 */
int mta_sts_input_read(mta_sts_input_t *input, char *buf, size_t size,
    size_t *n, mta_sts_err_t *err);

/*
 * Goes back to the beginning.
 *
 * Errors: lseek() "NAME" failed (ERRNO: TEXT).
 */
int mta_sts_input_rewind(mta_sts_input_t *input, mta_sts_err_t *err);

/*
 * Tells line and column, in characters, of a byte of the input; what cannot be
 * read any more is not known.  The position for reading moves.
 */
mta_sts_place_t mta_sts_input_place(mta_sts_input_t *input, size_t offset);

void mta_sts_input_close(mta_sts_input_t *input);


/*
 * The files that a pattern matches.
 */


/*
 * Gives the names that match a pattern of glob(), sorted, each with a NUL
 * behind it, in env's memory; no name at all is no error.  A folder that cannot
 * be read has no names, as with nginx; but not when that is for want of memory.
 *
 * Errors: glob() "PATTERN" failed, at place; out of memory.
 */
int mta_sts_glob(const char *pattern, mta_sts_place_t place,
    const mta_sts_env_t *env, mta_sts_str_t **names, size_t *n,
    mta_sts_err_t *err);


#endif /* MTA_STS_BASE_FILE_H */
