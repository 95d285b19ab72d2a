
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * What requests, handshakes and reports add to the counters of mta_sts_status,
 * but for the answer with a policy, and what is read of them.
 */


#include "ngx_http_mta_sts_module.h"


static void ngx_http_mta_sts_report_mark(void *data);
static ngx_uint_t ngx_http_mta_sts_is_report(ngx_http_request_t *r);
static void ngx_http_mta_sts_new_maps(const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);
static ngx_uint_t ngx_http_mta_sts_fill_maps(const mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);
static void ngx_http_mta_sts_add_names(mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);


void
ngx_http_mta_sts_count_error(ngx_http_request_t *r, mta_sts_mode_e mode)
{
    mta_sts_status_code_e          code;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);

    code = r->headers_out.status == NGX_HTTP_NOT_ALLOWED
           ? MTA_STS_STATUS_405 : MTA_STS_STATUS_OTHER;

    mta_sts_status_count(mmcf->counters, mode, code, 0, r->start_sec);
}


void
ngx_http_mta_sts_count_other(ngx_http_request_t *r)
{
    mta_sts_str_t                  host, domain;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    host = ngx_http_mta_sts_str(&r->headers_in.server);

    if (mta_sts_name_policy_domain(host, &domain)) {
        mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);
        mta_sts_status_inc(&mmcf->counters->without_policy);
    }
}


/*
 * Marks a request: error_page may lead it to another location, which forgets
 * the context of a module, but not the cleanups of the pool.
 */

ngx_int_t
ngx_http_mta_sts_note_report(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_mta_sts_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mta_sts_module);

    if (mlcf->reports) {
        cln = ngx_pool_cleanup_add(r->pool, 0);
        if (cln == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cln->handler = ngx_http_mta_sts_report_mark;
    }

    return NGX_DECLINED;
}


static void
ngx_http_mta_sts_report_mark(void *data)
{
    /* void */
}


static ngx_uint_t
ngx_http_mta_sts_is_report(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_mta_sts_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mta_sts_module);

    if (mlcf->reports) {
        return 1;
    }

    for (cln = r->internal ? r->pool->cleanup : NULL; cln; cln = cln->next) {
        if (cln->handler == ngx_http_mta_sts_report_mark) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_mta_sts_count_report(ngx_http_request_t *r)
{
    mta_sts_report_code_e          code;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    if (!ngx_http_mta_sts_is_report(r)) {
        return NGX_OK;
    }

    /* as in the access log */

    switch (r->err_status ? r->err_status : r->headers_out.status) {

    case NGX_HTTP_CREATED:
        code = MTA_STS_REPORT_201;
        break;

    case NGX_HTTP_BAD_REQUEST:
        code = MTA_STS_REPORT_400;
        break;

    case NGX_HTTP_NOT_ALLOWED:
        code = MTA_STS_REPORT_405;
        break;

    case NGX_HTTP_REQUEST_TIME_OUT:
        code = MTA_STS_REPORT_408;
        break;

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        code = MTA_STS_REPORT_413;
        break;

    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        code = MTA_STS_REPORT_415;
        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        code = MTA_STS_REPORT_429;
        break;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        code = MTA_STS_REPORT_503;
        break;

    default:
        code = MTA_STS_REPORT_OTHER;
    }

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);

    mta_sts_status_inc(&mmcf->counters->reports[code]);

    return NGX_OK;
}


void
ngx_http_mta_sts_count_handshake(ngx_http_mta_sts_main_conf_t *mmcf)
{
    if (mmcf->status) {
        mta_sts_status_inc(&mmcf->counters->handshakes);
    }
}


void
ngx_http_mta_sts_status_full(ngx_http_mta_sts_status_t *status)
{
    if (atomic_exchange(&status->mmcf->counters->full, 1) == 0) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "zone \"%V\" is full, "
                      "more domains or names of policies are not counted",
                      &status->zone->shm.name);
    }
}


/*
 * The lock is of processes that add names at the same time; it is held only if
 * there are new ones, and only while they are added.
 */

