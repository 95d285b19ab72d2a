
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The interface between the files of the module.
 */


#ifndef _NGX_HTTP_MTA_STS_MODULE_H_INCLUDED_
#define _NGX_HTTP_MTA_STS_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "domains/domains.h"
#include "serve/image.h"
#include "status/names.h"


/* results of the core are returned as nginx's */

#if (MTA_STS_OK != NGX_OK || MTA_STS_ERROR != NGX_ERROR)
#error "MTA_STS_OK and MTA_STS_ERROR must be NGX_OK and NGX_ERROR"
#endif


typedef struct ngx_http_mta_sts_cache_s   ngx_http_mta_sts_cache_t;
typedef struct ngx_http_mta_sts_table_s   ngx_http_mta_sts_table_t;
typedef struct ngx_http_mta_sts_status_s  ngx_http_mta_sts_status_t;


typedef struct {
    ngx_array_t          files;      /* of ngx_http_mta_sts_file_t */
    ngx_str_t            state;      /* a directory, for the helper */
    ngx_array_t          tables;     /* of ngx_http_mta_sts_table_t * */
    ngx_command_t       *lua;        /* the lua module's directives */
    ngx_command_t       *watched;    /* their copies */
    ngx_http_mta_sts_status_t  *status;      /* NULL: nothing is counted */
    mta_sts_status_t    *counters;   /* its shared memory */
    ngx_uint_t           reports;    /* a location has mta_sts_reports */
} ngx_http_mta_sts_main_conf_t;


/* The directive mta_sts_status, in whichever locations it is. */

struct ngx_http_mta_sts_status_s {
    ngx_shm_zone_t                *zone;
    size_t                         size;      /* 0: not set */
    u_char                        *file;      /* of the directive with it */
    ngx_uint_t                     line;
    ngx_http_mta_sts_main_conf_t  *mmcf;
    mta_sts_catalog_t              catalog;   /* domains that do not change */
    const mta_sts_table_t        **tables;    /* all domains */
    size_t                         n_tables;
};


/* The counters of a domain and of the name of its policy, if they are known. */

typedef struct {
    uint32_t              domain;    /* 0, or 1 and the slot of the counter */
    uint32_t              name;      /* a unit of the names; 0: it has none */
} ngx_http_mta_sts_known_t;

/* the hosts of a default policy are any that a client asks for */

#define NGX_HTTP_MTA_STS_NO_COUNTER  UINT32_MAX


/*
 * Which counters the policies of a domains file, table or server have, and its
 * domains: an element for each slot of their table, and one for hosts of the
 * default policy.  These are of a process, and spare it the hash.
 */

typedef struct {
    mta_sts_status_map_t       maps[MTA_STS_FOUND_DEFAULT + 1];
    ngx_http_mta_sts_known_t  *known[MTA_STS_FOUND_DEFAULT + 1];   /* or NULL */
    size_t                     n_known[MTA_STS_FOUND_DEFAULT + 1];
    uint32_t                   releases; /* of the counters, when all were 0 */
    mta_sts_status_t          *counters; /* set if one is known */
} ngx_http_mta_sts_names_t;


typedef struct {
    ngx_http_mta_sts_cache_t  *cache;      /* NULL is off */
    void                      *ssl;        /* where the cache is in use */
    mta_sts_value_t            by_lua;     /* the directive, or data NULL */
    ngx_uint_t                 by_host;    /* a value names $mta_sts_host */
} ngx_http_mta_sts_certificates_t;


typedef struct {
    ngx_flag_t           enable;
    unsigned             on:1;       /* enabled by a directive of its own */
    uint32_t             number;     /* of the server, from 0 */
    mta_sts_settings_t   settings;   /* own and inherited */
    mta_sts_value_t      domains;    /* a file or a glob, or data NULL */
    mta_sts_server_t     server;     /* read-only, unless table is set */
    ngx_http_mta_sts_table_t        *table;      /* or NULL */
    ngx_http_mta_sts_names_t        *names;
    ngx_http_mta_sts_certificates_t  certificates;
} ngx_http_mta_sts_srv_conf_t;


typedef struct ngx_http_mta_sts_spool_s  ngx_http_mta_sts_spool_t;


/* The directive mta_sts_reports: a directory, and what it may hold. */

