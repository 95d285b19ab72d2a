
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * TLS reports that senders POST (RFC 8460, 3): a location that stores each body
 * as a file in the spool, unopened, for mta-sts reports to read.
 *
 * A body is written to a file whose name is a number; when it is complete the
 * file gets a name that says when and from where it came:
 *
 *     TIME.MSEC-PID-SERIAL-RANDOM_ADDRESS.gz
 */


#include "ngx_http_mta_sts_module.h"


#define NGX_HTTP_MTA_STS_REPORTS_ACCESS  0640
#define NGX_HTTP_MTA_STS_REPORTS_NAME                                         \
    (2 * NGX_TIME_T_LEN + 3 * NGX_INT64_LEN + NGX_SOCKADDR_STRLEN             \
     + sizeof("/.---_.json"))


typedef struct {
    ngx_http_mta_sts_reports_t  *reports;
    ngx_temp_file_t              file;
    const char                  *suffix;
    off_t                        reserved;         /* bytes, or -1 */
    ngx_uint_t                   preread;          /* the body is buffered, and
                                                      also another module's */
} ngx_http_mta_sts_reports_ctx_t;


typedef struct {
    ngx_str_t             type;
    const char           *suffix;
} ngx_http_mta_sts_reports_type_t;


static const char *ngx_http_mta_sts_reports_suffix(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_reports_busy(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_reports_reserve(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx);
static void ngx_http_mta_sts_reports_release(void *data);
static void ngx_http_mta_sts_reports_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_reports_store(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx);
static ngx_int_t ngx_http_mta_sts_reports_copy(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx, ngx_buf_t *buf);
static ngx_int_t ngx_http_mta_sts_reports_write(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx, ngx_chain_t *chain);
static ngx_int_t ngx_http_mta_sts_reports_complete(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx);
static ngx_int_t ngx_http_mta_sts_reports_rename(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx);


/* RFC 8460, 5.3 and 6.3, and what real senders use */

static ngx_http_mta_sts_reports_type_t  ngx_http_mta_sts_reports_types[] = {
    { ngx_string("application/tlsrpt+gzip"), "gz" },
    { ngx_string("application/tlsrpt+json"), "json" },
    { ngx_string("application/tlsrpt+zip"), "gz" },
    { ngx_string("application/tlsrpt"), "gz" },
    { ngx_string("application/gzip"), "gz" },
    { ngx_string("application/x-gzip"), "gz" },
    { ngx_string("application/json"), "json" }
};


ngx_int_t
ngx_http_mta_sts_reports_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    const char                      *suffix;
    ngx_http_mta_sts_loc_conf_t     *mlcf;
    ngx_http_mta_sts_reports_ctx_t  *ctx;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_mta_sts_not_allowed(r, "POST");
    }

    /* the body is the main request's, or is gone */

    if (r != r->main || r->discard_body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    suffix = ngx_http_mta_sts_reports_suffix(r);

    if (suffix == NULL) {
        return NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mta_sts_module);

    if (r->headers_in.content_length_n > (off_t) mlcf->reports->max_size) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_mta_sts_reports_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->reports = mlcf->reports;
    ctx->suffix = suffix;
    ctx->preread = r->request_body != NULL;

    ctx->file.file.fd = NGX_INVALID_FILE;
    ctx->file.file.log = r->connection->log;
    ctx->file.path = mlcf->reports->path;
    ctx->file.pool = r->pool;
    ctx->file.persistent = 1;
    ctx->file.clean = 1;
    ctx->file.access = NGX_HTTP_MTA_STS_REPORTS_ACCESS;

    rc = ngx_http_mta_sts_reports_reserve(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_mta_sts_module);

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_mta_sts_reports_read);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* The suffix for the media type of a request, or NULL. */

static const char *
ngx_http_mta_sts_reports_suffix(ngx_http_request_t *r)
{
    size_t                            len;
    ngx_str_t                         type;
    ngx_uint_t                        i, n;
    ngx_http_mta_sts_reports_type_t  *t;

    if (r->headers_in.content_type == NULL) {
        return NULL;
    }

    type = r->headers_in.content_type->value;

    for (len = 0; len < type.len; len++) {
        if (type.data[len] == ';' || type.data[len] == ' ') {
            break;
        }
    }

    t = ngx_http_mta_sts_reports_types;
    n = sizeof(ngx_http_mta_sts_reports_types)
        / sizeof(ngx_http_mta_sts_reports_types[0]);

    for (i = 0; i < n; i++) {
        if (t[i].type.len == len
            && ngx_strncasecmp(t[i].type.data, type.data, len) == 0)
        {
            return t[i].suffix;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_mta_sts_reports_busy(ngx_http_request_t *r)
{
    if (ngx_http_mta_sts_add_header(r, "Retry-After", "3600") == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


/* Reserves room for the body, until the request ends. */

static ngx_int_t
ngx_http_mta_sts_reports_reserve(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->reserved = r->headers_in.content_length_n >= 0
                    ? r->headers_in.content_length_n
                    : (off_t) ctx->reports->max_size;

    if (ngx_http_mta_sts_spool_reserve(ctx->reports, ctx->reserved,
                                       r->connection->log)
        != NGX_OK)
    {
        return ngx_http_mta_sts_reports_busy(r);
    }

    cln->handler = ngx_http_mta_sts_reports_release;
    cln->data = ctx;

    return NGX_OK;
}


static void
ngx_http_mta_sts_reports_release(void *data)
{
    ngx_http_mta_sts_reports_ctx_t  *ctx = data;

    if (ctx->reserved != -1) {
        ngx_http_mta_sts_spool_release(ctx->reports, ctx->reserved);
        ctx->reserved = -1;
    }
}


/* Called when a part of the body is there; also for the events after that. */

static void
ngx_http_mta_sts_reports_read(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_http_mta_sts_reports_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mta_sts_module);

    r->read_event_handler = ngx_http_mta_sts_reports_read;

    for ( ;; ) {
        rc = ngx_http_mta_sts_reports_store(r, ctx);

        if (rc != NGX_OK) {
            break;
        }

        if (!r->reading_body) {
            rc = ngx_http_mta_sts_reports_complete(r, ctx);
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            break;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    r->read_event_handler = ngx_http_block_reading;

    ngx_http_finalize_request(r, rc);
}


/*
 * Writes to the file what is there of the body.  If another module has read it,
 * such as mirror, it is left as it is.
 */

static ngx_int_t
ngx_http_mta_sts_reports_store(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx)
{
    ngx_int_t     rc;
    ngx_chain_t  *cl, *bufs, one;

    bufs = r->request_body->bufs;

    if (!ctx->preread) {
        r->request_body->bufs = NULL;
    }

    for (cl = bufs; cl; cl = cl->next) {

        if (ngx_buf_size(cl->buf) == 0) {
            continue;
        }

        one.buf = cl->buf;
        one.next = NULL;

        rc = ngx_buf_in_memory(cl->buf)
             ? ngx_http_mta_sts_reports_write(r, ctx, &one)
             : ngx_http_mta_sts_reports_copy(r, ctx, cl->buf);

        if (rc != NGX_OK) {
            return rc;
        }

        if (!ctx->preread) {
            cl->buf->pos = cl->buf->last;
        }
    }

    return NGX_OK;
}


/* A buffer in a file. */

static ngx_int_t
ngx_http_mta_sts_reports_copy(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx, ngx_buf_t *buf)
{
    off_t         offset;
    size_t        size;
    ssize_t       n;
    ngx_int_t     rc;
    ngx_buf_t     copy;
    ngx_chain_t   one;
    u_char        data[4096];

    ngx_memzero(&copy, sizeof(ngx_buf_t));
    copy.memory = 1;
    one.buf = &copy;
    one.next = NULL;

    for (offset = buf->file_pos; offset < buf->file_last; offset += n) {

        size = (size_t) ngx_min(buf->file_last - offset,
                                (off_t) sizeof(data));

        n = ngx_read_file(buf->file, data, size, offset);

        if (n <= 0) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        copy.pos = data;
        copy.last = data + n;

        rc = ngx_http_mta_sts_reports_write(r, ctx, &one);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_reports_write(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx, ngx_chain_t *chain)
{
    ssize_t  n;

    n = ngx_write_chain_to_temp_file(&ctx->file, chain);

    if (n == NGX_ERROR) {
        return ngx_http_mta_sts_reports_busy(r);
    }

    ctx->file.offset += n;

    return ctx->file.offset > (off_t) ctx->reports->max_size
           ? NGX_HTTP_REQUEST_ENTITY_TOO_LARGE : NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_reports_complete(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx)
{
    if (ctx->file.offset == 0) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_http_mta_sts_reports_rename(r, ctx) != NGX_OK) {
        return ngx_http_mta_sts_reports_busy(r);
    }

    ngx_http_mta_sts_spool_add(ctx->reports, ctx->file.offset);
    ngx_http_mta_sts_reports_release(ctx);

    r->headers_out.status = NGX_HTTP_CREATED;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_mta_sts_reports_rename(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx)
{
    u_char                   *name, *p;
    ngx_str_t                *addr;
    ngx_time_t               *now;
    ngx_atomic_uint_t         serial;
    ngx_pool_cleanup_t       *cln;
    ngx_http_mta_sts_reports_t  *reports;

    reports = ctx->reports;
    addr = &r->connection->addr_text;

    name = ngx_pnalloc(r->pool, reports->path->name.len
                                + NGX_HTTP_MTA_STS_REPORTS_NAME);
    if (name == NULL) {
        return NGX_ERROR;
    }

    now = ngx_timeofday();
    serial = ngx_http_mta_sts_spool_serial(reports);

    p = ngx_sprintf(name, "%V/%T.%03M-%P-%uA-%xi_%*s.%s%Z",
                    &reports->path->name, now->sec, now->msec, ngx_pid,
                    serial, (ngx_int_t) ngx_random(),
                    addr->len, addr->data, ctx->suffix);

    /* a client of a unix socket has a path for an address */

    for (p = name + reports->path->name.len + 1; *p; p++) {
        if (*p == '/') {
            *p = ':';
        }
    }

    if (ngx_rename_file(ctx->file.file.name.data, name) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, ngx_errno,
                      ngx_rename_file_n " \"%s\" to \"%s\" failed",
                      ctx->file.file.name.data, name);
        return NGX_ERROR;
    }

    /* the number may be another request's from now on */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_pool_delete_file) {
            cln->handler = ngx_pool_cleanup_file;
        }
    }

    return NGX_OK;
}
