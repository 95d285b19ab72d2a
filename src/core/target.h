/*
 * How a policy host resolves: addresses, or a name that it is an alias of.
 */

#ifndef MTA_STS_TARGET_H
#define MTA_STS_TARGET_H


#include "error.h"


typedef struct {
    mta_sts_str_t  type;                    /* "A", "AAAA" or "CNAME" */
    mta_sts_str_t  value;                   /* in its canonical spelling */
} mta_sts_target_t;


/*
 * Makes targets, which has room for n, of n values: IPv4 and IPv6 addresses
 * (RFC 5952), or one host name.  Those of a type come together, A first;
 * an address that comes twice is kept once.  *count is how many there are,
 * and their text lives in env's memory.
 *
 * Errors, at a value's place: invalid WHAT "VALUE", and the rule; WHAT "VALUE"
 * is a name and must be the only one, where what says what the values are;
 * out of memory.
 */
int mta_sts_target_set(const char *what, const mta_sts_value_t *values,
    size_t n, const mta_sts_env_t *env, mta_sts_target_t *targets,
    size_t *count, mta_sts_err_t *err);


#endif /* MTA_STS_TARGET_H */
