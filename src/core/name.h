/*
 * Domain names: how they are normalised and which are accepted.
 *
 * A normalised name is ASCII, lower case, made of A-labels (RFC 5890) and has
 * no trailing dot.  It consists of labels of 1 to 63 letters, digits and "-"
 * and has at most 253 characters (RFC 1035, 2.3.4; RFC 8461, 3.2 "Domain").
 */

#ifndef MTA_STS_NAME_H
#define MTA_STS_NAME_H


#include "error.h"


#define MTA_STS_NAME_MAX          253

/*
 * A policy domain must leave room for "_smtp._tls.", the longest of the
 * prefixes that its records and its policy host are found under.
 */

#define MTA_STS_NAME_DOMAIN_MAX   (MTA_STS_NAME_MAX - 11)


/*
 * Normalises the host name in value; what says in an error what the value is,
 * such as "server name".  The result lives in env's memory and is followed by
 * a NUL.
 *
 * Errors, at the value's place: invalid WHAT "VALUE", and the rule; out of
 * memory.
 */
int mta_sts_name_host(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err);

/* The same for a policy domain: at most MTA_STS_NAME_DOMAIN_MAX characters. */
int mta_sts_name_domain(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err);

/*
 * The same for an mx pattern: a host name, or "*." and a host name, where the
 * wildcard stands for exactly one label (RFC 8461, 4.1).
 */
int mta_sts_name_mx(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t *pattern, mta_sts_err_t *err);

/*
 * The same for the apex of a zone: a host name that may have "_" in it, such
 * as _mta-sts.example.com.
 */
int mta_sts_name_zone(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err);

/*
 * Copies name to buf, which has room for name.len bytes, in lower case and
 * without one trailing dot.  Returns the name's new length.
 */
size_t mta_sts_name_fold(mta_sts_str_t name, char *buf);

/* Is name a normalised host name?  Allocates nothing. */
int mta_sts_name_is_host(mta_sts_str_t name);

/* The same for an mx pattern. */
int mta_sts_name_is_mx(mta_sts_str_t pattern);

/*
 * Is a normalised name that of zone, or below it?  Returns 1 and in *labels
 * what stands in front of zone, without a dot at the end: nothing at the apex.
 */
int mta_sts_name_in_zone(mta_sts_str_t name, mta_sts_str_t zone,
    mta_sts_str_t *labels);

/*
 * Makes the policy host of a policy domain, "mta-sts.<domain>", in env's
 * memory; data is NULL when memory ran out.
 */
mta_sts_str_t mta_sts_name_policy_host(mta_sts_str_t domain,
    const mta_sts_env_t *env);

/*
 * Takes a normalised policy host, "mta-sts.<domain>", apart.  Returns 1 and
 * the policy domain, a part of host, or 0 when host does not begin so.
 */
int mta_sts_name_policy_domain(mta_sts_str_t host, mta_sts_str_t *domain);


#endif /* MTA_STS_NAME_H */
