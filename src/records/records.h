/*
 * The DNS records of a policy domain, as values: the policy's own TXT record
 * (RFC 8461, 3.1), that of TLSRPT (RFC 8460, 3) and the addresses, or the
 * alias, of the policy host.
 *
 * Where a domain is delegated (RFC 8461, 8.2), the TXT records are below a name
 * of the delegate, who alone changes them, and the customer has aliases that
 * never change:
 *     _mta-sts.DOMAIN    CNAME  DOMAIN._mta-sts.DELEGATE
 *     _smtp._tls.DOMAIN  CNAME  DOMAIN._smtp._tls.DELEGATE
 *     mta-sts.DOMAIN     CNAME  a policy host of the delegate
 */

#ifndef MTA_STS_RECORDS_RECORDS_H
#define MTA_STS_RECORDS_RECORDS_H


#include "base/base.h"
#include "serve/table.h"


/* What a policy host resolves to: an address, or a name (an alias). */

typedef struct {
    mta_sts_str_t  type;                    /* "A", "AAAA" or "CNAME" */
    mta_sts_str_t  value;                   /* in its canonical spelling */
} mta_sts_target_t;


/*
 * Makes targets, which has room for n, of n values: IPv4 and IPv6 addresses
 * (RFC 5952), or one host name.  Targets of one type are adjacent, A first;
 * a repeated address is kept once.  *count is their number, and their text is
 * in env's memory.  what is the name of the values in messages.
 *
 * Errors, at a value's place: invalid WHAT "VALUE", and the rule; WHAT "VALUE"
 * is a name and must be the only one; out of memory.
 */
int mta_sts_target_set(const char *what, const mta_sts_value_t *values,
    size_t n, const mta_sts_env_t *env, mta_sts_target_t *targets,
    size_t *count, mta_sts_err_t *err);


#define MTA_STS_RECORD_TTL      3600        /* seconds; the default */
#define MTA_STS_RECORD_TTL_MAX  2147483647  /* seconds; RFC 2181, 8 */


/* What a record is for; a mask. */

typedef enum {
    MTA_STS_RECORD_POLICY = 1,              /* at _mta-sts */
    MTA_STS_RECORD_TLSRPT = 2,              /* at _smtp._tls */
    MTA_STS_RECORD_ADDRESS = 4              /* at the policy host */
} mta_sts_record_kind_e;

#define MTA_STS_RECORD_ALL  7


/* Names are absolute, without the final dot. */

typedef struct {
    mta_sts_record_kind_e  kind;
    mta_sts_str_t          name;            /* the owner */
    mta_sts_str_t          type;            /* "TXT", "A", "AAAA", "CNAME" */
    uint32_t               ttl;             /* seconds */
    mta_sts_str_t          value;           /* TXT: unquoted, unsplit */
} mta_sts_record_t;


/* Which records are wanted. */

typedef struct {
    unsigned                 kinds;         /* a mask; 0 is all */
    uint32_t                 ttl;           /* seconds */
    mta_sts_str_t            delegate;      /* or empty */
    int                      customer;      /* the customer's aliases to it */
    const mta_sts_target_t  *targets;       /* of the policy host */
    size_t                   n_targets;
} mta_sts_record_wanted_t;


/*
 * Verifies that the names of a domain's records are not too long.
 *
 * Errors, at the entry's place: domain "DOMAIN" is too long to be delegated to
 * "DELEGATE".
 */
int mta_sts_record_check(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, mta_sts_err_t *err);

/*
 * Gives the owner name of a domain's records of one kind, in env's memory; it
 * is empty where no such record is wanted.  A policy host is not made an alias
 * of itself.
 *
 * Errors: out of memory.
 */
int mta_sts_record_owner(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, mta_sts_record_kind_e kind,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err);

/* Is there an alias at the name of that kind? */
int mta_sts_record_is_alias(const mta_sts_record_wanted_t *wanted,
    mta_sts_record_kind_e kind);

/*
 * Gives the records of a domain, for which mta_sts_record_check() is OK, in
 * env's memory: by kind, and those of one name and type adjacent.
 *
 * Errors: out of memory.
 */
int mta_sts_record_build(const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted, const mta_sts_env_t *env,
    mta_sts_record_t **records, size_t *n, mta_sts_err_t *err);


#endif /* MTA_STS_RECORDS_RECORDS_H */
