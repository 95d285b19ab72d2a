
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Variables for logs, headers and the choice of a certificate.
 */


#include "ngx_http_mta_sts_module.h"
#include "policy/policy.h"


static ngx_int_t ngx_http_mta_sts_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_mta_sts_variable_host(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


typedef enum {
    NGX_HTTP_MTA_STS_DOMAIN = 0,
    NGX_HTTP_MTA_STS_MODE,
    NGX_HTTP_MTA_STS_ID
} ngx_http_mta_sts_variable_e;


/* a rewrite may change the path, on which all but the host depend */

static ngx_http_variable_t  ngx_http_mta_sts_vars[] = {

    { ngx_string("mta_sts_domain"), NULL, ngx_http_mta_sts_variable,
      NGX_HTTP_MTA_STS_DOMAIN, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mta_sts_mode"), NULL, ngx_http_mta_sts_variable,
      NGX_HTTP_MTA_STS_MODE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mta_sts_id"), NULL, ngx_http_mta_sts_variable,
      NGX_HTTP_MTA_STS_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mta_sts_host"), NULL, ngx_http_mta_sts_variable_host,
      0, 0, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_mta_sts_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_mta_sts_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    u_char                  *id;
    mta_sts_str_t            value, domain;
    const mta_sts_policy_t  *policy;

    policy = ngx_http_mta_sts_find(r, &domain);

    if (policy == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    switch (data) {

    case NGX_HTTP_MTA_STS_DOMAIN:
        value = domain;
        break;

    case NGX_HTTP_MTA_STS_MODE:
        value = mta_sts_policy_mode(policy);
        break;

    default: /* NGX_HTTP_MTA_STS_ID */
        value = mta_sts_policy_id(policy);

        /* a table may be replaced before the value is used */

        id = ngx_pnalloc(r->pool, value.len);
        if (id == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(id, value.data, value.len);
        value.data = (char *) id;
    }

    v->len = value.len;
    v->data = (u_char *) value.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/*
 * During the handshake there is no Host yet and the name is that of SNI, which
 * nginx does not normalise: real senders send capitals and a trailing dot.
 */

static ngx_int_t
ngx_http_mta_sts_variable_host(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                     name;
    mta_sts_str_t                 host, domain;
    ngx_http_mta_sts_srv_conf_t  *mscf;

    name = r->headers_in.server;

#if (NGX_HTTP_SSL)

    if (name.len == 0 && r->connection->ssl) {

        if (ngx_ssl_get_server_name(r->connection, r->pool, &name) != NGX_OK) {
            return NGX_ERROR;
        }

        host = ngx_http_mta_sts_str(&name);
        name.len = mta_sts_name_fold(host, (char *) name.data);
    }

#endif

    host = ngx_http_mta_sts_str(&name);

    mscf = ngx_http_get_module_srv_conf(r, ngx_http_mta_sts_module);

    if (ngx_http_mta_sts_lookup(mscf, host, &domain) == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = name.len;
    v->data = name.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
