/*
 * The files that a pattern matches.
 */

#ifndef MTA_STS_MATCH_H
#define MTA_STS_MATCH_H


#include "error.h"


/*
 * Gives the names that match a pattern of glob(), sorted, each with a NUL
 * behind it, in env's memory; no name at all is no error.  A folder that cannot
 * be read has no names, as with nginx; but not when that is for want of memory.
 *
 * Errors: glob() "PATTERN" failed, at place; out of memory.
 */
int mta_sts_match(const char *pattern, mta_sts_place_t place,
    const mta_sts_env_t *env, mta_sts_str_t **names, size_t *n,
    mta_sts_err_t *err);


#endif /* MTA_STS_MATCH_H */
