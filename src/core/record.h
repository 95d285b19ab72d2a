/*
 * The DNS records that belong to a policy domain: the policy's own TXT record
 * (RFC 8461, 3.1) and, where reports are wanted, that of TLSRPT (RFC 8460, 3).
 */

#ifndef MTA_STS_RECORD_H
#define MTA_STS_RECORD_H


#include "policy.h"


#define MTA_STS_RECORDS_MAX  2
#define MTA_STS_RECORD_TTL   3600           /* seconds */


typedef struct {
    mta_sts_str_t  label;                   /* "_mta-sts" or "_smtp._tls" */
    mta_sts_str_t  type;                    /* "TXT" */
    uint32_t       ttl;                     /* seconds */
    mta_sts_str_t  value;                   /* the text, unquoted, unsplit */
} mta_sts_record_t;


/*
 * Fills records, which has room for MTA_STS_RECORDS_MAX, from a rendered
 * policy and sets *n.  The owner of each is its label in front of the policy
 * domain.  Values live in env's memory.
 *
 * Errors: out of memory.
 */
int mta_sts_record_build(const mta_sts_policy_t *policy,
    const mta_sts_env_t *env, mta_sts_record_t *records, size_t *n,
    mta_sts_err_t *err);


#endif /* MTA_STS_RECORD_H */
