/*
 * What one server block of nginx serves: from its effective policy and its
 * server_name's to the policy domains that it answers for.
 */

#ifndef MTA_STS_SERVE_SERVE_H
#define MTA_STS_SERVE_SERVE_H


#include "table.h"


/*
 * A server_name as nginx keeps it: in lower case, with "$hostname" replaced, a
 * regex without its "~".  match() says whether a compiled regex matches a host.
 */

typedef struct {
    mta_sts_value_t  value;
    void            *regex;                   /* or NULL */
    int            (*match)(void *regex, mta_sts_str_t host);
} mta_sts_server_name_t;

/*
 * Does nginx match the name with a host, which is in lower case and without a
 * trailing dot?  ".name" matches the name and what ends with it; a name with a
 * trailing dot matches nothing, since nginx keeps that dot.
 */
int mta_sts_server_name_matches(const mta_sts_server_name_t *name,
    mta_sts_str_t host);


/* All of a domains file: policy domains, and the policy of other hosts. */

typedef struct {
    mta_sts_table_t          table;
    const mta_sts_policy_t  *default_policy;  /* for other hosts, or NULL */
    mta_sts_str_t            default_name;    /* its policy_name, or empty */
    mta_sts_place_t          default_place;   /* unknown for directives */
} mta_sts_domains_t;


/* What a server block serves. */

typedef struct {
    mta_sts_table_t          table;
    const mta_sts_policy_t  *default_policy;
    mta_sts_str_t            default_name;
    mta_sts_place_t          default_place;
    int                      shared;          /* the table is that of a file */

    /* the hosts that the default policy is for */

    int                      any;             /* all */
    mta_sts_table_t          named;           /* by exact names */
    mta_sts_server_name_t   *names;           /* wildcards and regexes */
    size_t                   n;
} mta_sts_server_t;


/*
 * Builds server from settings that have inherited.  It is empty if no policy is
 * configured or no name uses an inherited one.  names has n elements.  The
 * settings and the file names must live as long as server; the rest is in env's
 * memory.
 *
 * Exact names "mta-sts.<domain>" become domains; ".name" counts as the exact
 * name too; a wildcard or regex name makes the policy the default policy of the
 * hosts that it matches.
 *
 * Warns of a policy of its own that no name serves, and of an mx that accepts
 * all hosts of the policy domain (RFC 8461, 10.4).
 *
 * Errors: those of mta_sts_policy_render(); invalid server name "NAME", and
 * the rule; server name "NAME" is never matched, must be "HOST", for U-labels
 * and a trailing dot; out of memory.
 */
int mta_sts_server_build(mta_sts_server_t *server,
    mta_sts_settings_t *settings, const mta_sts_server_name_t *names, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * The same with domains of a file, which server shares.  Inherited settings do
 * not matter, its own ones are errors.  place is that of the directive.
 *
 * Warns if no name begins with "mta-sts.", and of a "mta-sts." name without a
 * policy.
 *
 * Errors: "mta_sts_SETTING" is incompatible with "mta_sts_domains" at
 * FILE:LINE; those about names as above.
 */
int mta_sts_server_use(mta_sts_server_t *server,
    const mta_sts_settings_t *settings, const mta_sts_domains_t *domains,
    mta_sts_place_t place, const mta_sts_server_name_t *names, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* The same without names: server answers for all hosts of the domains. */
void mta_sts_server_share(mta_sts_server_t *server,
    const mta_sts_domains_t *domains);

/* Replaces the domains of a server with a mapped table.  Allocates nothing. */
void mta_sts_server_replace(mta_sts_server_t *server,
    const mta_sts_domains_t *domains);

/*
 * The policy of a host, which is in lower case and without a trailing dot, or
 * NULL.  *domain is the policy domain, a part of host.  Allocates nothing.
 */
const mta_sts_policy_t *mta_sts_server_find(const mta_sts_server_t *server,
    mta_sts_str_t host, mta_sts_str_t *domain);

/* The same, and where the policy was found. */
const mta_sts_policy_t *mta_sts_server_locate(const mta_sts_server_t *server,
    mta_sts_str_t host, mta_sts_found_t *found);

/* The place of the default policy, or of the name by which it is the host's. */
mta_sts_place_t mta_sts_server_default_place(const mta_sts_server_t *server,
    mta_sts_str_t host);


/*
 * The domains of all servers.  The largest table is used as it is, since a
 * hoster has one that is large; those of the other servers are merged.
 */


/* Largest and others of the first servers, then of the rest. */

#define MTA_STS_CATALOG_TABLES  4

typedef struct {
    mta_sts_table_t  tables[MTA_STS_CATALOG_TABLES];
    size_t           n;              /* different domains */
} mta_sts_catalog_t;


/*
 * Builds the catalog of n servers in env's memory; it is valid as long as they
 * are.  Where several servers have a domain, the first n_first servers come
 * before the rest.
 *
 * Errors: out of memory; those of mta_sts_table_add().
 */
int mta_sts_catalog_build(mta_sts_catalog_t *catalog,
    const mta_sts_server_t *const *servers, size_t n, size_t n_first,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* As mta_sts_table_find(). */
int mta_sts_catalog_find(const mta_sts_catalog_t *catalog,
    mta_sts_str_t domain, mta_sts_entry_t *entry);

/* The same among the domains of the first n_first servers. */
int mta_sts_catalog_find_first(const mta_sts_catalog_t *catalog,
    mta_sts_str_t domain, mta_sts_entry_t *entry);

/* Is table one of those that are used as they are? */
int mta_sts_catalog_has(const mta_sts_catalog_t *catalog,
    const mta_sts_table_t *table);

/* As mta_sts_table_next(), but in no particular order. */
int mta_sts_catalog_next(const mta_sts_catalog_t *catalog, size_t *cursor,
    mta_sts_entry_t *entry);


/*
 * The parameters of mta_sts_certificate_cache, which the module and the helper
 * check alike.
 */


#define MTA_STS_CACHE_MAX  1000000000


typedef struct {
    size_t   max;           /* entries, 1 to MTA_STS_CACHE_MAX; 0 is off */
    int64_t  inactive;      /* seconds until an unused entry is dropped */
    int64_t  valid;         /* seconds until an entry's files are looked at */
} mta_sts_certificate_cache_t;


/*
 * Parses "off" or "max=N [inactive=TIME] [valid=TIME]" from the n words of a
 * directive, the first of which is its name.
 *
 * Errors: invalid parameter "WORD", and the rule; "NAME" must have the "max"
 * parameter.
 */
int mta_sts_certificate_cache_parse(mta_sts_certificate_cache_t *cache,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);


#endif /* MTA_STS_SERVE_SERVE_H */