void
ngx_http_mta_sts_count_names(ngx_http_mta_sts_main_conf_t *mmcf,
    const mta_sts_domains_t *domains, ngx_http_mta_sts_names_t *names)
{
    ngx_slab_pool_t         *shpool;
    mta_sts_status_index_t   index;

    if (mmcf->status == NULL) {
        return;
    }

    ngx_memzero(&index, sizeof(mta_sts_status_index_t));
    mta_sts_status_index(mmcf->counters, &index);

    ngx_http_mta_sts_new_maps(domains, names);

    if (ngx_http_mta_sts_fill_maps(mmcf->counters, &index, domains, names)) {
        return;
    }

    shpool = (ngx_slab_pool_t *) mmcf->status->zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);
    ngx_http_mta_sts_add_names(mmcf->counters, &index, domains, names);
    ngx_shmtx_unlock(&shpool->mutex);

    if (!ngx_http_mta_sts_fill_maps(mmcf->counters, &index, domains, names)) {
        ngx_http_mta_sts_status_full(mmcf->status);
    }
}


/* Zeroed maps, in the place of the old ones. */

static void
ngx_http_mta_sts_new_maps(const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names)
{
    ngx_uint_t              i;
    mta_sts_status_map_t   *map;
    const mta_sts_table_t  *table;

    table = &domains->table;
    map = names->maps;

    map[MTA_STS_FOUND_TABLE].n = mta_sts_status_map_size(table);
    map[MTA_STS_FOUND_CHANGES].n = table->changes
                                   ? mta_sts_status_map_size(table->changes)
                                   : 0;
    map[MTA_STS_FOUND_DEFAULT].n = domains->default_name.len ? 1 : 0;

    for (i = 0; i <= MTA_STS_FOUND_DEFAULT; i++) {
        if (map[i].elts) {
            ngx_free(map[i].elts);
            map[i].elts = NULL;
        }

        if (map[i].n) {
            map[i].elts = ngx_calloc(map[i].n * sizeof(uint16_t),
                                     ngx_cycle->log);
        }

        if (map[i].elts == NULL) {
            map[i].n = 0;
        }
    }
}


/* Returns 0 if not all names have a counter. */

static ngx_uint_t
ngx_http_mta_sts_fill_maps(const mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names)
{
    int                     all;
    uint16_t                unit;
    mta_sts_status_map_t   *map;
    const mta_sts_table_t  *table;

    table = &domains->table;
    map = names->maps;

    all = mta_sts_status_map(counters, index, table,
                             &map[MTA_STS_FOUND_TABLE]);

    if (table->changes) {
        all &= mta_sts_status_map(counters, index, table->changes,
                                  &map[MTA_STS_FOUND_CHANGES]);
    }

    if (domains->default_name.len) {
        unit = mta_sts_status_find_name(counters, index,
                                        domains->default_name);
        map = &map[MTA_STS_FOUND_DEFAULT];
        all &= unit && map->n;

        if (map->n) {
            map->elts[0] = unit;
        }
    }

    return (ngx_uint_t) all;
}


static void
ngx_http_mta_sts_add_names(mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names)
{
    const mta_sts_table_t  *table;

    table = &domains->table;

    mta_sts_status_add_names(counters, index, table,
                             &names->maps[MTA_STS_FOUND_TABLE]);

    if (table->changes) {
        mta_sts_status_add_names(counters, index, table->changes,
                                 &names->maps[MTA_STS_FOUND_CHANGES]);
    }

    if (domains->default_name.len) {
        (void) mta_sts_status_name(counters, index, domains->default_name);
    }
}


ngx_int_t
ngx_http_mta_sts_status_view(ngx_http_request_t *r,
    mta_sts_status_view_t *view, mta_sts_str_t domain, mta_sts_err_t *err)
{
    ngx_uint_t                      i;
    ngx_http_mta_sts_table_t      **tables;
    ngx_http_mta_sts_status_t      *status;
    ngx_http_mta_sts_main_conf_t   *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);
    status = mmcf->status;
    tables = mmcf->tables.elts;

    for (i = 0; i < mmcf->tables.nelts; i++) {
        ngx_http_mta_sts_table_refresh(tables[i]);
    }

    view->tables = status->tables;
    view->n_tables = status->n_tables;
    view->version = mta_sts_str(NGX_HTTP_MTA_STS_VERSION);
    view->nginx = mta_sts_str(NGINX_VERSION);
    view->now = ngx_time();

    view->files = ngx_http_mta_sts_describe_files(mmcf, r->pool,
                                                  &view->n_files);
    if (view->files == NULL) {
        (void) mta_sts_error_memory(err);
        return NGX_ERROR;
    }

    if (mta_sts_status_read(status->mmcf->counters, view, err) != MTA_STS_OK
        || (domain.len
            && mta_sts_status_ask(status->mmcf->counters, view, domain, err)
               != MTA_STS_OK))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
