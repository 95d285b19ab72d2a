
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * What all answers share: header fields and sending.
 */


#include "ngx_http_mta_sts_module.h"


ngx_table_elt_t *
ngx_http_mta_sts_header(ngx_http_request_t *r, ngx_str_t key, ngx_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    h->key = key;
    h->value = value;

    return h;
}


ngx_int_t
ngx_http_mta_sts_add_cache_control(ngx_http_request_t *r, ngx_str_t value)
{
    ngx_str_t          key = ngx_string("Cache-Control");
    ngx_table_elt_t   *h;
#if (nginx_version < 1023000)
    ngx_table_elt_t  **cc;
#endif

    h = ngx_http_mta_sts_header(r, key, value);
    if (h == NULL) {
        return NGX_ERROR;
    }

    /* where the directive expires looks for it */

#if (nginx_version < 1023000)

    if (ngx_array_init(&r->headers_out.cache_control, r->pool, 1,
                       sizeof(ngx_table_elt_t *))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cc = r->headers_out.cache_control.elts;
    cc[0] = h;
    r->headers_out.cache_control.nelts = 1;

#else
    r->headers_out.cache_control = h;
#endif

    return NGX_OK;
}


ngx_int_t
ngx_http_mta_sts_output(ngx_http_request_t *r, mta_sts_str_t body,
    ngx_uint_t copy)
{
    u_char       *p;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_palloc(r->pool, sizeof(ngx_buf_t) + (copy ? body.len : 0));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(b, sizeof(ngx_buf_t));

    p = (u_char *) body.data;

    if (copy) {
        p = ngx_cpymem((u_char *) b + sizeof(ngx_buf_t), p, body.len)
            - body.len;
    }

    b->pos = p;
    b->last = p + body.len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    r->headers_out.content_length_n = (off_t) body.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_mta_sts_not_allowed(ngx_http_request_t *r, const char *allow)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_mta_sts_add_header(r, "Allow", allow) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NOT_ALLOWED;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return ngx_http_send_header(r);
}
