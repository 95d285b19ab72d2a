
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The spool for TLS reports that senders POST (RFC 8460, 3): a location that
 * stores each body as a file, unopened, for mta-sts reports to read.
 *
 * A body is written to a file whose name is a number; when it is complete the
 * file gets a name that says when and from where it came:
 *
 *     TIME.MSEC-PID-SERIAL-RANDOM_ADDRESS.gz
 *
 * How many files there are, and bytes, is in shared memory.  Files that the
 * reader removes are noticed by a scan.
 */


#include "ngx_http_mta_sts_module.h"


#define NGX_HTTP_MTA_STS_REPORTS_SCAN    60        /* seconds between scans */
#define NGX_HTTP_MTA_STS_REPORTS_STALE   3600      /* of an incomplete file */
#define NGX_HTTP_MTA_STS_REPORTS_ACCESS  0640
#define NGX_HTTP_MTA_STS_REPORTS_NAME                                         \
    (2 * NGX_TIME_T_LEN + 3 * NGX_INT64_LEN + NGX_SOCKADDR_STRLEN             \
     + sizeof("/.---_.json"))


typedef struct {
    ngx_atomic_t          files;
    ngx_atomic_t          bytes;
    ngx_atomic_t          scanned;            /* time of the last scan */
    ngx_atomic_t          serial;
} ngx_http_mta_sts_reports_shared_t;


struct ngx_http_mta_sts_reports_s {
    ngx_path_t           *path;
    size_t                max_size;           /* bytes of a report */
    ngx_uint_t            max_files;
    off_t                 max_bytes;          /* of all files */
    ngx_shm_zone_t       *zone;
    ngx_http_mta_sts_reports_shared_t  *shared;
};


typedef struct {
    ngx_http_mta_sts_reports_t  *reports;
    ngx_temp_file_t              file;
    const char                  *suffix;
} ngx_http_mta_sts_reports_ctx_t;


typedef struct {
    ngx_str_t             type;
    const char           *suffix;
} ngx_http_mta_sts_reports_type_t;


