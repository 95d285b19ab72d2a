/*
 * Words and blocks -> servers -> one table: all that a configuration serves.
 */

#ifndef MTA_STS_CONF_SITE_H
#define MTA_STS_CONF_SITE_H


#include "domains/domains.h"
#include "reader.h"
#include "serve/serve.h"


typedef struct {
    mta_sts_settings_t      settings;
    mta_sts_value_t         domains;      /* a file; data NULL is not set */
    mta_sts_cache_t         cache;        /* of certificates */
    int                     cache_set;
    mta_sts_value_t         by_lua;       /* ssl_certificate_by_lua_* */
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
    size_t             n_defaults;       /* servers with a policy for others */
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
    return site->catalog.n == 0 && site->n_defaults == 0;
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


/*
 * From settings and names to what a server serves.
 */


/*
 * Builds site's servers, each with what it inherits.
 *
 * Errors: those of site_file(), mta_sts_server_build() and
 * mta_sts_server_use().
 */
int site_build(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err);


/*
 * Reads a site's configuration into its servers; they are built when http ends.
 */


/* Reads site->source.  Errors: see site_read(). */
int site_conf_read(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err);


/*
 * The domains files that a site names.
 */


/*
 * Gives the domains of the file, or the glob of files, that value names; one
 * that was asked for before is not read again.
 *
 * Errors: no file matches "PATTERN"; those of source_names(), source_open() and
 * mta_sts_domains_add().
 */
int site_file(site_t *site, const mta_sts_value_t *value,
    const mta_sts_env_t *env, const mta_sts_domains_t **domains,
    mta_sts_err_t *err);


/*
 * server_name's, as nginx reads them and chooses by them.
 */


/*
 * Adds a name to a server.  Follows ngx_http_core_server_name().
 *
 * Errors: server name "NAME" is invalid; empty regex in server name "NAME";
 * out of memory.
 */
int site_names_add(site_server_t *server, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* A regex name cannot be told: it may match. */

#define SITE_NAMES_REGEX  1

/*
 * How nginx ranks the server's names for host: 0 if none matches,
 * SITE_NAMES_REGEX for a regex, more for a wildcard, the more the longer it is
 * and for one at the beginning, the most for the name itself.  *name is the
 * best one.
 */
size_t site_names_rank(const site_server_t *server, mta_sts_str_t host,
    const mta_sts_server_name_t **name);

/* The first wildcard or regex name of a server, or NULL. */
const mta_sts_server_name_t *site_names_first(const site_server_t *server);


/*
 * What a person probably meant who named a domain that is not configured.
 */


/*
 * Gives in *nearest the domain of the catalog that differs from a normalised
 * one in the fewest characters that are missing, too many, other ones or
 * exchanged; for a domain above it, a label counts as one.  Of several it is
 * the first in the alphabet.  Returns 0 when the catalog is empty.
 */
int site_nearest(const mta_sts_catalog_t *catalog, mta_sts_str_t domain,
    mta_sts_str_t *nearest);


#endif /* MTA_STS_CONF_SITE_H */
