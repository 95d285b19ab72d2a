
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Domains files: each is read once, and nginx -T prints them.
 */


#include "ngx_http_mta_sts_module.h"


typedef struct {
    mta_sts_str_t       name;
    mta_sts_domains_t  *domains;
} ngx_http_mta_sts_file_t;


static ngx_int_t ngx_http_mta_sts_read_files(ngx_conf_t *cf,
    const mta_sts_value_t *value, mta_sts_domains_t *domains);
static int ngx_http_mta_sts_names(const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t **names, size_t *n,
    mta_sts_err_t *err);
static ngx_int_t ngx_http_mta_sts_dump(ngx_conf_t *cf, mta_sts_input_t *input,
    mta_sts_err_t *err);


ngx_int_t
ngx_http_mta_sts_read_domains(ngx_conf_t *cf, const mta_sts_value_t *value,
    const mta_sts_domains_t **domains)
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

    *domains = file->domains;

    return ngx_http_mta_sts_read_files(cf, value, file->domains);
}


static ngx_int_t
ngx_http_mta_sts_read_files(ngx_conf_t *cf, const mta_sts_value_t *value,
    mta_sts_domains_t *domains)
{
    int                        rc;
    size_t                     i, n;
    mta_sts_str_t             *names;
    mta_sts_env_t              env;
    mta_sts_err_t              err;
    mta_sts_input_t            input;
    mta_sts_domains_reader_t  *reader;

    env = ngx_http_mta_sts_env(cf);

    if (ngx_http_mta_sts_names(value, &env, &names, &n, &err) != MTA_STS_OK) {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    reader = mta_sts_domains_begin(&env);
    if (reader == NULL) {
        (void) mta_sts_error_memory(&err);
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    for (i = 0, rc = MTA_STS_OK; i < n && rc == MTA_STS_OK; i++) {

        ngx_log_debug2(NGX_LOG_DEBUG_CORE, cf->log, 0,
                       "mta-sts domains in %*s", names[i].len, names[i].data);

        rc = mta_sts_input_open(&input, names[i], value->place, &err);

        if (rc == MTA_STS_OK && ngx_dump_config
            && ngx_http_mta_sts_dump(cf, &input, &err) != NGX_OK)
        {
            mta_sts_input_close(&input);
            rc = MTA_STS_ERROR;
        }

        if (rc == MTA_STS_OK) {
            rc = mta_sts_domains_add(reader, &input, &err);
        }
    }

    if (rc == MTA_STS_OK) {
        rc = mta_sts_domains_end(reader, domains, &err);

    } else {
        mta_sts_domains_discard(reader);
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
ngx_http_mta_sts_dump(ngx_conf_t *cf, mta_sts_input_t *input,
    mta_sts_err_t *err)
{
    size_t            n;
    ngx_buf_t        *b;
    ngx_uint_t        i;
    ngx_conf_dump_t  *cd;

    cd = cf->cycle->config_dump.elts;

    for (i = 0; i < cf->cycle->config_dump.nelts; i++) {
        if (mta_sts_str_eq(ngx_http_mta_sts_str(&cd[i].name), input->name)) {
            return NGX_OK;
        }
    }

    cd = ngx_array_push(&cf->cycle->config_dump);
    b = ngx_create_temp_buf(cf->cycle->pool, (size_t) input->st.st_size);

    if (cd == NULL || b == NULL) {
        return mta_sts_error_memory(err);
    }

    cd->name.data = (u_char *) input->name.data;
    cd->name.len = input->name.len;
    cd->buffer = b;

    do {
        if (mta_sts_input_read(input, (char *) b->last, b->end - b->last, &n,
                               err)
            != MTA_STS_OK)
        {
            return NGX_ERROR;
        }

        b->last += n;

    } while (n);

    return mta_sts_input_rewind(input, err) == MTA_STS_OK ? NGX_OK : NGX_ERROR;
}
