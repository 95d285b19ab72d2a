/*
 * What one address of a policy host gives to a sender.
 */

#ifndef MTA_STS_SERVED_H
#define MTA_STS_SERVED_H


#include "../../core/policy.h"
#include "body.h"
#include "fetch.h"


/*
 * Adds what is wrong with a transfer that has ended; policy is the configured
 * one, or NULL.  Gives the body where there is one that a sender would read,
 * which is valid as long as fetch; its data is NULL otherwise.
 */
void served_findings(const fetch_t *fetch, const mta_sts_policy_t *policy,
    time_t now, findings_t *findings, mta_sts_str_t *body);

/* Is it worth another try with TLS 1.3? */
int served_wants_tls13(const fetch_t *fetch);


#endif /* MTA_STS_SERVED_H */
