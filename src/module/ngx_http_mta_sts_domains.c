
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Domains files: which there are, that each is read once, and nginx -T.
 */


#include "ngx_http_mta_sts_module.h"


typedef struct {
    mta_sts_str_t       name;
    mta_sts_domains_t  *domains;
} ngx_http_mta_sts_file_t;


static ngx_int_t ngx_http_mta_sts_read_files(ngx_conf_t *cf,
    const mta_sts_value_t *value, mta_sts_domains_t *domains);
static ngx_int_t ngx_http_mta_sts_names(ngx_conf_t *cf,
    const mta_sts_value_t *value, ngx_array_t *names);
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
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    ngx_array_t                names;
    mta_sts_env_t              env;
    mta_sts_err_t              err;
    mta_sts_input_t            input;
    mta_sts_domains_reader_t  *reader;

    if (ngx_http_mta_sts_names(cf, value, &names) != NGX_OK) {
        return NGX_ERROR;
    }

    env = ngx_http_mta_sts_env(cf);

    reader = mta_sts_domains_begin(&env);
    if (reader == NULL) {
        (void) mta_sts_error_memory(&err);
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    name = names.elts;

    for (i = 0, rc = MTA_STS_OK; i < names.nelts && rc == MTA_STS_OK; i++) {

        ngx_log_debug1(NGX_LOG_DEBUG_CORE, cf->log, 0, "mta-sts domains in %V",
                       &name[i]);

        rc = mta_sts_input_open(&input, ngx_http_mta_sts_str(&name[i]),
                                value->place, &err);

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


/* The rules are those of include, but for a glob that matches nothing. */

static ngx_int_t
ngx_http_mta_sts_names(ngx_conf_t *cf, const mta_sts_value_t *value,
    ngx_array_t *names)
{
    ngx_int_t       rc;
    ngx_str_t      *name, match;
    ngx_glob_t      gl;
    mta_sts_err_t   err;

    if (ngx_array_init(names, cf->temp_pool, 1, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    if (strpbrk(value->text.data, "*?[") == NULL) {
        name = ngx_array_push(names);
        if (name == NULL) {
            return NGX_ERROR;
        }

        name->data = (u_char *) value->text.data;
        name->len = value->text.len;

        return NGX_OK;
    }

    ngx_memzero(&gl, sizeof(ngx_glob_t));

    gl.pattern = (u_char *) value->text.data;
    gl.log = cf->log;
    gl.test = 1;

    if (ngx_open_glob(&gl) != NGX_OK) {
        (void) mta_sts_error(&err, value->place, ngx_open_glob_n " \"%.*s\" "
                             "failed", MTA_STS_SHOW(value->text));
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    for ( ;; ) {
        rc = ngx_read_glob(&gl, &match);

        if (rc != NGX_OK) {
            break;
        }

        name = ngx_array_push(names);
        if (name == NULL) {
            rc = NGX_ERROR;
            break;
        }

        /* error messages and the table refer to it */

        name->len = match.len;
        name->data = ngx_pnalloc(cf->pool, match.len + 1);
        if (name->data == NULL) {
            rc = NGX_ERROR;
            break;
        }

        ngx_cpystrn(name->data, match.data, match.len + 1);
    }

    ngx_close_glob(&gl);

    if (rc != NGX_DONE) {
        return NGX_ERROR;
    }

    if (names->nelts == 0) {
        (void) mta_sts_error(&err, value->place, "no file matches \"%.*s\"",
                             MTA_STS_SHOW(value->text));
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Adds a file to what nginx -T prints, so that the helper finds it there.
 * Follows ngx_conf_add_dump().
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
