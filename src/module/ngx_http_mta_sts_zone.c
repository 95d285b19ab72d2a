
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The directive mta_sts_status: its shared memory, and which domains are
 * counted.
 */


#include "ngx_http_mta_sts_module.h"


#define NGX_HTTP_MTA_STS_ZONE       (1024 * 1024)
#define NGX_HTTP_MTA_STS_ZONE_MIN   (8 * ngx_pagesize)


static char *ngx_http_mta_sts_status_zone(ngx_conf_t *cf,
    ngx_http_mta_sts_status_t *status);
static ngx_int_t ngx_http_mta_sts_status_reports(ngx_conf_t *cf);
static ngx_int_t ngx_http_mta_sts_status_tables(ngx_conf_t *cf,
    ngx_http_mta_sts_status_t *status);
static ngx_int_t ngx_http_mta_sts_init_zone(ngx_shm_zone_t *zone, void *data);
static ngx_int_t ngx_http_mta_sts_init_shared(ngx_shm_zone_t *zone,
    ngx_http_mta_sts_status_t *status);
static mta_sts_status_t *ngx_http_mta_sts_old_shared(ngx_shm_zone_t *zone);
static void ngx_http_mta_sts_release(ngx_http_mta_sts_status_t *status,
    mta_sts_status_t *counters);
static void ngx_http_mta_sts_check_zone(ngx_http_mta_sts_status_t *status,
    ngx_log_t *log);


static ngx_str_t  ngx_http_mta_sts_zone_name = ngx_string("mta_sts_status");


char *
ngx_http_mta_sts_set_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_mta_sts_status_handler) {
        return "is duplicate";
    }

    if (mmcf->status == NULL) {
        mmcf->status = ngx_pcalloc(cf->pool,
                                   sizeof(ngx_http_mta_sts_status_t));
        if (mmcf->status == NULL) {
            return NGX_CONF_ERROR;
        }

        mmcf->status->mmcf = mmcf;
    }

    clcf->handler = ngx_http_mta_sts_status_handler;

    return ngx_http_mta_sts_status_zone(cf, mmcf->status);
}


static char *
ngx_http_mta_sts_status_zone(ngx_conf_t *cf, ngx_http_mta_sts_status_t *status)
{
    ssize_t     size;
    ngx_str_t  *value, s;

    if (cf->args->nelts == 1) {
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    if (ngx_strncmp(value[1].data, "zone=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\", "
                           "must be \"zone=SIZE\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    s.data = value[1].data + 5;
    s.len = value[1].len - 5;

    size = ngx_parse_size(&s);

    if (size < (ssize_t) NGX_HTTP_MTA_STS_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid size \"%V\", must "
                           "be at least %uzk, such as \"zone=1m\"", &value[1],
                           (size_t) NGX_HTTP_MTA_STS_ZONE_MIN / 1024);
        return NGX_CONF_ERROR;
    }

    if (status->size && status->size != (size_t) size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"mta_sts_status %V\" has "
                           "another size in %s:%ui", &value[1], status->file,
                           status->line);
        return NGX_CONF_ERROR;
    }

    status->size = (size_t) size;
    status->file = cf->conf_file->file.name.data;
    status->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_mta_sts_init_status(ngx_conf_t *cf)
{
    ngx_http_mta_sts_status_t     *status;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);
    status = mmcf->status;

    if (status == NULL) {
        return NGX_OK;
    }

    if (status->size == 0) {
        status->size = NGX_HTTP_MTA_STS_ZONE;
    }

    status->zone = ngx_shared_memory_add(cf, &ngx_http_mta_sts_zone_name,
                                         status->size,
                                         &ngx_http_mta_sts_module);
    if (status->zone == NULL) {
        return NGX_ERROR;
    }

    status->zone->init = ngx_http_mta_sts_init_zone;
    status->zone->data = status;

    if (mmcf->reports && ngx_http_mta_sts_status_reports(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_mta_sts_status_tables(cf, status);
}


static ngx_int_t
ngx_http_mta_sts_status_reports(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *note, *count;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    note = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    count = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);

    if (note == NULL || count == NULL) {
        return NGX_ERROR;
    }

    *note = ngx_http_mta_sts_note_report;
    *count = ngx_http_mta_sts_count_report;

    return NGX_OK;
}


/* All domains: a catalog of those in memory, and the mapped tables. */

static ngx_int_t
ngx_http_mta_sts_status_tables(ngx_conf_t *cf,
    ngx_http_mta_sts_status_t *status)
{
    size_t                          n;
    ngx_uint_t                      s, i;
    mta_sts_env_t                   env;
    mta_sts_err_t                   err;
    const mta_sts_server_t        **servers;
    ngx_http_core_srv_conf_t      **cscfp;
    ngx_http_core_main_conf_t      *cmcf;
    ngx_http_mta_sts_srv_conf_t    *mscf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    servers = ngx_palloc(cf->temp_pool, (cmcf->servers.nelts + 1)
                                        * sizeof(mta_sts_server_t *));
    status->tables = ngx_palloc(cf->pool, (MTA_STS_CATALOG_TABLES
                                           + status->mmcf->files.nelts)
                                          * sizeof(mta_sts_table_t *));
    if (servers == NULL || status->tables == NULL) {
        return NGX_ERROR;
    }

    for (s = 0, n = 0; s < cmcf->servers.nelts; s++) {
        mscf = cscfp[s]->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];

        if (mscf->table == NULL) {
            servers[n++] = &mscf->server;
        }
    }

    env = ngx_http_mta_sts_env(cf);

    if (mta_sts_catalog_build(&status->catalog, servers, n, n, &env, &err)
        != MTA_STS_OK)
    {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    for (i = 0; i < MTA_STS_CATALOG_TABLES; i++) {
        if (status->catalog.tables[i].n) {
            status->tables[status->n_tables++] = &status->catalog.tables[i];
        }
    }

    ngx_http_mta_sts_mapped_tables(status->mmcf, status->tables,
                                   &status->n_tables);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_http_mta_sts_status_t *old = data;
    ngx_http_mta_sts_status_t *status = zone->data;

    if (old) {
        status->mmcf->counters = old->mmcf->counters;
        ngx_http_mta_sts_release(status, status->mmcf->counters);

    } else if (ngx_http_mta_sts_init_shared(zone, status) != NGX_OK) {
        return NGX_ERROR;
    }

    /* its level is that of warnings while a configuration is read */

    ngx_http_mta_sts_check_zone(status, ngx_cycle->log);
    ngx_http_mta_sts_count_files(status->mmcf);

    return NGX_OK;
}


/* All of the zone is one allocation; its mutex is for names of policies. */

static ngx_int_t
ngx_http_mta_sts_init_shared(ngx_shm_zone_t *zone,
    ngx_http_mta_sts_status_t *status)
{
    void              *memory;
    size_t             size;
    mta_sts_err_t      err;
    ngx_slab_pool_t   *shpool;
    mta_sts_status_t  *old;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        status->mmcf->counters = shpool->data;
        return NGX_OK;
    }

    size = shpool->pfree * ngx_pagesize;

    memory = ngx_slab_calloc(shpool, size);
    if (memory == NULL) {
        return NGX_ERROR;
    }

    if (mta_sts_status_init(memory, size, ngx_time(), &status->mmcf->counters,
                            &err)
        != MTA_STS_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0, "%s", err.text);
        return NGX_ERROR;
    }

    shpool->data = status->mmcf->counters;

    old = ngx_http_mta_sts_old_shared(zone);

    if (old) {
        ngx_http_mta_sts_release(status, old);
        mta_sts_status_copy(status->mmcf->counters, old);
    }

    return NGX_OK;
}


