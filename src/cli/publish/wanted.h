/*
 * Which records are wanted, of the command line.
 */

#ifndef MTA_STS_WANTED_H
#define MTA_STS_WANTED_H


#include "../../core/record.h"
#include "../options.h"


/*
 * Makes wanted of --ttl, --delegate, --customer and --policy-host, in env's
 * memory.
 *
 * Errors: invalid ttl "VALUE", and the rule; options that do not go together;
 * those of mta_sts_target_set() and mta_sts_name_zone().
 */
int wanted_set(mta_sts_record_wanted_t *wanted, const options_t *options,
    const mta_sts_env_t *env, mta_sts_err_t *err);


#endif /* MTA_STS_WANTED_H */
