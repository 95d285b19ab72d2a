/*
 * Words and blocks -> servers -> one table: all that a configuration serves.
 */

#ifndef MTA_STS_SITE_H
#define MTA_STS_SITE_H


#include "../../core/catalog.h"
#include "../nginx_conf/source.h"


typedef struct {
    mta_sts_settings_t      settings;
    mta_sts_value_t         domains;      /* a file; data NULL is not set */
    int                     enable;       /* -1 is not set */
    int                     any;          /* is for every host */
    mta_sts_server_name_t  *names;
    size_t                  n;
    size_t                  size;
    mta_sts_server_t        server;
} site_server_t;


/* A domains file, or several, as a directive names it. */

typedef struct {
    mta_sts_str_t      name;
    mta_sts_domains_t  domains;
} site_file_t;


typedef struct {
    mta_sts_str_t      file;
    source_t           source;

    site_server_t      http;              /* what servers inherit */
    site_server_t    **servers;           /* in the order of the file */
    size_t             n;
    size_t             size;

    site_file_t       *files;             /* each read once */
    size_t             n_files;
    size_t             files_size;

    mta_sts_catalog_t  catalog;           /* the domains of all servers */
    size_t             n_fallbacks;       /* servers with a policy for others */
} site_t;


/*
 * Reads the configuration file, or "-", and builds the site in env's memory.
 *
 * Errors: those of nginx_conf_read(), mta_sts_settings_set(), site_file(),
 * mta_sts_server_build() and mta_sts_server_use(); nginx's own for its
 * directives http, server and server_name and for the module's, in nginx's
 * words; domain "DOMAIN" has another policy at FILE:LINE.
 */
int site_read(site_t *site, mta_sts_str_t file, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Makes a site of a domains file, or "-", or a glob of them, alone: one server
 * for every host.
 *
 * Errors: those of site_file().
 */
int site_read_domains(site_t *site, mta_sts_str_t file,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* Is there no policy at all? */

static inline int
site_is_empty(const site_t *site)
{
    return site->catalog.n == 0 && site->n_fallbacks == 0;
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
 * "DOMAIN", the nearest is "DOMAIN"; domain "DOMAIN" may have the policy in
 * FILE:LINE or in FILE:LINE; out of memory.
 */
int site_find(const site_t *site, const mta_sts_value_t *domain,
    const mta_sts_env_t *env, mta_sts_entry_t *entry, mta_sts_err_t *err);


#endif /* MTA_STS_SITE_H */
