/*
 * A policy as it was fetched: what the RFC says of it (RFC 8461, 3.2, with
 * erratum 6253), and what real senders do.
 */

#ifndef MTA_STS_BODY_H
#define MTA_STS_BODY_H


#include "../../core/settings.h"
#include "finding.h"


#define BODY_MAX  65536               /* bytes that are read of one */


typedef struct {
    int              valid;           /* by the RFC */
    int              mode;            /* mta_sts_mode_e, or -1 */
    mta_sts_str_t   *mx;              /* the valid ones, in lower case */
    size_t           n;
} body_t;


/*
 * Parses text and adds what is wrong with it, each kind once; valid is told
 * also where there are findings of senders that are stricter.  The first of two
 * equal keys counts.  mx is in env's memory.  Returns MTA_STS_ERROR only when
 * memory ran out.
 */
int body_parse(body_t *body, mta_sts_str_t text, const mta_sts_env_t *env,
    findings_t *findings);

/* Does a host name in lower case match an mx pattern (RFC 8461, 4.1)? */
int body_mx_matches(mta_sts_str_t pattern, mta_sts_str_t host);


#endif /* MTA_STS_BODY_H */
