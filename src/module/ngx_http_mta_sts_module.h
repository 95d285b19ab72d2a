
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

#include "../core/server.h"


typedef struct {
    ngx_flag_t         enable;
    mta_sts_policy_t   policy;    /* settings, own and inherited */
    mta_sts_server_t   server;    /* built once, read-only after that */
} ngx_http_mta_sts_srv_conf_t;


/*
 * The policy that a request asks for by its path and Host, or NULL.  *domain
 * is its policy domain, a part of r->headers_in.server.
 */
const mta_sts_policy_t *ngx_http_mta_sts_find(ngx_http_request_t *r,
    mta_sts_str_t *domain);

/* Answers requests for policies; to run in the SERVER_REWRITE phase. */
ngx_int_t ngx_http_mta_sts_handler(ngx_http_request_t *r);

/* Adds $mta_sts_domain, $mta_sts_host, $mta_sts_id and $mta_sts_mode. */
ngx_int_t ngx_http_mta_sts_add_variables(ngx_conf_t *cf);


extern ngx_module_t  ngx_http_mta_sts_module;


#endif /* _NGX_HTTP_MTA_STS_MODULE_H_INCLUDED_ */
