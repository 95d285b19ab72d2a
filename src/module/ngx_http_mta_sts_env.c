
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The environment of the core in nginx: memory, warnings and the log.
 */


#include "ngx_http_mta_sts_module.h"


static void *ngx_http_mta_sts_alloc(void *ctx, size_t size);
static void ngx_http_mta_sts_warn(void *ctx, const mta_sts_err_t *warning);


mta_sts_env_t
ngx_http_mta_sts_env(ngx_conf_t *cf)
{
    mta_sts_env_t  env;

    env.alloc = ngx_http_mta_sts_alloc;
    env.warn = ngx_http_mta_sts_warn;
    env.ctx = cf;
    env.is_public_suffix = NULL;

    return env;
}


static void *
ngx_http_mta_sts_alloc(void *ctx, size_t size)
{
    ngx_conf_t *cf = ctx;

    return ngx_palloc(cf->pool, size);
}


static void
ngx_http_mta_sts_warn(void *ctx, const mta_sts_err_t *warning)
{
    ngx_http_mta_sts_log(ctx, NGX_LOG_WARN, warning);
}


/*
 * Like ngx_conf_log_error(), which would report the end of the http block for
 * errors that are found there.
 */

void
ngx_http_mta_sts_log(ngx_conf_t *cf, ngx_uint_t level,
    const mta_sts_err_t *err)
{
    if (err->place.file.len == 0) {
        ngx_log_error(level, cf->log, 0, "%s", err->text);

    } else if (err->place.line == 0) {
        ngx_log_error(level, cf->log, 0, "%s in %*s", err->text,
                      err->place.file.len, err->place.file.data);

    } else if (err->place.column == 0) {
        ngx_log_error(level, cf->log, 0, "%s in %*s:%ui", err->text,
                      err->place.file.len, err->place.file.data,
                      (ngx_uint_t) err->place.line);

    } else {
        ngx_log_error(level, cf->log, 0, "%s in %*s:%ui:%ui", err->text,
                      err->place.file.len, err->place.file.data,
                      (ngx_uint_t) err->place.line,
                      (ngx_uint_t) err->place.column);
    }
}


mta_sts_value_t
ngx_http_mta_sts_value(ngx_conf_t *cf, ngx_str_t *word)
{
    mta_sts_value_t  value;

    value.text = ngx_http_mta_sts_str(word);
    value.place.file = ngx_http_mta_sts_str(&cf->conf_file->file.name);
    value.place.line = cf->conf_file->line;
    value.place.column = 0;

    return value;
}
