/*
 * Words and blocks -> servers -> one table: all that a configuration serves.
 */

#ifndef MTA_STS_SITE_H
#define MTA_STS_SITE_H


#include "../../core/server.h"


typedef struct {
    mta_sts_policy_t        policy;
    int                     enable;       /* -1 is not set */
    mta_sts_server_name_t  *names;
    size_t                  n;
    size_t                  size;
    mta_sts_server_t        server;
} site_server_t;


typedef struct {
    mta_sts_str_t    file;

    site_server_t    http;                /* what servers inherit */
    site_server_t  **servers;             /* in the order of the file */
    size_t           n;
    size_t           size;

    mta_sts_table_t  table;               /* the domains of all servers */
    size_t           n_fallbacks;         /* servers with a policy for others */
} site_t;


/*
 * Reads the configuration file, or "-", and builds the site in env's memory.
 *
 * Errors: those of nginx_conf_read(), mta_sts_policy_set() and
 * mta_sts_server_build(); nginx's own for its directives http, server and
 * server_name and for the module's, in nginx's words; domain "DOMAIN" has
 * another policy in FILE:LINE.
 */
int site_read(site_t *site, mta_sts_str_t file, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Is there no policy at all? */

static inline int
site_is_empty(const site_t *site)
{
    return site->table.n == 0 && site->n_fallbacks == 0;
}


/*
 * Gives all domains, sorted bytewise, in env's memory.
 *
 * Errors: out of memory.
 */
int site_domains(const site_t *site, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n, mta_sts_err_t *err);

/* Sorts entries by domain, bytewise. */
void site_sort(mta_sts_entry_t *entries, size_t n);

/*
 * Finds the policy of a domain as a person writes it: its own, or else that of
 * the server whose wildcard or regex name nginx would choose.
 *
 * Warns when a server without a policy has a name that matches better: which
 * of the two nginx chooses is a matter of their addresses.
 *
 * Errors: invalid domain "DOMAIN", and the rule; no policy for domain
 * "DOMAIN"; domain "DOMAIN" may have the policy in FILE:LINE or in FILE:LINE;
 * out of memory.
 */
int site_find(const site_t *site, const mta_sts_value_t *domain,
    const mta_sts_env_t *env, mta_sts_entry_t *entry, mta_sts_err_t *err);

#endif /* MTA_STS_SITE_H */
