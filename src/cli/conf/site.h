/*
 * The site: what a configuration serves.  This is the whole interface of the
 * room: reading nginx.conf or a domains file, and finding the policy of a
 * domain.
 *
 * Files, words and blocks are for nginx_conf.h, the meaning of directives for
 * directives.c, server_name's for server_name.c; site.c builds the servers and
 * find.c looks domains up.
 */

#ifndef MTA_STS_CONF_SITE_H
#define MTA_STS_CONF_SITE_H


#include "domains/domains.h"
#include "nginx_conf.h"
#include "serve/answer.h"


typedef struct {
    mta_sts_settings_t      settings;
    mta_sts_value_t         domains;      /* a file; data NULL is not set */
    mta_sts_certificate_cache_t  cache;
    int                     cache_set;
    mta_sts_value_t         by_lua;       /* ssl_certificate_by_lua_* */
    int                     enable;       /* of flags -1 is not set */
    int                     ssl;
    int                     reject;       /* ssl_reject_handshake */
    int                     certificate;  /* one without variables */
    int                     verify;       /* ssl_verify_client on */
    int                     listens;
    int                    *generator;    /* of the current location */
    int                     any;          /* matches every host */
    mta_sts_place_t         place;        /* of its "{" */
    mta_sts_server_name_t  *names;
    size_t                  n;
    size_t                  size;
    mta_sts_server_t        server;       /* what it serves */
} site_server_t;


/* A domains file, or several, as a directive names it. */

typedef struct {
    mta_sts_str_t      name;
    mta_sts_domains_t  domains;
} site_file_t;


/* A domain whose policy is not served everywhere. */

typedef struct {
    mta_sts_answer_conflict_t  conflict;
    size_t                     order;
} site_refused_t;


typedef struct {
    mta_sts_str_t      file;
    source_t           source;

    site_server_t      http;              /* what servers inherit */
    site_server_t    **servers;           /* in the order of the file */
    size_t             n;
    size_t             size;

    mta_sts_value_t    state;             /* a directory; data NULL is not
                                             set */

    site_file_t      **files;             /* each is read once */
    size_t             n_files;
    size_t             files_size;

    mta_sts_answers_t  answers;           /* with the catalog of domains */
    size_t             addresses_size;
    site_refused_t    *refused;           /* sorted by domain */
    size_t             n_refused;
    size_t             refused_size;
    size_t             n_defaults;        /* servers with a default policy */

    int                unread;            /* after an error: a table of
                                             nginx -T is not here */
    int                partial;           /* after an error: the file may be one
                                             that nginx.conf includes */
} site_t;


/*
 * Reads the configuration file, or "-", and builds the site in env's memory.
 * prefix is the folder of nginx's option -p, with its "/", or empty.
 *
 * Errors: those of nginx_conf_read(), mta_sts_settings_set(), site_build() and
 * mta_sts_catalog_build(); nginx's own for its directives http, server and
 * server_name and for the module's, in nginx's words.
 */