static ngx_int_t ngx_http_mta_sts_reports_handler(ngx_http_request_t *r);
static const char *ngx_http_mta_sts_reports_suffix(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_reports_is_full(
    ngx_http_mta_sts_reports_t *reports, ngx_log_t *log);
static void ngx_http_mta_sts_reports_scan(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log);
static ngx_int_t ngx_http_mta_sts_reports_busy(ngx_http_request_t *r);
static void ngx_http_mta_sts_reports_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_reports_store(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx);
static ngx_int_t ngx_http_mta_sts_reports_complete(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx);
static ngx_int_t ngx_http_mta_sts_reports_rename(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx);
static char *ngx_http_mta_sts_reports_options(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports);
static ngx_int_t ngx_http_mta_sts_reports_init_zone(ngx_shm_zone_t *zone,
    void *data);


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


static ngx_int_t
ngx_http_mta_sts_reports_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    const char                      *suffix;
    ngx_http_mta_sts_loc_conf_t     *mlcf;
    ngx_http_mta_sts_reports_ctx_t  *ctx;

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_mta_sts_not_allowed(r, "POST");
    }

    suffix = ngx_http_mta_sts_reports_suffix(r);

    if (suffix == NULL) {
        return NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mta_sts_module);

    if (r->headers_in.content_length_n > (off_t) mlcf->reports->max_size) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    if (ngx_http_mta_sts_reports_is_full(mlcf->reports, r->connection->log)) {
        return ngx_http_mta_sts_reports_busy(r);
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_mta_sts_reports_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->reports = mlcf->reports;
    ctx->suffix = suffix;

    ctx->file.file.fd = NGX_INVALID_FILE;
    ctx->file.file.log = r->connection->log;
    ctx->file.path = mlcf->reports->path;
    ctx->file.pool = r->pool;
    ctx->file.persistent = 1;
    ctx->file.clean = 1;
    ctx->file.access = NGX_HTTP_MTA_STS_REPORTS_ACCESS;

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
ngx_http_mta_sts_reports_is_full(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log)
{
    time_t                              now;
    ngx_atomic_uint_t                   scanned;
    ngx_http_mta_sts_reports_shared_t  *shared;

    shared = reports->shared;
    now = ngx_time();
    scanned = shared->scanned;

    /* one worker scans, the others go on with what is known */

    if ((time_t) scanned + NGX_HTTP_MTA_STS_REPORTS_SCAN <= now
        && ngx_atomic_cmp_set(&shared->scanned, scanned,
                              (ngx_atomic_uint_t) now))
    {
        ngx_http_mta_sts_reports_scan(reports, log);
    }

    return shared->files >= reports->max_files
           || (off_t) shared->bytes + (off_t) reports->max_size
              > reports->max_bytes;
}


/* Counts the files, and removes what a killed worker has not completed. */

static void
ngx_http_mta_sts_reports_scan(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log)
{
    u_char            name[NGX_MAX_PATH + 1];
    ngx_dir_t         dir;
    ngx_file_info_t   fi;
    ngx_atomic_int_t  files, bytes;

    if (ngx_open_dir(&reports->path->name, &dir) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno, ngx_open_dir_n " \"%V\" "
                      "failed", &reports->path->name);
        return;
    }

    files = 0;
    bytes = 0;

    while (ngx_read_dir(&dir) == NGX_OK) {
        *ngx_snprintf(name, NGX_MAX_PATH, "%V/%s", &reports->path->name,
                      ngx_de_name(&dir)) = '\0';

        if (ngx_link_info(name, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
            continue;
        }

        if (ngx_strchr(ngx_de_name(&dir), '.') == NULL) {

            if (ngx_file_mtime(&fi) + NGX_HTTP_MTA_STS_REPORTS_STALE
                < ngx_time())
            {
                (void) ngx_delete_file(name);
            }

            continue;
        }

        files++;
        bytes += (ngx_atomic_int_t) ngx_file_size(&fi);
    }

    (void) ngx_close_dir(&dir);

    reports->shared->files = (ngx_atomic_uint_t) files;
    reports->shared->bytes = (ngx_atomic_uint_t) bytes;
}


static ngx_int_t
ngx_http_mta_sts_reports_busy(ngx_http_request_t *r)
{
    if (ngx_http_mta_sts_add_header(r, "Retry-After", "3600") == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_SERVICE_UNAVAILABLE;
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


/* Writes to the file what is there of the body. */

static ngx_int_t
ngx_http_mta_sts_reports_store(ngx_http_request_t *r,
    ngx_http_mta_sts_reports_ctx_t *ctx)
{
    ssize_t       n;
    ngx_chain_t  *cl, *bufs;

    bufs = r->request_body->bufs;
    r->request_body->bufs = NULL;

    for (cl = bufs; cl; cl = cl->next) {
        if (ngx_buf_in_memory(cl->buf) && ngx_buf_size(cl->buf)) {
            break;
        }
    }

    if (cl == NULL) {
        return NGX_OK;
    }

    n = ngx_write_chain_to_temp_file(&ctx->file, bufs);

    if (n == NGX_ERROR) {
        return ngx_http_mta_sts_reports_busy(r);
    }

    ctx->file.offset += n;

    for (cl = bufs; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    if (ctx->file.offset > (off_t) ctx->reports->max_size) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    return NGX_OK;
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

    (void) ngx_atomic_fetch_add(&ctx->reports->shared->files, 1);
    (void) ngx_atomic_fetch_add(&ctx->reports->shared->bytes,
                                (ngx_atomic_int_t) ctx->file.offset);

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
    ngx_atomic_int_t          serial;
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
    serial = ngx_atomic_fetch_add(&reports->shared->serial, 1);

    p = ngx_sprintf(name, "%V/%T.%03M-%P-%uA-%xi_%*s.%s%Z",
                    &reports->path->name, now->sec, now->msec, ngx_pid,
                    (ngx_atomic_uint_t) serial, (ngx_int_t) ngx_random(),
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


char *
ngx_http_mta_sts_set_reports(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mta_sts_loc_conf_t  *mlcf = conf;

    char                        *rv;
    ngx_str_t                   *value, name;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_mta_sts_reports_t  *reports, *first;

    if (mlcf->reports) {
        return "is duplicate";
    }

    reports = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_reports_t));
    if (reports == NULL) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_mta_sts_reports_options(cf, reports);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;

    reports->path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (reports->path == NULL) {
        return NGX_CONF_ERROR;
    }

    name = value[1];

    if (name.len > 1 && name.data[name.len - 1] == '/') {
        name.data[--name.len] = '\0';
    }

    if (ngx_conf_full_name(cf->cycle, &name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    reports->path->name = name;
    reports->path->conf_file = cf->conf_file->file.name.data;
    reports->path->line = cf->conf_file->line;

    /* nginx creates the directory, for the user of the workers */

    if (ngx_add_path(cf, &reports->path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    reports->zone = ngx_shared_memory_add(cf, &name, 8 * ngx_pagesize,
                                          &ngx_http_mta_sts_module);
    if (reports->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    first = reports->zone->data;

    if (first == NULL) {
        reports->zone->data = reports;
        reports->zone->init = ngx_http_mta_sts_reports_init_zone;

    } else if (first->max_size != reports->max_size
               || first->max_files != reports->max_files
               || first->max_bytes != reports->max_bytes)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"mta_sts_reports %V\" has "
                           "other limits in %s:%ui", &value[1],
                           first->path->conf_file, first->path->line);
        return NGX_CONF_ERROR;

    } else {
        reports = first;
    }

    mlcf->reports = reports;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_mta_sts_reports_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_mta_sts_reports_options(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports)
{
    ngx_int_t   files;
    ngx_str_t  *value, s;
    ngx_uint_t  i;

    reports->max_size = 1024 * 1024;
    reports->max_files = 10000;
    reports->max_bytes = (off_t) 1024 * 1024 * 1024;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "size=", 5) == 0) {
            s.data = value[i].data + 5;
            s.len = value[i].len - 5;
            reports->max_size = (size_t) ngx_parse_size(&s);

            if ((ssize_t) reports->max_size > 0) {
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "files=", 6) == 0) {
            files = ngx_atoi(value[i].data + 6, value[i].len - 6);
            reports->max_files = (ngx_uint_t) files;

            if (files > 0) {
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "bytes=", 6) == 0) {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;
            reports->max_bytes = ngx_parse_offset(&s);

            if (reports->max_bytes > 0) {
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\", "
                           "must be \"size=SIZE\", \"files=NUMBER\" or "
                           "\"bytes=SIZE\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_mta_sts_reports_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t             *shpool;
    ngx_http_mta_sts_reports_t  *old = data;
    ngx_http_mta_sts_reports_t  *reports = zone->data;

    if (old) {
        reports->shared = old->shared;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (!zone->shm.exists) {
        shpool->data = ngx_slab_calloc(shpool,
                                   sizeof(ngx_http_mta_sts_reports_shared_t));
    }

    reports->shared = shpool->data;

    return reports->shared ? NGX_OK : NGX_ERROR;
}
