/*
 * A list of texts and the places they were configured at.
 */

#ifndef MTA_STS_VALUES_H
#define MTA_STS_VALUES_H


#include "error.h"


/* Zero one to begin with. */

typedef struct {
    mta_sts_value_t  *elts;
    size_t            n;
    size_t            size;
    size_t            bytes;                 /* of all texts together */
} mta_sts_values_t;


/*
 * Appends text, which is in env's memory, with the place it came from.
 *
 * Errors: out of memory.
 */
int mta_sts_values_add(mta_sts_values_t *values, mta_sts_str_t text,
    mta_sts_place_t place, const mta_sts_env_t *env, mta_sts_err_t *err);


#endif /* MTA_STS_VALUES_H */