typedef struct {
    ngx_path_t                *path;
    size_t                     max_size;     /* bytes of a report */
    ngx_uint_t                 max_files;
    off_t                      max_bytes;    /* of all files */
    ngx_shm_zone_t            *zone;
    ngx_http_mta_sts_spool_t  *shared;
} ngx_http_mta_sts_reports_t;


typedef struct {
    ngx_http_mta_sts_reports_t  *reports;    /* or NULL */
} ngx_http_mta_sts_loc_conf_t;


/*
 * The policy of a host of a server, which is in lower case and without a
 * trailing dot, or NULL.  Looks for a newer table once a second.  If the server
 * has a table, the policy is valid until the next call, or one of a filter.
 */
const mta_sts_policy_t *ngx_http_mta_sts_lookup(
    ngx_http_mta_sts_srv_conf_t *mscf, mta_sts_str_t host,
    mta_sts_str_t *domain);

/* The same, and where the policy was found. */
const mta_sts_policy_t *ngx_http_mta_sts_locate(
    ngx_http_mta_sts_srv_conf_t *mscf, mta_sts_str_t host,
    mta_sts_found_t *found);

/*
 * Maps a compiled table, until the pool of cf is destroyed.
 *
 * Errors: those of mta_sts_image_open(); out of memory.
 */
int ngx_http_mta_sts_table_open(ngx_conf_t *cf, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names, ngx_http_mta_sts_table_t **table,
    mta_sts_err_t *err);

/* Looks for newer tables, as a request does. */
void ngx_http_mta_sts_table_refresh(ngx_http_mta_sts_table_t *table);

/* Says of which size the files of a table are, and when they were changed. */
void ngx_http_mta_sts_table_describe(ngx_http_mta_sts_table_t *table,
    mta_sts_status_file_t *file);

/* Adds the mapped tables to those of which *n are there. */
void ngx_http_mta_sts_mapped_tables(ngx_http_mta_sts_main_conf_t *mmcf,
    const mta_sts_table_t **tables, size_t *n);

/* Verifies that the workers' user can read the tables. */
ngx_int_t ngx_http_mta_sts_check_tables(ngx_cycle_t *cycle);

/*
 * The policy that a request asks for with its path and Host, or NULL, which is
 * valid as that of ngx_http_mta_sts_lookup() is.  *domain is its policy domain,
 * a part of r->headers_in.server.
 */
const mta_sts_policy_t *ngx_http_mta_sts_find(ngx_http_request_t *r,
    mta_sts_str_t *domain);

/* Answers requests for policies, in the SERVER_REWRITE phase. */
ngx_int_t ngx_http_mta_sts_handler(ngx_http_request_t *r);

/* The same where answers are counted. */
ngx_int_t ngx_http_mta_sts_handler_counted(ngx_http_request_t *r);

/*
 * Counts an answer with a policy, also one of a domain whose counter is not
 * known yet.
 */
void ngx_http_mta_sts_count_first(ngx_http_request_t *r,
    ngx_http_mta_sts_names_t *names, const mta_sts_policy_t *policy,
    const mta_sts_found_t *found);

/* Counts an answer without the policy that was found; returns rc. */
ngx_int_t ngx_http_mta_sts_count_error(ngx_http_request_t *r,
    mta_sts_mode_e mode, ngx_int_t rc);

/* A request for a policy that is not served here, if it is one. */
void ngx_http_mta_sts_count_other(ngx_http_request_t *r);

/* Says once that something is not counted. */
void ngx_http_mta_sts_status_full(ngx_http_mta_sts_status_t *status);

