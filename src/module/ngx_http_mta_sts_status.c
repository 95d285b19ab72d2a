
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The answers of mta_sts_status: a page, JSON and metrics.
 */


#include "ngx_http_mta_sts_module.h"


static ngx_int_t ngx_http_mta_sts_status_query(ngx_http_request_t *r,
    mta_sts_status_query_t *query, const mta_sts_env_t *env,
    mta_sts_err_t *err);
static ngx_int_t ngx_http_mta_sts_status_answer(ngx_http_request_t *r,
    const mta_sts_status_query_t *query, const mta_sts_env_t *env,
    mta_sts_err_t *err);


ngx_int_t
ngx_http_mta_sts_status_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    mta_sts_env_t           env;
    mta_sts_err_t           err;
    mta_sts_buf_t           buf = { &env, NULL, 0, 0, 0 };
    mta_sts_status_query_t  query;

    rc = ngx_http_mta_sts_page_begin(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    env = ngx_http_mta_sts_request_env(r);

    rc = ngx_http_mta_sts_status_query(r, &query, &env, &err);

    if (rc == NGX_OK && query.error.len) {
        mta_sts_buf_add(&buf, query.error);
        mta_sts_buf_add_char(&buf, '\n');

        return buf.failed
               ? NGX_HTTP_INTERNAL_SERVER_ERROR
               : ngx_http_mta_sts_send_page(r, NGX_HTTP_BAD_REQUEST,
                                            "text/plain; charset=utf-8",
                                            "no-cache", mta_sts_buf_str(&buf));
    }

    if (rc == NGX_OK) {
        rc = ngx_http_mta_sts_status_answer(r, &query, &env, &err);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_mta_sts_page_failed(r, &err);
    }

    return rc;
}


/* NGX_DECLINED: an error in err. */

static ngx_int_t
ngx_http_mta_sts_status_query(ngx_http_request_t *r,
    mta_sts_status_query_t *query, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    mta_sts_str_t  accept = { NULL, 0 };

#if (NGX_HTTP_HEADERS)
    if (r->headers_in.accept) {
        accept = ngx_http_mta_sts_str(&r->headers_in.accept->value);
    }
#endif

    if (mta_sts_status_query(query, ngx_http_mta_sts_str(&r->args), accept,
                             env, err)
        != MTA_STS_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_status_answer(ngx_http_request_t *r,
    const mta_sts_status_query_t *query, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    ngx_uint_t             status;
    mta_sts_str_t          text;
    mta_sts_status_view_t  view;

    ngx_memzero(&view, sizeof(mta_sts_status_view_t));

    view.env = env;
    view.max = query->max;

    if (ngx_http_mta_sts_add_header(r, "Vary", "Accept") == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_mta_sts_status_view(r, &view, query->domain, err) != NGX_OK
        || mta_sts_status_text(&view, query->format,
                               ngx_http_mta_sts_files_version(), &text, err)
           != MTA_STS_OK)
    {
        return NGX_DECLINED;
    }

    /* an error is a part of the page, but not of JSON */

    status = view.asked.error.len && query->format == MTA_STS_STATUS_JSON
             ? NGX_HTTP_BAD_REQUEST : NGX_HTTP_OK;

    return ngx_http_mta_sts_send_page(r, status,
                                      mta_sts_status_type(query->format),
                                      "no-cache", text);
}
