
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * What requests, handshakes and reports add to the counters of mta_sts_status,
 * and what is read of them.
 */


#include "ngx_http_mta_sts_module.h"


static void ngx_http_mta_sts_count_fetch(ngx_http_request_t *r,
    ngx_http_mta_sts_main_conf_t *mmcf, ngx_http_mta_sts_names_t *names,
    mta_sts_mode_e mode, size_t len, const mta_sts_found_t *found);
static void ngx_http_mta_sts_count_error(ngx_http_request_t *r,
    mta_sts_status_t *counters, mta_sts_mode_e mode);
static void ngx_http_mta_sts_count_other(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_count_map(ngx_http_mta_sts_status_t *status,
    const mta_sts_table_t *table, mta_sts_status_map_t *map);
static void ngx_http_mta_sts_status_full(ngx_http_mta_sts_status_t *status);


ngx_int_t
ngx_http_mta_sts_answer_counted(ngx_http_request_t *r)
{
    size_t                         len;
    ngx_int_t                      rc;
    mta_sts_mode_e                 mode;
    mta_sts_found_t                found;
    const mta_sts_policy_t        *policy;
    ngx_http_mta_sts_srv_conf_t   *mscf;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mscf = ngx_http_get_module_srv_conf(r, ngx_http_mta_sts_module);

    policy = ngx_http_mta_sts_locate(mscf,
                                     ngx_http_mta_sts_str(
                                         &r->headers_in.server),
                                     &found);

    if (policy == NULL) {
        ngx_http_mta_sts_count_other(r);
        return NGX_DECLINED;
    }

    mode = (mta_sts_mode_e) policy->mode;
    len = policy->len;

    rc = ngx_http_mta_sts_respond(r, policy, found.domain,
                                  mscf->table != NULL);

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);

    if (r->headers_out.status == NGX_HTTP_OK) {
        ngx_http_mta_sts_count_fetch(r, mmcf, mscf->names, mode, len, &found);

    } else {
        ngx_http_mta_sts_count_error(r, mmcf->counters, mode);
    }

    return rc;
}


/* Once per fetch: a few dozen instructions, and no lock. */

static ngx_inline void
ngx_http_mta_sts_count_fetch(ngx_http_request_t *r,
    ngx_http_mta_sts_main_conf_t *mmcf, ngx_http_mta_sts_names_t *names,
    mta_sts_mode_e mode, size_t len, const mta_sts_found_t *found)
{
    time_t             start;
    mta_sts_status_t  *counters;

    counters = mmcf->counters;
    start = r->start_sec;

    mta_sts_status_count(counters, mode, MTA_STS_STATUS_200,
                         r->method == NGX_HTTP_HEAD ? 0 : len,
                         start);

    mta_sts_status_count_policy(counters, &names->maps[found->where],
                                found->policy);

    /* the hosts of a default policy are any that a client asks for */

    if (found->where != MTA_STS_FOUND_DEFAULT
        && !mta_sts_status_count_domain(counters, found->domain, start))
    {
        ngx_http_mta_sts_status_full(mmcf->status);
    }
}


static void
ngx_http_mta_sts_count_error(ngx_http_request_t *r,
    mta_sts_status_t *counters, mta_sts_mode_e mode)
{
    mta_sts_status_code_e  code;

    code = r->headers_out.status == NGX_HTTP_NOT_ALLOWED
           ? MTA_STS_STATUS_405 : MTA_STS_STATUS_OTHER;

    mta_sts_status_count(counters, mode, code, 0, r->start_sec);
}


/* A request for a policy that is not served here, if it is one. */

static void
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


void
ngx_http_mta_sts_count_report(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_uint_t                     code;
    mta_sts_report_code_e          report;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);

    if (mmcf->status == NULL) {
        return;
    }

    code = rc >= NGX_HTTP_SPECIAL_RESPONSE ? (ngx_uint_t) rc
                                           : r->headers_out.status;

    switch (code) {

    case NGX_HTTP_CREATED:
        report = MTA_STS_REPORT_201;
        break;

    case NGX_HTTP_BAD_REQUEST:
        report = MTA_STS_REPORT_400;
        break;

    case NGX_HTTP_NOT_ALLOWED:
        report = MTA_STS_REPORT_405;
        break;

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        report = MTA_STS_REPORT_413;
        break;

    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        report = MTA_STS_REPORT_415;
        break;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        report = MTA_STS_REPORT_503;
        break;

    default:
        report = MTA_STS_REPORT_OTHER;
    }

    mta_sts_status_inc(&mmcf->counters->reports[report]);
}


void
ngx_http_mta_sts_count_handshake(ngx_http_mta_sts_main_conf_t *mmcf)
{
    if (mmcf->status) {
        mta_sts_status_inc(&mmcf->counters->handshakes);
    }
}


/* Says once that something is not counted. */

static void
ngx_http_mta_sts_status_full(ngx_http_mta_sts_status_t *status)
{
    if (atomic_exchange(&status->mmcf->counters->full, 1) == 0) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "zone \"%V\" is full, "
                      "more domains or names of policies are not counted",
                      &status->zone->shm.name);
    }
}


void
ngx_http_mta_sts_count_names(ngx_http_mta_sts_main_conf_t *mmcf,
    const mta_sts_domains_t *domains, ngx_http_mta_sts_names_t *names)
{
    ngx_uint_t                  all;
    ngx_slab_pool_t            *shpool;
    mta_sts_status_map_t       *map;
    ngx_http_mta_sts_status_t  *status;

    status = mmcf->status;

    if (status == NULL) {
        return;
    }

    /* processes may add names at the same time */

    shpool = (ngx_slab_pool_t *) status->zone->shm.addr;
    ngx_shmtx_lock(&shpool->mutex);

    all = ngx_http_mta_sts_count_map(status, &domains->table,
                                     &names->maps[MTA_STS_FOUND_TABLE])
          == NGX_OK;

    if (domains->table.changes
        && ngx_http_mta_sts_count_map(status, domains->table.changes,
                                      &names->maps[MTA_STS_FOUND_CHANGES])
           != NGX_OK)
    {
        all = 0;
    }

    map = &names->maps[MTA_STS_FOUND_DEFAULT];
    map->n = 0;

    if (domains->default_name.len) {
        map->elts = map->elts ? map->elts
                              : ngx_alloc(sizeof(uint16_t), ngx_cycle->log);

        if (map->elts) {
            map->n = 1;
            map->elts[0] = mta_sts_status_name(status->mmcf->counters,
                                               domains->default_name);
            all &= map->elts[0] != 0;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    if (!all) {
        ngx_http_mta_sts_status_full(status);
    }
}


/* Fills the map of a table, in new memory.  NGX_DECLINED: not for all names. */

static ngx_int_t
ngx_http_mta_sts_count_map(ngx_http_mta_sts_status_t *status,
    const mta_sts_table_t *table, mta_sts_status_map_t *map)
{
    if (map->elts) {
        ngx_free(map->elts);
        map->elts = NULL;
    }

    map->n = mta_sts_status_map_size(table);

    if (map->n == 0) {
        return NGX_OK;
    }

    map->elts = ngx_calloc(map->n * sizeof(uint16_t), ngx_cycle->log);

    if (map->elts == NULL) {
        map->n = 0;
        return NGX_DECLINED;
    }

    return mta_sts_status_map(status->mmcf->counters, table, map) ? NGX_OK
                                                          : NGX_DECLINED;
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
