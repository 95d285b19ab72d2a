
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


/* A file, and which one it was when it was looked at last. */

typedef struct {
    mta_sts_str_t               name;
    mta_sts_image_t             image;
    mta_sts_image_id_t          id;
    time_t                      used;       /* mtime of what is mapped */
} ngx_http_mta_sts_image_t;


struct ngx_http_mta_sts_table_s {
    ngx_http_mta_sts_image_t    base;
    ngx_http_mta_sts_image_t    changes;
    mta_sts_domains_t          *domains;
    ngx_http_mta_sts_names_t   *names;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_mta_sts_main_conf_t  *mmcf;
    time_t                      checked;    /* the last look at the files */
};


static void ngx_http_mta_sts_table_cleanup(void *data);
static void ngx_http_mta_sts_table_update(ngx_http_mta_sts_table_t *table);
static ngx_uint_t ngx_http_mta_sts_table_base(ngx_http_mta_sts_table_t *table);
static ngx_uint_t ngx_http_mta_sts_image_is_new(
    ngx_http_mta_sts_image_t *image);
static void ngx_http_mta_sts_image_failed(ngx_http_mta_sts_image_t *image,
    const mta_sts_err_t *err, const char *kept);
static ngx_int_t ngx_http_mta_sts_check_file(ngx_cycle_t *cycle,
    const ngx_http_mta_sts_image_t *image, ngx_uint_t optional);
static int ngx_http_mta_sts_open_as(ngx_core_conf_t *ccf, const char *name);


#define ngx_http_mta_sts_verify(id)                                           \
    ((id)->size <= NGX_HTTP_MTA_STS_VERIFY ? MTA_STS_IMAGE_ALL             \
                                              : MTA_STS_IMAGE_HEADER)


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
    mta_sts_image_close(&table->changes.image);
}


/* Is the file another one than before? */

static ngx_uint_t
ngx_http_mta_sts_image_is_new(ngx_http_mta_sts_image_t *image)
{
    mta_sts_image_id_t  old;

    old = image->id;

    mta_sts_image_identify(image->name, &image->id);

    return ngx_memcmp(&old, &image->id, sizeof(mta_sts_image_id_t)) != 0;
}


/*
 * A bad file is logged once.  One that is there but could not be mapped, as
 * when there is no memory, is tried again in the next second.
 */

static void
ngx_http_mta_sts_image_failed(ngx_http_mta_sts_image_t *image,
    const mta_sts_err_t *err, const char *kept)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "%s, %s", err->text, kept);

    if (err->errnum && image->id.error == 0) {
        ngx_memzero(&image->id, sizeof(mta_sts_image_id_t));
    }
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


/*
 * Looks for a newer table and for newer changes.  Bad ones are logged once;
 * with a bad table the old one is kept, and its changes.  If the changes are
 * those of a table that is not there yet, the old ones are kept, too.  Requests
 * copy what they need, so nothing refers to what is closed.
 */

static void
ngx_http_mta_sts_table_update(ngx_http_mta_sts_table_t *table)
{
    ngx_uint_t                     s, changed, replaced;
    mta_sts_err_t                  err;
    mta_sts_image_t                changes;
    ngx_http_core_srv_conf_t     **cscfp;
    ngx_http_mta_sts_srv_conf_t   *mscf;

    table->checked = ngx_time();

    changed = ngx_http_mta_sts_image_is_new(&table->changes);
    replaced = ngx_http_mta_sts_image_is_new(&table->base);

    if (!changed && !replaced) {
        return;
    }

    /* the changes first: see mta_sts_image_open_changes() */

    changed = mta_sts_image_open_changes(&changes, table->changes.name,
                                    ngx_http_mta_sts_verify(&table->changes.id),
                                    MTA_STS_NOWHERE, &err)
              == MTA_STS_OK;

    replaced |= ngx_http_mta_sts_image_is_new(&table->base);

    if (replaced && !ngx_http_mta_sts_table_base(table)) {

        if (changed) {
            mta_sts_image_close(&changes);
        }

        return;
    }

    if (!changed) {
        ngx_http_mta_sts_image_failed(&table->changes, &err, replaced
                                      ? "the table is used without changes"
                                      : "the old changes are kept");

    } else if (!replaced && changes.data
               && changes.base != table->base.image.serial)
    {
        mta_sts_image_close(&changes);

    } else {
        mta_sts_image_close(&table->changes.image);
        table->changes.image = changes;
        table->changes.used = (time_t) table->changes.id.seconds;
    }

    mta_sts_image_domains(&table->base.image, table->domains);
    mta_sts_image_set_changes(&table->changes.image, &table->base.image,
                              table->domains);

    cscfp = table->cmcf->servers.elts;

    for (s = 0; s < table->cmcf->servers.nelts; s++) {
        mscf = cscfp[s]->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];

        if (mscf->table == table) {
            mta_sts_server_replace(&mscf->server, table->domains);
        }
    }

    ngx_http_mta_sts_count_names(table->mmcf, table->domains, table->names);

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "table \"%s\" of %uD "
                  "domains is in use", table->base.name.data,
                  table->domains->table.n);
}


static ngx_uint_t
ngx_http_mta_sts_table_base(ngx_http_mta_sts_table_t *table)
{
    mta_sts_err_t      err;
    mta_sts_image_t    image;
    mta_sts_domains_t  domains;

    if (mta_sts_image_open(&image, table->base.name,
                           ngx_http_mta_sts_verify(&table->base.id),
                           MTA_STS_NOWHERE, &domains, &err)
        != MTA_STS_OK)
    {
        ngx_http_mta_sts_image_failed(&table->base, &err,
                                      "the old table is kept");
        return 0;
    }

    mta_sts_image_close(&table->base.image);

    table->base.image = image;
    table->base.used = (time_t) table->base.id.seconds;

    return 1;
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
