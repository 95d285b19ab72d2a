
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * What the files of the module share.
 */


#ifndef _NGX_HTTP_MTA_STS_MODULE_H_INCLUDED_
#define _NGX_HTTP_MTA_STS_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "domains/domains.h"


typedef struct {
    ngx_array_t          files;      /* of ngx_http_mta_sts_file_t */
} ngx_http_mta_sts_main_conf_t;


typedef struct {
    ngx_flag_t           enable;
    mta_sts_settings_t   settings;   /* own and inherited */
    mta_sts_value_t      domains;    /* a file or a glob, or data NULL */
    mta_sts_server_t     server;     /* built once, read-only after that */
} ngx_http_mta_sts_srv_conf_t;


/*
 * The policy that a request asks for by its path and Host, or NULL.  *domain
 * is its policy domain, a part of r->headers_in.server.
 */
const mta_sts_policy_t *ngx_http_mta_sts_find(ngx_http_request_t *r,
    mta_sts_str_t *domain);

/* Answers requests for policies; to run in the SERVER_REWRITE phase. */
ngx_int_t ngx_http_mta_sts_handler(ngx_http_request_t *r);

/*
 * Makes a location answer with the page of the policy generator: the directive
 * mta_sts_generator.
 */
char *ngx_http_mta_sts_set_generator(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Adds a header field; both texts must live as long as r.  NULL: no memory. */
ngx_table_elt_t *ngx_http_mta_sts_add_header(ngx_http_request_t *r,
    const char *key, const char *value);

/* Adds Cache-Control, which the directive expires replaces. */
ngx_int_t ngx_http_mta_sts_cache_control(ngx_http_request_t *r,
    const char *value);

/*
 * Sends the header and a body, which must live as long as r.  Returns what a
 * handler does.
 */
ngx_int_t ngx_http_mta_sts_output(ngx_http_request_t *r, mta_sts_str_t body);

/*
 * Gives the domains of the file, or the glob of files, that value names; a
 * value that another server has, too, is read once.  Logs what is wrong and
 * returns NGX_ERROR.
 */
ngx_int_t ngx_http_mta_sts_read_domains(ngx_conf_t *cf,
    const mta_sts_value_t *value, const mta_sts_domains_t **domains);

/* Memory from the configuration's pool and warnings to its log. */
mta_sts_env_t ngx_http_mta_sts_env(ngx_conf_t *cf);

/* Logs an error with its own place instead of the one that is being read. */
void ngx_http_mta_sts_log(ngx_conf_t *cf, ngx_uint_t level,
    const mta_sts_err_t *err);

mta_sts_str_t ngx_http_mta_sts_str(ngx_str_t *str);

/* A word of the directive that is being read, and its place. */
mta_sts_value_t ngx_http_mta_sts_value(ngx_conf_t *cf, ngx_str_t *word);

/* Adds $mta_sts_domain, $mta_sts_host, $mta_sts_id and $mta_sts_mode. */
ngx_int_t ngx_http_mta_sts_add_variables(ngx_conf_t *cf);


extern ngx_module_t  ngx_http_mta_sts_module;


#endif /* _NGX_HTTP_MTA_STS_MODULE_H_INCLUDED_ */
