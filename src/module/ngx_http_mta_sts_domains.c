
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Domains files: each is read once, and nginx -T prints them.
 */


#include "ngx_http_mta_sts_module.h"


typedef struct {
    mta_sts_str_t              name;
    mta_sts_domains_t         *domains;
    ngx_http_mta_sts_table_t  *table;        /* if it is one */
} ngx_http_mta_sts_file_t;


static ngx_int_t ngx_http_mta_sts_read_files(ngx_conf_t *cf,
    const mta_sts_value_t *value, ngx_http_mta_sts_file_t *file);
static int ngx_http_mta_sts_names(const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t **names, size_t *n,
    mta_sts_err_t *err);
static ngx_int_t ngx_http_mta_sts_dump(ngx_conf_t *cf,
    const mta_sts_file_t *file);


ngx_int_t
ngx_http_mta_sts_read_domains(ngx_conf_t *cf, const mta_sts_value_t *value,
    const mta_sts_domains_t **domains, ngx_http_mta_sts_table_t **table)
{
    ngx_uint_t                     i;
    ngx_http_mta_sts_file_t       *file;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);

    if (mmcf->files.elts == NULL
        && ngx_array_init(&mmcf->files, cf->pool, 4,
                          sizeof(ngx_http_mta_sts_file_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    file = mmcf->files.elts;

    for (i = 0; i < mmcf->files.nelts; i++) {
        if (mta_sts_str_eq(file[i].name, value->text)) {
            *domains = file[i].domains;
            *table = file[i].table;
            return NGX_OK;
        }
    }

    file = ngx_array_push(&mmcf->files);
    if (file == NULL) {
        return NGX_ERROR;
    }

    file->name = value->text;

    file->domains = ngx_palloc(cf->pool, sizeof(mta_sts_domains_t));
    if (file->domains == NULL) {
        return NGX_ERROR;
    }

    file->table = NULL;

    if (ngx_http_mta_sts_read_files(cf, value, file) != NGX_OK) {
        return NGX_ERROR;
    }

    *domains = file->domains;
    *table = file->table;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_read_files(ngx_conf_t *cf, const mta_sts_value_t *value,
    ngx_http_mta_sts_file_t *file)
{
    int              rc;
    size_t           i, n, n_files;
    mta_sts_str_t   *names;
    mta_sts_env_t    env;
    mta_sts_err_t    err;
    mta_sts_file_t  *files;

    env = ngx_http_mta_sts_env(cf);

    if (ngx_http_mta_sts_names(value, &env, &names, &n, &err) != MTA_STS_OK) {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    if (n == 1 && mta_sts_image_is(names[0])) {

        /* its path is enough for nginx -T */

        if (ngx_http_mta_sts_table_open(cf, names[0], value->place,
                                        file->domains, &file->table, &err)
            != MTA_STS_OK)
        {
            ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    rc = MTA_STS_OK;
    n_files = 0;

    files = ngx_palloc(cf->pool, n * sizeof(mta_sts_file_t));
    if (files == NULL) {
        rc = mta_sts_error_memory(&err);
    }

    while (n_files < n && rc == MTA_STS_OK) {

        ngx_log_debug2(NGX_LOG_DEBUG_CORE, cf->log, 0,
                       "mta-sts domains in %*s", names[n_files].len,
                       names[n_files].data);

        rc = mta_sts_file_read(&files[n_files], names[n_files], value->place,
                               &err);

        if (rc == MTA_STS_OK && ngx_dump_config
            && ngx_http_mta_sts_dump(cf, &files[n_files]) != NGX_OK)
        {
            rc = mta_sts_error_memory(&err);
        }

        n_files++;
    }

    if (rc == MTA_STS_OK) {
        rc = mta_sts_domains_read(files, n, &env, file->domains, &err);

    } else {
        for (i = 0; i < n_files; i++) {
            mta_sts_file_free(&files[i]);
        }
    }

    if (rc != MTA_STS_OK) {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* As for include, but a glob that matches nothing is an error. */

static int
ngx_http_mta_sts_names(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t **names, size_t *n, mta_sts_err_t *err)
{
    const char  *pattern;

    pattern = value->text.data;

    if (strpbrk(pattern, "*?[") == NULL) {

        *names = env->alloc(env->ctx, sizeof(mta_sts_str_t));
        if (*names == NULL) {
            return mta_sts_error_memory(err);
        }

        **names = value->text;
        *n = 1;

        return MTA_STS_OK;
    }

    if (mta_sts_glob(pattern, value->place, env, names, n, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return *n ? MTA_STS_OK
              : mta_sts_error(err, value->place, "no file matches \"%.*s\"",
                              MTA_STS_SHOW(value->text));
}


/*
 * Adds a file to the output of nginx -T, where the helper reads it.  Follows
 * ngx_conf_add_dump().
 */

static ngx_int_t
ngx_http_mta_sts_dump(ngx_conf_t *cf, const mta_sts_file_t *file)
{
    ngx_buf_t        *b;
    ngx_uint_t        i;
    ngx_conf_dump_t  *cd;

    cd = cf->cycle->config_dump.elts;

    for (i = 0; i < cf->cycle->config_dump.nelts; i++) {
        if (mta_sts_str_eq(ngx_http_mta_sts_str(&cd[i].name), file->name)) {
            return NGX_OK;
        }
    }

    cd = ngx_array_push(&cf->cycle->config_dump);
    b = ngx_create_temp_buf(cf->cycle->pool, file->text.len);

    if (cd == NULL || b == NULL) {
        return NGX_ERROR;
    }

    cd->name.data = (u_char *) file->name.data;
    cd->name.len = file->name.len;
    cd->buffer = b;

    b->last = ngx_cpymem(b->last, file->text.data, file->text.len);

    return NGX_OK;
}