int site_read(site_t *site, mta_sts_str_t file, mta_sts_str_t prefix,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * The same for a text that is no file, such as one that is to be printed; name
 * is for places.
 */
int site_read_text(site_t *site, mta_sts_str_t name, mta_sts_str_t text,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Makes a site of a domains file, a table, "-" or a glob of files, without an
 * nginx.conf: one server for every host.
 *
 * Errors: those of mta_sts_domains_read() and source_names(); no file matches
 * "PATTERN".
 */
int site_read_domains(site_t *site, mta_sts_str_t file,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Hands servers over to serve/answer, and looks for refused domains: the end of
 * what reads a site.
 *
 * Errors: those of mta_sts_answers_init().
 */
int site_answer(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err);

/* Is there no policy at all? */

static inline int
site_is_empty(const site_t *site)
{
    return site->answers.catalog.n == 0 && site->n_defaults == 0;
}


/* Gives all domains, sorted bytewise, in env's memory, refused ones as well. */
void site_domains(const site_t *site, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n);

/*
 * Gives the same domains as cursors for mta_sts_catalog_next() and
 * site->answers.catalog, which take less memory.
 */
void site_cursors(const site_t *site, const mta_sts_env_t *env,
    size_t **cursors, size_t *n);

/* Sorts entries by domain, bytewise. */
void site_sort(mta_sts_entry_t *entries, size_t n);

/*
 * Has the server that is configured for a domain a certificate whose file name
 * has no variables?
 */
int site_has_certificate(const site_t *site, mta_sts_str_t domain);

/* Is the place of an entry a server_name, and not in a file of domains? */
int site_is_directive(const site_t *site, const mta_sts_place_t *place);

/*
 * Is the policy of a domain of the catalog not what nginx serves?  Returns 1
 * and err filled by mta_sts_answers_error().
 */
int site_is_refused(const site_t *site, mta_sts_str_t domain,
    mta_sts_err_t *err);

/*
 * Finds the policy of a domain as a person writes it: its own, which may be
 * refused, or else the default policy that nginx serves for it.
 *
 * Errors: invalid domain "DOMAIN", and the rule; no policy for domain
 * "DOMAIN", the nearest is "DOMAIN"; for a default policy those of
 * mta_sts_answers_error().
 */
int site_find(const site_t *site, const mta_sts_value_t *domain,
    const mta_sts_env_t *env, mta_sts_entry_t *entry, mta_sts_err_t *err);

/*
 * Has a normalised host name of any length a policy: its own or a default one,
 * which may be refused?
 */
int site_has(const site_t *site, mta_sts_str_t domain);

/*
 * Gives in *nearest the domain of the catalog with the smallest edit distance
 * to a normalised one, where two neighbours that changed places are one edit
 * and so is a label before the domain.  Of several it is the first in
 * the alphabet.  Returns 0 if the catalog is empty.
 */
int site_nearest(const mta_sts_catalog_t *catalog, mta_sts_str_t domain,
    mta_sts_str_t *nearest);

/* The first wildcard or regex name of a server, or NULL. */
const mta_sts_server_name_t *site_names_first(const site_server_t *server);


/* For the files of this room only. */


/* Adds a server without settings. */
site_server_t *site_add_server(site_t *site, const mta_sts_env_t *env);

/*
 * Looks for refused domains; warns as mta_sts_answer_pairs_warn() of addresses
 * that are carved out, and as mta_sts_answers_warn_unreachable().
 */
void site_check(site_t *site, const mta_sts_env_t *env);

/*
 * Reads site->source into servers and builds them at the end of http.
 *
 * Errors: as site_read().
 */
int site_conf_read(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Builds site's servers, each with what it inherits.
 *
 * Errors: those of mta_sts_server_build(), mta_sts_server_use(),
 * source_names(), source_open() and mta_sts_domains_read(); no file matches
 * "PATTERN"; "ssl_certificate_by_lua_..." is incompatible with
 * "mta_sts_certificate_cache".
 */
int site_build(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Adds a name to a server.  Follows ngx_http_core_server_name().
 *
 * Errors: server name "NAME" is invalid; empty regex in server name "NAME";
 * that of PCRE2.
 */
int site_server_name(site_server_t *server, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * A directive: sets what words, of which the first is its name, say about http
 * or a server.
 *
 * Errors: nginx's own; of the policy, those of mta_sts_settings_set().
 */

typedef int (*site_set_pt)(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);

int site_set_flag(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_policy(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_domains(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_state(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_cache(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_lua(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_certificate(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_generator(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_names(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
int site_set_tls(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);

/* Adds an address to the last server. */
int site_set_listen(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);

/* Adds nginx's standard address to the last server if it has no other. */
void site_end_listen(site_t *site, const site_server_t *server);


/* Is name a public suffix, such as "co.uk"?  Fits into mta_sts_env_t. */
int site_is_public_suffix(const char *name);


#endif /* MTA_STS_CONF_SITE_H */
