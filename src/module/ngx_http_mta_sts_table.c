
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Compiled tables: mapped when the configuration is read.
 */


#include "ngx_http_mta_sts_table.h"

#include <grp.h>


static void ngx_http_mta_sts_table_cleanup(void *data);
static ngx_int_t ngx_http_mta_sts_check_file(ngx_cycle_t *cycle,
    const ngx_http_mta_sts_image_t *image, ngx_uint_t optional);
static int ngx_http_mta_sts_open_as(ngx_core_conf_t *ccf, const char *name);


int
ngx_http_mta_sts_table_open(ngx_conf_t *cf, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names, ngx_http_mta_sts_table_t **table,
    mta_sts_err_t *err)
{
    mta_sts_env_t                  env;
    mta_sts_buf_t                  buf = { &env, NULL, 0, 0, 0 };
    ngx_pool_cleanup_t            *cln;
    ngx_http_mta_sts_table_t      *t, **tp;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    env = ngx_http_mta_sts_env(cf);
    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);

    if (mmcf->tables.elts == NULL
        && ngx_array_init(&mmcf->tables, cf->pool, 1,
                          sizeof(ngx_http_mta_sts_table_t *))
           != NGX_OK)
    {
        return mta_sts_error_memory(err);
    }

    mta_sts_buf_add(&buf, name);
    mta_sts_buf_add_cstr(&buf, MTA_STS_IMAGE_CHANGES);
    mta_sts_buf_add_char(&buf, '\0');

    tp = ngx_array_push(&mmcf->tables);
    t = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_table_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (tp == NULL || t == NULL || cln == NULL || buf.failed) {
        return mta_sts_error_memory(err);
    }

    *tp = t;

    t->base.name = name;
    t->next.name = name;
    t->changes.name = mta_sts_str_from(buf.data);
    t->domains = domains;
    t->names = names;
    t->mmcf = mmcf;
    t->cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    cln->handler = ngx_http_mta_sts_table_cleanup;
    cln->data = t;

    /* before they are opened: if they are replaced then, a worker sees that */

    (void) ngx_http_mta_sts_image_is_new(&t->changes);
    (void) ngx_http_mta_sts_image_is_new(&t->base);

    if (mta_sts_image_open_both(&t->base.image, name, &t->changes.image,
                                t->changes.name, place, domains, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    t->base.used = (time_t) t->base.id.seconds;
    t->changes.used = (time_t) t->changes.id.seconds;

    *table = t;

    return MTA_STS_OK;
}


void
ngx_http_mta_sts_mapped_tables(ngx_http_mta_sts_main_conf_t *mmcf,
    const mta_sts_table_t **tables, size_t *n)
{
    ngx_uint_t                  i;
    ngx_http_mta_sts_table_t  **mapped;

    mapped = mmcf->tables.elts;

    for (i = 0; i < mmcf->tables.nelts; i++) {
        tables[(*n)++] = &mapped[i]->domains->table;
    }
}


static void
ngx_http_mta_sts_table_cleanup(void *data)
{
    ngx_http_mta_sts_table_t *table = data;

    mta_sts_image_close(&table->base.image);
    mta_sts_image_close(&table->next.image);
    mta_sts_image_close(&table->changes.image);
}


/* Once per request, hence inline. */

static ngx_inline void
ngx_http_mta_sts_table_look(ngx_http_mta_sts_table_t *table)
{
    if (table->checked != ngx_time()) {
        ngx_http_mta_sts_table_update(table);
    }
}


const mta_sts_policy_t *
ngx_http_mta_sts_lookup(ngx_http_mta_sts_srv_conf_t *mscf, mta_sts_str_t host,
    mta_sts_str_t *domain)
{
    if (mscf->table) {
        ngx_http_mta_sts_table_look(mscf->table);
    }

    return mta_sts_server_find(&mscf->server, host, domain);
}


const mta_sts_policy_t *
ngx_http_mta_sts_locate(ngx_http_mta_sts_srv_conf_t *mscf, mta_sts_str_t host,
    mta_sts_found_t *found)
{
    if (mscf->table) {
        ngx_http_mta_sts_table_look(mscf->table);
    }

    return mta_sts_server_locate(&mscf->server, host, found);
}


void
ngx_http_mta_sts_table_refresh(ngx_http_mta_sts_table_t *table)
{
    ngx_http_mta_sts_table_look(table);
}


void
ngx_http_mta_sts_table_describe(ngx_http_mta_sts_table_t *table,
    mta_sts_status_file_t *file)
{
    file->bytes = table->base.image.size;
    file->modified = table->base.used;

    if (table->domains->table.changes) {
        file->bytes += table->changes.image.size;
        file->modified = ngx_max(file->modified, table->changes.used);
    }
}


/* The workers must be able to open a newer table, and newer changes. */

ngx_int_t
ngx_http_mta_sts_check_tables(ngx_cycle_t *cycle)
{
    ngx_uint_t                      i;
    ngx_core_conf_t                *ccf;
    ngx_http_mta_sts_table_t      **tables;
    ngx_http_mta_sts_main_conf_t   *mmcf;

    mmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mta_sts_module);
    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (mmcf == NULL || geteuid() != 0 || ccf->user == 0
        || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT)
    {
        return NGX_OK;
    }

    tables = mmcf->tables.elts;

    for (i = 0; i < mmcf->tables.nelts; i++) {
        if (ngx_http_mta_sts_check_file(cycle, &tables[i]->base, 0) != NGX_OK
            || ngx_http_mta_sts_check_file(cycle, &tables[i]->changes, 1)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_check_file(ngx_cycle_t *cycle,
    const ngx_http_mta_sts_image_t *image, ngx_uint_t optional)
{
    int               fd;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    fd = ngx_http_mta_sts_open_as(ccf, image->name.data);

    if (fd != -1) {
        (void) close(fd);
        return NGX_OK;
    }

    if (optional && ngx_errno == NGX_ENOENT) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                  "table \"%s\" cannot be read by the workers' user \"%s\"",
                  image->name.data, ccf->username);

    return NGX_ERROR;
}


/* Opens a file as a worker would.  Returns -1 with errno. */

static int
ngx_http_mta_sts_open_as(ngx_core_conf_t *ccf, const char *name)
{
    int        fd, n;
    gid_t     *groups;
    ngx_err_t  err;

    n = getgroups(0, NULL);
    if (n == -1) {
        return -1;
    }

    groups = ngx_alloc((n + 1) * sizeof(gid_t), ngx_cycle->log);
    if (groups == NULL) {
        return -1;
    }

    n = getgroups(n, groups);

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

    ngx_free(groups);
    ngx_set_errno(err);

    return fd;
}
