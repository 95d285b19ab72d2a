
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The callback in which a TLS handshake gets its certificates: from variables
 * to the names of files, and these to the cache.
 */


#include "ngx_http_mta_sts_certificate.h"


#if (NGX_HTTP_SSL)


static ngx_http_request_t *ngx_http_mta_sts_request(ngx_connection_t *c);
static void ngx_http_mta_sts_request_free(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_certificate_names(ngx_http_request_t *r,
    ngx_http_ssl_srv_conf_t *sscf, ngx_str_t *names);
static ngx_uint_t ngx_http_mta_sts_is_scheme(u_char *name);


int
ngx_http_mta_sts_certificate(ngx_ssl_conn_t *ssl_conn, void *arg)
{
    ngx_http_mta_sts_certificates_t *certificates = arg;

    ngx_int_t                 rc;
    ngx_str_t                 names;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_ssl_srv_conf_t  *sscf;

    c = ngx_ssl_get_connection(ssl_conn);

    if (c->ssl->handshaked) {
        return 0;
    }

    r = ngx_http_mta_sts_request(c);
    if (r == NULL) {
        return 0;
    }

    sscf = certificates->ssl;

    rc = ngx_http_mta_sts_certificate_names(r, sscf, &names);

    if (rc == NGX_OK) {
        rc = ngx_http_mta_sts_cache_use(certificates->cache, c, r->pool,
                                        &names);
    }

    ngx_http_mta_sts_request_free(r);

    if (rc == NGX_DECLINED) {
        return ngx_http_ssl_certificate(ssl_conn, sscf);
    }

    return rc == NGX_OK;
}


/*
 * The least that variables can be evaluated with.  ngx_http_create_request()
 * would count a request of the connection and of stub_status.
 */

static ngx_http_request_t *
ngx_http_mta_sts_request(ngx_connection_t *c)
{
    ngx_pool_t                 *pool;
    ngx_time_t                 *tp;
    ngx_http_request_t         *r;
    ngx_http_connection_t      *hc;
    ngx_http_core_srv_conf_t   *cscf;
    ngx_http_core_main_conf_t  *cmcf;

    hc = c->data;
    cscf = ngx_http_get_module_srv_conf(hc->conf_ctx, ngx_http_core_module);

    pool = ngx_create_pool(cscf->request_pool_size, c->log);
    if (pool == NULL) {
        return NULL;
    }

    r = ngx_pcalloc(pool, sizeof(ngx_http_request_t));
    if (r == NULL) {
        goto failed;
    }

    r->pool = pool;
    r->main = r;
    r->count = 1;
    r->signature = NGX_HTTP_MODULE;
    r->connection = c;
    r->http_connection = hc;
    r->main_conf = hc->conf_ctx->main_conf;
    r->srv_conf = hc->conf_ctx->srv_conf;
    r->loc_conf = hc->conf_ctx->loc_conf;
    r->header_in = hc->busy ? hc->busy->buf : c->buffer;
    r->read_event_handler = ngx_http_block_reading;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    r->ctx = ngx_pcalloc(pool, sizeof(void *) * ngx_http_max_module);
    r->variables = ngx_pcalloc(pool, cmcf->variables.nelts
                                     * sizeof(ngx_http_variable_value_t));

    if (r->ctx == NULL || r->variables == NULL
        || ngx_list_init(&r->headers_out.headers, pool, 1,
                         sizeof(ngx_table_elt_t))
           != NGX_OK
        || ngx_list_init(&r->headers_out.trailers, pool, 1,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        goto failed;
    }

    tp = ngx_timeofday();
    r->start_sec = tp->sec;
    r->start_msec = tp->msec;

    r->method = NGX_HTTP_UNKNOWN;
    r->http_version = NGX_HTTP_VERSION_10;
    r->http_state = NGX_HTTP_READING_REQUEST_STATE;

    r->headers_in.content_length_n = -1;
    r->headers_in.keep_alive_n = -1;
    r->headers_out.content_length_n = -1;
    r->headers_out.last_modified_time = -1;

    r->uri_changes = NGX_HTTP_MAX_URI_CHANGES + 1;
    r->subrequests = NGX_HTTP_MAX_SUBREQUESTS + 1;

    return r;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


static void
ngx_http_mta_sts_request_free(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->handler) {
            cln->handler(cln->data);
        }
    }

    ngx_destroy_pool(r->pool);
}


/*
 * Joins the values of ssl_certificate and ssl_certificate_key, in turn and each
 * with a NUL.  Returns NGX_DECLINED where one of them names no file.
 */

static ngx_int_t
ngx_http_mta_sts_certificate_names(ngx_http_request_t *r,
    ngx_http_ssl_srv_conf_t *sscf, ngx_str_t *names)
{
    u_char                    *p;
    ngx_str_t                 *value;
    ngx_uint_t                 i, n;
    ngx_http_complex_value_t  *certs, *keys;

    certs = sscf->certificate_values->elts;
    keys = sscf->certificate_key_values->elts;
    n = 2 * sscf->certificate_values->nelts;

    value = ngx_palloc(r->pool, n * sizeof(ngx_str_t));
    if (value == NULL) {
        return NGX_ERROR;
    }

    names->len = 0;

    for (i = 0; i < n; i++) {

        if (ngx_http_complex_value(r, i % 2 ? &keys[i / 2] : &certs[i / 2],
                                   &value[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_http_mta_sts_is_scheme(value[i].data)) {
            return NGX_DECLINED;
        }

        /* nginx has the NUL counted in some values and not in others */

        value[i].len = ngx_strlen(value[i].data) + 1;
        names->len += value[i].len;
    }

    names->data = ngx_pnalloc(r->pool, names->len);
    if (names->data == NULL) {
        return NGX_ERROR;
    }

    p = names->data;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, value[i].data, value[i].len);
    }

    return NGX_OK;
}


/* Is it "data:...", "engine:...", "store:..." or one that is yet to come? */

static ngx_uint_t
ngx_http_mta_sts_is_scheme(u_char *name)
{
    while ((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z')) {
        name++;
    }

    return *name == ':';
}


#endif /* NGX_HTTP_SSL */