/* The directive mta_sts_generator: its location answers with the page. */
char *ngx_http_mta_sts_set_generator(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* The directive mta_sts_reports: its location stores what is POSTed. */
char *ngx_http_mta_sts_set_reports(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Warns if the location takes no body as large as a report may be. */
void ngx_http_mta_sts_spool_check(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports);

ngx_int_t ngx_http_mta_sts_reports_handler(ngx_http_request_t *r);

/* Adds the shared memory of a spool; its data is of the first directive. */
ngx_int_t ngx_http_mta_sts_spool_add_zone(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports);

/*
 * Reserves room for a report of so many bytes, until it is released.  Counts
 * the files now and then.  NGX_DECLINED: there is no room, which is logged.
 */
ngx_int_t ngx_http_mta_sts_spool_reserve(ngx_http_mta_sts_reports_t *reports,
    off_t bytes, ngx_log_t *log);
void ngx_http_mta_sts_spool_release(ngx_http_mta_sts_reports_t *reports,
    off_t bytes);

/* Counts a new file and its size in bytes. */
void ngx_http_mta_sts_spool_add(ngx_http_mta_sts_reports_t *reports,
    off_t bytes);

/* A number that no other report of this nginx has. */
ngx_atomic_uint_t ngx_http_mta_sts_spool_serial(
    ngx_http_mta_sts_reports_t *reports);

/* The directive mta_sts_status: its location answers with what was counted. */
char *ngx_http_mta_sts_set_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

ngx_int_t ngx_http_mta_sts_status_handler(ngx_http_request_t *r);

/* Sets the counters up; after servers were built. */
ngx_int_t ngx_http_mta_sts_init_status(ngx_conf_t *cf);

/* Sets the names of a server with directives, if requests are counted. */
ngx_int_t ngx_http_mta_sts_server_counters(ngx_conf_t *cf,
    ngx_http_mta_sts_srv_conf_t *mscf);

/* A cleanup: frees what names has. */
void ngx_http_mta_sts_free_names(void *data);

/*
 * Gives the names of policies of domains counters, in the place of those that
 * names has.
 */
void ngx_http_mta_sts_count_names(ngx_http_mta_sts_main_conf_t *mmcf,
    const mta_sts_domains_t *domains, ngx_http_mta_sts_names_t *names);

/*
 * Reads the counters and what belongs to them.  Returns NGX_OK, or NGX_ERROR
 * with err.
 */
ngx_int_t ngx_http_mta_sts_status_view(ngx_http_request_t *r,
    mta_sts_status_view_t *view, mta_sts_str_t domain, mta_sts_err_t *err);

/*
 * Handlers of the phases REWRITE and LOG: count how requests of locations with
 * mta_sts_reports were answered, by whichever module.
 */
ngx_int_t ngx_http_mta_sts_note_report(ngx_http_request_t *r);
ngx_int_t ngx_http_mta_sts_count_report(ngx_http_request_t *r);

/*
 * Marks the pool of a connection, whose handshake was counted, or of a request,
 * which is a report.  NGX_ERROR: there is no memory.
 */
ngx_int_t ngx_http_mta_sts_mark(ngx_pool_t *pool);
ngx_uint_t ngx_http_mta_sts_is_marked(ngx_pool_t *pool);

/* Counts a handshake for a name without a policy. */
void ngx_http_mta_sts_count_handshake(ngx_http_mta_sts_main_conf_t *mmcf);

/*
 * Answers 405 with the methods that are allowed.  It is not sent as an error,
 * so that error_page does not replace it.
 */
ngx_int_t ngx_http_mta_sts_not_allowed(ngx_http_request_t *r,
    const char *allow);

/* The directive mta_sts_certificate_cache. */
char *ngx_http_mta_sts_set_certificate_cache(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

void ngx_http_mta_sts_merge_certificates(
    ngx_http_mta_sts_certificates_t *conf,
    ngx_http_mta_sts_certificates_t *prev);

/* Notes, from now on, where the configuration has ssl_certificate_by_lua. */
ngx_int_t ngx_http_mta_sts_watch_lua(ngx_conf_t *cf);

/*
 * Sets the callbacks of TLS handshakes of all servers; after these were built.
 * Logs what is wrong and returns NGX_ERROR.
 */
ngx_int_t ngx_http_mta_sts_init_certificates(ngx_conf_t *cf);

/* Adds a header field; both texts must live as long as r.  NULL: no memory. */
ngx_table_elt_t *ngx_http_mta_sts_header(ngx_http_request_t *r, ngx_str_t key,
    ngx_str_t value);

/* Adds Cache-Control, which the directive expires replaces. */
ngx_int_t ngx_http_mta_sts_add_cache_control(ngx_http_request_t *r,
    ngx_str_t value);

/* The same for C strings; the compiler knows the length of a literal. */

#define ngx_http_mta_sts_cstr(s)                                              \
    ((ngx_str_t) { ngx_strlen(s), (u_char *) (s) })

#define ngx_http_mta_sts_add_header(r, key, value)                            \
    ngx_http_mta_sts_header(r, ngx_http_mta_sts_cstr(key),                    \
                            ngx_http_mta_sts_cstr(value))

#define ngx_http_mta_sts_cache_control(r, value)                              \
    ngx_http_mta_sts_add_cache_control(r, ngx_http_mta_sts_cstr(value))

/*
 * Sends the header and a body, which must live as long as r unless a copy of it
 * is sent.  Returns what a handler does.
 */
ngx_int_t ngx_http_mta_sts_output(ngx_http_request_t *r, mta_sts_str_t body,
    ngx_uint_t copy);

/*
 * For pages.  Answers what is neither GET nor HEAD with 405, and "file=NAME",
 * and "&v=VERSION", which is only for caches, with a file that the pages load.
 * Returns NGX_DECLINED for another request, whose body is discarded.
 */
ngx_int_t ngx_http_mta_sts_page_begin(ngx_http_request_t *r);

/* Logs an error of a page; returns 500. */
ngx_int_t ngx_http_mta_sts_page_failed(ngx_http_request_t *r,
    const mta_sts_err_t *err);

/* Changes whenever these files do. */
mta_sts_str_t ngx_http_mta_sts_files_version(void);

/* Sends a page with the header fields that protect it. */
ngx_int_t ngx_http_mta_sts_send_page(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, const char *cache, mta_sts_str_t body);

/* Memory from the request's pool, and no warnings. */
mta_sts_env_t ngx_http_mta_sts_request_env(ngx_http_request_t *r);

/*
 * Gives the domains of the file, or the glob of files, that value names, which
 * is read once for all servers; *table is set if it is a compiled table.
 * Returns NGX_ERROR after it has logged an error.
 */
ngx_int_t ngx_http_mta_sts_read_domains(ngx_conf_t *cf,
    const mta_sts_value_t *value, const mta_sts_domains_t **domains,
    ngx_http_mta_sts_table_t **table, ngx_http_mta_sts_names_t **names);

/* Gives *n domains files and tables in use; NULL: no memory. */
mta_sts_status_file_t *ngx_http_mta_sts_describe_files(
    ngx_http_mta_sts_main_conf_t *mmcf, ngx_pool_t *pool, size_t *n);

/* Gives the names of policies of all files counters. */
void ngx_http_mta_sts_count_files(ngx_http_mta_sts_main_conf_t *mmcf);

/* Warns of domains that do not get their policy; see serve/answer.h. */
ngx_int_t ngx_http_mta_sts_check_answers(ngx_conf_t *cf);

/* The names of a server, in the pool; NULL: no memory. */
mta_sts_server_name_t *ngx_http_mta_sts_server_names(ngx_pool_t *pool,
    ngx_http_core_srv_conf_t *cscf);

/* Memory from the configuration's pool and warnings to its log. */
mta_sts_env_t ngx_http_mta_sts_env(ngx_conf_t *cf);

/* Logs an error with its own place instead of the line that nginx is at. */
void ngx_http_mta_sts_log(ngx_conf_t *cf, ngx_uint_t level,
    const mta_sts_err_t *err);

/* A word of the current directive, and its place. */
mta_sts_value_t ngx_http_mta_sts_value(ngx_conf_t *cf, ngx_str_t *word);

/* Adds $mta_sts_domain, $mta_sts_host, $mta_sts_id and $mta_sts_mode. */
ngx_int_t ngx_http_mta_sts_add_variables(ngx_conf_t *cf);


static ngx_inline mta_sts_str_t
ngx_http_mta_sts_str(const ngx_str_t *str)
{
    mta_sts_str_t  slice;

    slice.data = (const char *) str->data;
    slice.len = str->len;

    return slice;
}


/* Where a server block begins. */

static ngx_inline mta_sts_place_t
ngx_http_mta_sts_place(const ngx_http_core_srv_conf_t *cscf)
{
    mta_sts_place_t  place;

    place.file = mta_sts_str_from((const char *) cscf->file_name);
    place.line = (unsigned) cscf->line;
    place.column = 0;

    return place;
}


extern ngx_module_t  ngx_http_mta_sts_module;


#endif /* _NGX_HTTP_MTA_STS_MODULE_H_INCLUDED_ */
