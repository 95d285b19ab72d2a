
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Compiled tables: mapped when the configuration is read, and replaced by newer
 * ones while a worker runs.
 */


#include "ngx_http_mta_sts_module.h"

#include <grp.h>


/* Above this size only the header is verified, to not delay other requests. */

#define NGX_HTTP_MTA_STS_VERIFY  (64 * 1024 * 1024)


struct ngx_http_mta_sts_table_s {
    mta_sts_str_t               name;
    mta_sts_image_t             image;
    mta_sts_domains_t          *domains;
    ngx_http_core_main_conf_t  *cmcf;

    time_t                      checked;    /* the last look at the file */
    ngx_file_uniq_t             uniq;       /* of the file, then */
    time_t                      mtime;
    off_t                       size;
    unsigned                    logged:1;   /* that the file is gone */
};


static void ngx_http_mta_sts_table_cleanup(void *data);
static void ngx_http_mta_sts_table_update(ngx_http_mta_sts_table_t *table);
static ngx_uint_t ngx_http_mta_sts_table_is_new(
    ngx_http_mta_sts_table_t *table, ngx_file_info_t *fi);
static int ngx_http_mta_sts_open_as(ngx_core_conf_t *ccf, const char *name);


int
ngx_http_mta_sts_table_open(ngx_conf_t *cf, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_domains_t *domains,
    ngx_http_mta_sts_table_t **table, mta_sts_err_t *err)
{
    ngx_file_info_t                fi;
    ngx_pool_cleanup_t            *cln;
    ngx_http_mta_sts_table_t      *t, **tp;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);

    if (mmcf->tables.elts == NULL
        && ngx_array_init(&mmcf->tables, cf->pool, 1,
                          sizeof(ngx_http_mta_sts_table_t *))
           != NGX_OK)
    {
        return mta_sts_error_memory(err);
    }

    tp = ngx_array_push(&mmcf->tables);
    t = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_table_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (tp == NULL || t == NULL || cln == NULL) {
        return mta_sts_error_memory(err);
    }

    *tp = t;

    t->name = name;
    t->domains = domains;
    t->cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    cln->handler = ngx_http_mta_sts_table_cleanup;
    cln->data = t;

    /* before it is opened: if it is replaced then, a worker sees that */

    if (ngx_file_info(name.data, &fi) != NGX_FILE_ERROR) {
        (void) ngx_http_mta_sts_table_is_new(t, &fi);
    }

    if (mta_sts_image_open(&t->image, name, MTA_STS_IMAGE_ALL, place, domains,
                           err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    *table = t;

    return MTA_STS_OK;
}


static void
ngx_http_mta_sts_table_cleanup(void *data)
{
    ngx_http_mta_sts_table_t *table = data;

    mta_sts_image_close(&table->image);
}


/* Notes what a file is; returns 1 if it is another one than before. */

static ngx_uint_t
ngx_http_mta_sts_table_is_new(ngx_http_mta_sts_table_t *table,
    ngx_file_info_t *fi)
{
    if (table->uniq == ngx_file_uniq(fi)
        && table->mtime == ngx_file_mtime(fi)
        && table->size == ngx_file_size(fi))
    {
        return 0;
    }

    table->uniq = ngx_file_uniq(fi);
    table->mtime = ngx_file_mtime(fi);
    table->size = ngx_file_size(fi);

    return 1;
}


const mta_sts_policy_t *
ngx_http_mta_sts_lookup(ngx_http_mta_sts_srv_conf_t *mscf, mta_sts_str_t host,
    mta_sts_str_t *domain)
{
    if (mscf->table && mscf->table->checked != ngx_time()) {
        ngx_http_mta_sts_table_update(mscf->table);
    }

    return mta_sts_server_find(&mscf->server, host, domain);
}


/* Maps a newer table, if there is one; a bad one is logged once. */

static void
ngx_http_mta_sts_table_update(ngx_http_mta_sts_table_t *table)
{
    ngx_uint_t                     s;
    mta_sts_err_t                  err;
    mta_sts_image_t                image;
    ngx_file_info_t                fi;
    mta_sts_domains_t              domains;
    mta_sts_image_verify_e         verify;
    ngx_http_core_srv_conf_t     **cscfp;
    ngx_http_mta_sts_srv_conf_t   *mscf;

    table->checked = ngx_time();

    if (ngx_file_info(table->name.data, &fi) == NGX_FILE_ERROR) {

        if (!table->logged) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                          ngx_file_info_n " \"%s\" failed, the old table is "
                          "kept", table->name.data);
            table->logged = 1;
        }

        return;
    }

    table->logged = 0;

    if (!ngx_http_mta_sts_table_is_new(table, &fi)) {
        return;
    }

    verify = table->size <= NGX_HTTP_MTA_STS_VERIFY ? MTA_STS_IMAGE_ALL
                                                    : MTA_STS_IMAGE_HEADER;

    if (mta_sts_image_open(&image, table->name, verify, MTA_STS_NOWHERE,
                           &domains, &err)
        != MTA_STS_OK)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%s, the old table is kept", err.text);
        return;
    }

    /* a request copies what it needs, so nothing refers to the old one */

    mta_sts_image_close(&table->image);

    table->image = image;
    *table->domains = domains;

    cscfp = table->cmcf->servers.elts;

    for (s = 0; s < table->cmcf->servers.nelts; s++) {
        mscf = cscfp[s]->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];

        if (mscf->table == table) {
            mta_sts_server_share(&mscf->server, table->domains);
        }
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "table \"%s\" of %uD "
                  "domains is in use", table->name.data, domains.table.n);
}


/* The workers must be able to open a newer table. */

ngx_int_t
ngx_http_mta_sts_check_tables(ngx_cycle_t *cycle)
{
    int                             fd;
    ngx_uint_t                      i;
    ngx_core_conf_t                *ccf;
    ngx_http_mta_sts_table_t      **tables;
    ngx_http_mta_sts_main_conf_t   *mmcf;

    mmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mta_sts_module);
    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (mmcf == NULL || mmcf->tables.nelts == 0 || geteuid() != 0
        || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT)
    {
        return NGX_OK;
    }

    tables = mmcf->tables.elts;

    for (i = 0; i < mmcf->tables.nelts; i++) {
        fd = ngx_http_mta_sts_open_as(ccf, tables[i]->name.data);

        if (fd == -1) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                          "table \"%s\" cannot be read by the workers' user "
                          "\"%s\"", tables[i]->name.data, ccf->username);
            return NGX_ERROR;
        }

        (void) close(fd);
    }

    return NGX_OK;
}


/* Opens a file as a worker would.  Returns -1 with errno. */

static int
ngx_http_mta_sts_open_as(ngx_core_conf_t *ccf, const char *name)
{
    int        fd, n;
    gid_t      groups[256];
    ngx_err_t  err;

    n = getgroups(256, groups);
    if (n == -1) {
        return -1;
    }

    fd = -1;

    if (initgroups(ccf->username, ccf->group) == 0
        && setegid(ccf->group) == 0
        && seteuid(ccf->user) == 0)
    {
        fd = open(name, O_RDONLY|O_NONBLOCK|O_CLOEXEC);
    }

    err = ngx_errno;

    if (seteuid(0) == -1 || setegid(0) == -1 || setgroups(n, groups) == -1) {

        /* root may always do that */

        ngx_abort();
    }

    ngx_set_errno(err);

    return fd;
}
