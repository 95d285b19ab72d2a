
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * What the pages of the generator and of the status have in common: their
 * files, and the header of their answers.
 */


#include "ngx_http_mta_sts_module.h"
#include "ngx_http_mta_sts_files.h"


typedef struct {
    ngx_str_t       name;
    const char     *type;
    mta_sts_str_t   text;
} ngx_http_mta_sts_page_file_t;


static ngx_int_t ngx_http_mta_sts_send_file(ngx_http_request_t *r);
static void *ngx_http_mta_sts_request_alloc(void *ctx, size_t size);


#define ngx_http_mta_sts_text(array)                                          \
    { (const char *) array, sizeof(array) }


static const ngx_http_mta_sts_page_file_t  ngx_http_mta_sts_files[] = {

    { ngx_string("script.js"), "text/javascript",
      ngx_http_mta_sts_text(ngx_http_mta_sts_script_js) },

    { ngx_string("status.css"), "text/css",
      ngx_http_mta_sts_text(ngx_http_mta_sts_status_css) },

    { ngx_string("style.css"), "text/css",
      ngx_http_mta_sts_text(ngx_http_mta_sts_style_css) },

    { ngx_null_string, NULL, { NULL, 0 } }
};


/*
 * The page may load its own files and itself, nothing else.  img-src is for the
 * site's icon, which browsers request and would report as a violation.
 */

static const char  ngx_http_mta_sts_csp[] =
    "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";


mta_sts_env_t
ngx_http_mta_sts_request_env(ngx_http_request_t *r)
{
    mta_sts_env_t  env;

    env.alloc = ngx_http_mta_sts_request_alloc;
    env.warn = NULL;
    env.ctx = r;
    env.is_public_suffix = NULL;

    return env;
}


static void *
ngx_http_mta_sts_request_alloc(void *ctx, size_t size)
{
    ngx_http_request_t *r = ctx;

    return ngx_palloc(r->pool, size);
}


mta_sts_str_t
ngx_http_mta_sts_files_version(void)
{
    return mta_sts_str(ngx_http_mta_sts_version);
}


ngx_int_t
ngx_http_mta_sts_page_begin(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_mta_sts_not_allowed(r, "GET, HEAD");
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (r->args.len >= 5 && ngx_strncmp(r->args.data, "file=", 5) == 0) {
        return ngx_http_mta_sts_send_file(r);
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_mta_sts_page_failed(ngx_http_request_t *r, const mta_sts_err_t *err)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "%s", err->text);

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_mta_sts_send_file(ngx_http_request_t *r)
{
    u_char                              *p, *last;
    size_t                               len;
    const ngx_http_mta_sts_page_file_t  *file;

    p = r->args.data + 5;
    last = ngx_strlchr(p, r->args.data + r->args.len, '&');

    len = (last ? last : r->args.data + r->args.len) - p;

    for (file = ngx_http_mta_sts_files; file->name.len; file++) {

        if (file->name.len == len
            && ngx_memcmp(file->name.data, p, len) == 0)
        {
            return ngx_http_mta_sts_send_page(r, NGX_HTTP_OK, file->type,
                                              "max-age=86400", file->text);
        }
    }

    return NGX_HTTP_NOT_FOUND;
}


ngx_int_t
ngx_http_mta_sts_send_page(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, const char *cache, mta_sts_str_t body)
{
    if (ngx_http_mta_sts_cache_control(r, cache) != NGX_OK
        || ngx_http_mta_sts_add_header(r, "Content-Security-Policy",
                                       ngx_http_mta_sts_csp)
           == NULL
        || ngx_http_mta_sts_add_header(r, "X-Content-Type-Options", "nosniff")
           == NULL
        || ngx_http_mta_sts_add_header(r, "Referrer-Policy", "no-referrer")
           == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;

    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = strcspn(type, ";");

    return ngx_http_mta_sts_output(r, body, 0);
}
