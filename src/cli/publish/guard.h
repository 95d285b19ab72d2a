/*
 * The record must not run ahead of the policy (RFC 8461, 8.1).
 */

#ifndef MTA_STS_GUARD_H
#define MTA_STS_GUARD_H


#include "../check/check.h"


/*
 * Keeps of n entries those whose policy host serves the configured policy, byte
 * for byte, on every address, and says what is in the way of the others.
 *
 * Errors: those of check_run().
 */
int guard_served(mta_sts_entry_t *entries, size_t *n,
    const net_settings_t *settings, mta_sts_err_t *err);


#endif /* MTA_STS_GUARD_H */
