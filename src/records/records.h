/*
 * The DNS records of a policy domain, as values, and as JSON.
 */

#ifndef MTA_STS_RECORDS_RECORDS_H
#define MTA_STS_RECORDS_RECORDS_H


#include <jansson.h>

#include "serve/table.h"


/* An address of the policy host, or the name that it is an alias of. */

typedef struct {
    mta_sts_str_t  type;                    /* "A", "AAAA" or "CNAME" */
    mta_sts_str_t  value;                   /* in its canonical spelling */
} mta_sts_target_t;


/*
 * Makes targets, which has room for n, of n values: IPv4 and IPv6 addresses
 * (RFC 5952), or one host name.  They are sorted by type, A first, and
 * deduplicated.  *count is their number; their text is in env's memory.  what
 * is for errors: what the values are.
 *
 * Errors, at a value's place: invalid WHAT "VALUE", and the rule; WHAT "VALUE"
 * is a name and must be the only one; out of memory.
 */
int mta_sts_target_set(const char *what, const mta_sts_value_t *values,
    size_t n, const mta_sts_env_t *env, mta_sts_target_t *targets,
    size_t *count, mta_sts_err_t *err);


/*
 * The records of a policy domain: the TXT record of MTA-STS (RFC 8461, 3.1); if
 * there are report URIs, that of TLSRPT (RFC 8460, 3); and those of the policy
 * host.
 *
 * If a domain is delegated (RFC 8461, 8.2), the TXT records are below a name of
 * the provider, who can change them, and the customer has aliases that never
 * change:
 *
 *     _mta-sts.DOMAIN    CNAME  DOMAIN._mta-sts.PROVIDER
 *     _smtp._tls.DOMAIN  CNAME  DOMAIN._smtp._tls.PROVIDER
 *     mta-sts.DOMAIN     CNAME  a target of the provider
 */


#define MTA_STS_RECORD_TTL      3600        /* seconds; the usual one */
#define MTA_STS_RECORD_TTL_MAX  2147483647  /* seconds; RFC 2181, 8 */


/* Names are absolute, without the dot at the end. */

typedef struct {
    mta_sts_str_t  name;                    /* the owner */
    mta_sts_str_t  type;                    /* "TXT", "A", "AAAA", "CNAME" */
    uint32_t       ttl;                     /* seconds */
    mta_sts_str_t  value;                   /* TXT: unquoted, unsplit */
} mta_sts_record_t;


/* The records to make. */

typedef struct {
    uint32_t                 ttl;           /* seconds */
    mta_sts_str_t            provider;      /* delegated to; or empty */
    int                      customer;      /* the customer's side of that */
    const mta_sts_target_t  *targets;       /* of the policy host */
    size_t                   n_targets;
} mta_sts_record_wanted_t;


/*
 * Makes the records of a domain in env's memory: MTA-STS, TLSRPT, then those of
 * the policy host, which the provider's side of a delegation has not.  A policy
 * host is not made an alias of itself.
 *
 * Errors: at the entry's place, domain "DOMAIN" is too long to be delegated to
 * "PROVIDER"; out of memory.
 */
int mta_sts_record_build(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, const mta_sts_env_t *env,
    mta_sts_record_t **records, size_t *n, mta_sts_err_t *err);


/*
 * Makes a JSON object of a domain and its n records, with the keys domain,
 * policy_host, mode, id, max_age (seconds), mx (a list) and records, each of
 * which has name, type, ttl (seconds) and value.  The caller owns it; env is
 * used during the call.  Returns NULL if an allocation failed.
 */
json_t *mta_sts_json_domain(const mta_sts_entry_t *entry,
    const mta_sts_record_t *records, size_t n, const mta_sts_env_t *env);


#endif /* MTA_STS_RECORDS_RECORDS_H */
