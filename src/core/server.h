/*
 * What one server block of nginx serves: from its effective policy and its
 * server_name's to the policy domains that it answers for.
 */

#ifndef MTA_STS_SERVER_H
#define MTA_STS_SERVER_H


#include "table.h"


/*
 * A server_name as nginx keeps it: in lower case, with "$hostname" replaced, a
 * regex without its "~".
 */

typedef struct {
    mta_sts_value_t  value;
    int              regex;
} mta_sts_server_name_t;


typedef struct {
    mta_sts_table_t          table;       /* the domains with exact names */
    const mta_sts_policy_t  *fallback;    /* for other hosts, or NULL */
} mta_sts_server_t;


/*
 * Builds server from a policy that has inherited, renders the policy, and
 * fills server with nothing where no policy is configured or no name makes
 * use of an inherited one.  names has n elements.  The policy and the file
 * names must live as long as server; the rest lives in env's memory.
 *
 * Exact names "mta-sts.<domain>" become domains; ".name" counts as the exact
 * name too; a wildcard or regex name makes the policy the fallback.
 *
 * Warns of a policy of its own without a name to serve it under, and of an mx
 * that accepts all hosts of the policy domain (RFC 8461, 10.4).
 *
 * Errors: those of mta_sts_policy_render(); invalid server name "NAME", and
 * the rule; server name "NAME" is never matched, must be "HOST", for U-labels
 * and a trailing dot; out of memory.
 */
int mta_sts_server_build(mta_sts_server_t *server, mta_sts_policy_t *policy,
    const mta_sts_server_name_t *names, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Adds the server's domains to a builder, for the table of all servers.
 *
 * Errors: those of mta_sts_table_add().
 */
int mta_sts_server_collect(const mta_sts_server_t *server,
    mta_sts_table_builder_t *all, mta_sts_err_t *err);

/*
 * The policy for a host in lower case and without trailing dot, or NULL.
 * *domain then is the policy domain, a part of host.  Allocates nothing.
 */
const mta_sts_policy_t *mta_sts_server_find(const mta_sts_server_t *server,
    mta_sts_str_t host, mta_sts_str_t *domain);


#endif /* MTA_STS_SERVER_H */
