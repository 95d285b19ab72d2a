
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
static void ngx_http_mta_sts_new_maps(const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);
static ngx_uint_t ngx_http_mta_sts_fill_maps(const mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);
static void ngx_http_mta_sts_add_names(mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);
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