/* The counters of the cycle before, in a zone of another size. */

static mta_sts_status_t *
ngx_http_mta_sts_old_shared(ngx_shm_zone_t *zone)
{
    ngx_uint_t                  i;
    ngx_shm_zone_t             *old;
    ngx_list_part_t            *part;
    ngx_http_mta_sts_status_t  *status;

    part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;

    for ( /* void */ ; part; part = part->next) {
        old = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (old[i].tag == zone->tag && old[i].data
                && old[i].shm.name.len == zone->shm.name.len
                && ngx_memcmp(old[i].shm.name.data, zone->shm.name.data,
                              zone->shm.name.len)
                   == 0)
            {
                status = old[i].data;
                return status->mmcf->counters;
            }
        }
    }

    return NULL;
}


/* If there is no room, domains that have left make some. */

static void
ngx_http_mta_sts_release(ngx_http_mta_sts_status_t *status,
    mta_sts_status_t *counters)
{
    u_char  *bits;

    if (mta_sts_status_get(&counters->n_domains) < counters->max_domains) {
        return;
    }

    bits = ngx_calloc(counters->n_slots / 8 + 1, ngx_cycle->log);

    if (bits) {
        mta_sts_status_release(counters, status->tables, status->n_tables,
                               bits);
        ngx_free(bits);
    }
}


/* Warns of more domains than there is room for. */

static void
ngx_http_mta_sts_check_zone(ngx_http_mta_sts_status_t *status, ngx_log_t *log)
{
    size_t             i;
    uint64_t           n;
    mta_sts_status_t  *counters;

    n = 0;
    counters = status->mmcf->counters;

    for (i = 0; i < status->n_tables; i++) {
        n += status->tables[i]->n;
    }

    if (n <= counters->max_domains) {
        atomic_store(&counters->full, 0);
        return;
    }

    /* 8 slots for 7 domains, and a part for the rest */

    ngx_log_error(NGX_LOG_WARN, log, 0, "zone \"%V\" has room for the "
                  "counters of %uD of %uL domains, use \"zone=%uLm\"",
                  &ngx_http_mta_sts_zone_name, counters->max_domains,
                  n, (n * sizeof(mta_sts_status_slot_t) * 8 / 7 + 65536)
                     / 1000000 + 1);
}
