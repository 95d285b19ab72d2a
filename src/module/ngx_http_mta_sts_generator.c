
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The policy generator as a page: a location that answers with a form, and with
 * the policy that is made from it.  All requests are from untrusted clients.
 */


#include "ngx_http_mta_sts_module.h"
#include "ngx_http_mta_sts_files.h"
#include "generator/generator.h"


typedef struct {
    ngx_str_t       name;
    const char     *type;
    mta_sts_str_t   text;
} ngx_http_mta_sts_page_file_t;


static ngx_int_t ngx_http_mta_sts_generator_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_generator_file(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_generator_policy(ngx_http_request_t *r,
    mta_sts_generator_t *generator);
static ngx_int_t ngx_http_mta_sts_generator_records(ngx_http_request_t *r,
    mta_sts_generator_t *generator);
static ngx_int_t ngx_http_mta_sts_generator_json(ngx_http_request_t *r,
    mta_sts_generator_t *generator);
static ngx_int_t ngx_http_mta_sts_generator_page(ngx_http_request_t *r,
    mta_sts_generator_t *generator);
static ngx_int_t ngx_http_mta_sts_generator_self(ngx_http_request_t *r,
    mta_sts_str_t *self);
static ngx_int_t ngx_http_mta_sts_generator_send(ngx_http_request_t *r,
    ngx_uint_t status, const char *type, const char *cache,
    mta_sts_str_t body);
static void *ngx_http_mta_sts_generator_alloc(void *ctx, size_t size);


#define ngx_http_mta_sts_text(array)                                          \
    { (const char *) array, sizeof(array) }


static const ngx_http_mta_sts_page_file_t  ngx_http_mta_sts_files[] = {

    { ngx_string("script.js"), "text/javascript",
      ngx_http_mta_sts_text(ngx_http_mta_sts_script_js) },

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


static ngx_int_t
ngx_http_mta_sts_generator_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    mta_sts_env_t         env;
    mta_sts_err_t         err;
    mta_sts_str_t         query, format;
    mta_sts_generator_t  *generator;

    /* set up once for all requests of a worker */

    static mta_sts_digest_t  digest;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_mta_sts_add_header(r, "Allow", "GET, HEAD")
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (r->args.len >= 5 && ngx_strncmp(r->args.data, "file=", 5) == 0) {
        return ngx_http_mta_sts_generator_file(r);
    }

    generator = ngx_palloc(r->pool, sizeof(mta_sts_generator_t));
    if (generator == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    env.alloc = ngx_http_mta_sts_generator_alloc;
    env.warn = NULL;
    env.ctx = r;
    env.is_public_suffix = NULL;

    query = ngx_http_mta_sts_str(&r->args);

    if (mta_sts_generator_read(generator, query, &digest, &env, &err)
        != MTA_STS_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "%s", err.text);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    format = generator->typed[MTA_STS_FORM_FORMAT];

    if (mta_sts_str_eq(format, mta_sts_str("json"))) {
        return ngx_http_mta_sts_generator_json(r, generator);
    }

    if (generator->result.entry.policy) {

        if (mta_sts_str_eq(format, mta_sts_str("policy"))) {
            return ngx_http_mta_sts_generator_policy(r, generator);
        }

        if (generator->format) {
            return ngx_http_mta_sts_generator_records(r, generator);
        }
    }

    return ngx_http_mta_sts_generator_page(r, generator);
}


/* Answers "file=NAME", and "&v=VERSION", which is only for caches. */

static ngx_int_t
ngx_http_mta_sts_generator_file(ngx_http_request_t *r)
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
            return ngx_http_mta_sts_generator_send(r, NGX_HTTP_OK, file->type,
                                                   "max-age=86400",
                                                   file->text);
        }
    }

    return NGX_HTTP_NOT_FOUND;
}


static ngx_int_t
ngx_http_mta_sts_generator_policy(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    mta_sts_str_t  body;

    if (ngx_http_mta_sts_add_header(r, "Content-Disposition",
                                    "attachment; filename=\"mta-sts.txt\"")
        == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body = mta_sts_policy_body(generator->result.entry.policy);

    return ngx_http_mta_sts_generator_send(r, NGX_HTTP_OK, "text/plain",
                                           "no-cache", body);
}


static ngx_int_t
ngx_http_mta_sts_generator_records(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    mta_sts_err_t  err;
    mta_sts_str_t  text;

    if (mta_sts_result_records(&generator->result, generator->format,
                               &generator->format_settings, &generator->env,
                               &text, &err)
        != MTA_STS_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "%s", err.text);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mta_sts_generator_send(r, NGX_HTTP_OK, "text/plain",
                                           "no-cache", text);
}


static ngx_int_t
ngx_http_mta_sts_generator_json(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    mta_sts_err_t  err;
    mta_sts_str_t  json;

    if (mta_sts_generator_json(generator, &json, &err) != MTA_STS_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "%s", err.text);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mta_sts_generator_send(r, generator->n_errors
                                              ? NGX_HTTP_BAD_REQUEST
                                              : NGX_HTTP_OK,
                                           "application/json", "no-cache",
                                           json);
}


static ngx_int_t
ngx_http_mta_sts_generator_page(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    int            bad;
    mta_sts_err_t  err;
    mta_sts_str_t  self, page, format;

    if (ngx_http_mta_sts_generator_self(r, &self) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (mta_sts_generator_page(generator, self,
                               mta_sts_str(ngx_http_mta_sts_version), &page,
                               &err)
        != MTA_STS_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "%s", err.text);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* errors are a part of the page, unless something else was asked for */

    format = generator->typed[MTA_STS_FORM_FORMAT];

    bad = generator->errors[MTA_STS_FORM_QUERY].len
          || (generator->n_errors && format.len
              && !mta_sts_str_eq(format, mta_sts_str("html")));

    return ngx_http_mta_sts_generator_send(r,
                                     bad ? NGX_HTTP_BAD_REQUEST : NGX_HTTP_OK,
                                     "text/html; charset=utf-8", "no-cache",
                                     page);
}


/*
 * The page's own URL, relative to itself: the path of a request may begin with
 * "//", which would be another host in a link.
 */

static ngx_int_t
ngx_http_mta_sts_generator_self(ngx_http_request_t *r, mta_sts_str_t *self)
{
    u_char     *p, *last;
    size_t      len;
    uintptr_t   escape;

    for (last = r->uri.data + r->uri.len; last > r->uri.data; last--) {
        if (last[-1] == '/') {
            break;
        }
    }

    len = r->uri.data + r->uri.len - last;
    escape = ngx_escape_uri(NULL, last, len, NGX_ESCAPE_URI_COMPONENT);

    p = ngx_pnalloc(r->pool, 2 + len + 2 * escape);
    if (p == NULL) {
        return NGX_ERROR;
    }

    self->data = (const char *) p;
    self->len = 2 + len + 2 * escape;

    p = ngx_cpymem(p, "./", 2);
    (void) ngx_escape_uri(p, last, len, NGX_ESCAPE_URI_COMPONENT);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_generator_send(ngx_http_request_t *r, ngx_uint_t status,
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

    return ngx_http_mta_sts_output(r, body);
}


static void *
ngx_http_mta_sts_generator_alloc(void *ctx, size_t size)
{
    ngx_http_request_t *r = ctx;

    return ngx_palloc(r->pool, size);
}


char *
ngx_http_mta_sts_set_generator(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_mta_sts_generator_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_http_mta_sts_generator_handler;

    return NGX_CONF_OK;
}
