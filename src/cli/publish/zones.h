/*
 * The zones that exist, as --zone names them.
 */

#ifndef MTA_STS_ZONES_H
#define MTA_STS_ZONES_H


#include "../../core/error.h"


typedef struct {
    mta_sts_str_t  *apexes;               /* sorted, each once */
    size_t          n;
} zones_t;


/*
 * Makes zones of n values, in env's memory.
 *
 * Errors: invalid zone "VALUE", and the rule; out of memory.
 */
int zones_set(zones_t *zones, const mta_sts_value_t *values, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Finds the zone of a normalised name: of the apexes that are the name or
 * above it the longest.  NULL if there is none.
 */
const mta_sts_str_t *zones_find(const zones_t *zones, mta_sts_str_t name);


#endif /* MTA_STS_ZONES_H */
