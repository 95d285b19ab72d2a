
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
    ngx_http_mta_sts_names_t  *names;
    off_t                      bytes;
    time_t                     modified;     /* the newest file of a glob */
} ngx_http_mta_sts_file_t;


static ngx_int_t ngx_http_mta_sts_show_name(ngx_pool_t *pool,
    mta_sts_str_t name, mta_sts_str_t *shown);
static ngx_int_t ngx_http_mta_sts_read_files(ngx_conf_t *cf,
    const mta_sts_value_t *value, ngx_http_mta_sts_file_t *file);
static ngx_int_t ngx_http_mta_sts_dump(ngx_conf_t *cf,
    const mta_sts_file_t *file);


ngx_int_t
ngx_http_mta_sts_read_domains(ngx_conf_t *cf, const mta_sts_value_t *value,
    const mta_sts_domains_t **domains, ngx_http_mta_sts_table_t **table,
    ngx_http_mta_sts_names_t **names)
{
    ngx_uint_t                     i;
    ngx_pool_cleanup_t            *cln;
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
            *names = file[i].names;
            return NGX_OK;
        }
    }

    file = ngx_array_push(&mmcf->files);
    if (file == NULL) {
        return NGX_ERROR;
    }

    file->name = value->text;

    file->domains = ngx_palloc(cf->pool, sizeof(mta_sts_domains_t));
    file->names = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_names_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (file->domains == NULL || file->names == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    /* maps are not from the pool, since those of a table are replaced */

    cln->handler = ngx_http_mta_sts_free_names;
    cln->data = file->names;

    file->table = NULL;
    file->bytes = 0;
    file->modified = 0;

    if (ngx_http_mta_sts_read_files(cf, value, file) != NGX_OK) {
        return NGX_ERROR;
    }

    *domains = file->domains;
    *table = file->table;
    *names = file->names;

    return NGX_OK;
}


mta_sts_status_file_t *
ngx_http_mta_sts_describe_files(ngx_http_mta_sts_main_conf_t *mmcf,
    ngx_pool_t *pool, size_t *n)
{
    ngx_uint_t                i;
    mta_sts_status_file_t    *files;
    ngx_http_mta_sts_file_t  *file;

    file = mmcf->files.elts;
    *n = mmcf->files.nelts;

    files = ngx_palloc(pool, (*n + 1) * sizeof(mta_sts_status_file_t));
    if (files == NULL) {
        return NULL;
    }

    for (i = 0; i < *n; i++) {
        if (ngx_http_mta_sts_show_name(pool, file[i].name, &files[i].name)
            != NGX_OK)
        {
            return NULL;
        }

        files[i].domains = file[i].domains->table.n;
        files[i].bytes = (uint64_t) file[i].bytes;
        files[i].modified = file[i].modified;

        if (file[i].table) {
            ngx_http_mta_sts_table_describe(file[i].table, &files[i]);
        }
    }

    return files;
}


/* A file may have any name, but labels and JSON are UTF-8. */

static ngx_int_t
ngx_http_mta_sts_show_name(ngx_pool_t *pool, mta_sts_str_t name,
    mta_sts_str_t *shown)
{
    size_t   len;
    u_char  *p;

    p = ngx_pnalloc(pool, 3 * name.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    shown->data = (const char *) p;

    while (name.len) {
        len = mta_sts_str_utf8(name);

        if (len) {
            p = ngx_cpymem(p, name.data, len);

        } else {
            len = 1;
            p = ngx_sprintf(p, "%%%02Xd", (u_char) name.data[0]);
        }

        name = mta_sts_str_after(name, len);
    }

    shown->len = (const char *) p - shown->data;

    return NGX_OK;
}


void
ngx_http_mta_sts_count_files(ngx_http_mta_sts_main_conf_t *mmcf)
{
    ngx_uint_t                i;
    ngx_http_mta_sts_file_t  *file;

    file = mmcf->files.elts;

    for (i = 0; i < mmcf->files.nelts; i++) {
        ngx_http_mta_sts_count_names(mmcf, file[i].domains, file[i].names);
    }
}


static ngx_int_t
ngx_http_mta_sts_read_files(ngx_conf_t *cf, const mta_sts_value_t *value,
    ngx_http_mta_sts_file_t *file)
{
    int               rc;
    size_t            i, n, n_files;
    mta_sts_str_t    *names;
    mta_sts_env_t     env;
    mta_sts_err_t     err;
    mta_sts_file_t   *files;
    ngx_file_info_t   fi;

    env = ngx_http_mta_sts_env(cf);

    if (mta_sts_file_names(value, &env, &names, &n, &err) != MTA_STS_OK) {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    if (n == 1 && mta_sts_image_is(names[0])) {

        /* its path is enough for nginx -T */

        if (ngx_http_mta_sts_table_open(cf, names[0], value->place,
                                        file->domains, file->names,
                                        &file->table, &err)
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

        if (ngx_file_info(names[n_files].data, &fi) != NGX_FILE_ERROR) {
            file->modified = ngx_max(file->modified, ngx_file_mtime(&fi));
            file->bytes += ngx_file_size(&fi);
        }

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
