
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * What requests and handshakes add to the counters of mta_sts_status, and what
 * is read of them.
 */


#include "ngx_http_mta_sts_module.h"


static void ngx_http_mta_sts_know(ngx_http_mta_sts_names_t *names,
    mta_sts_status_t *counters, uint32_t releases,
    const mta_sts_found_t *found, uint32_t counter);
static void ngx_http_mta_sts_new_known(ngx_http_mta_sts_names_t *names);
static void ngx_http_mta_sts_new_maps(const mta_sts_status_t *counters,
    const mta_sts_domains_t *domains, ngx_http_mta_sts_names_t *names);
static ngx_uint_t ngx_http_mta_sts_fill_maps(const mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);
static void ngx_http_mta_sts_add_names(mta_sts_status_t *counters,
    mta_sts_status_index_t *index, const mta_sts_domains_t *domains,
    ngx_http_mta_sts_names_t *names);


void
ngx_http_mta_sts_count_first(ngx_http_request_t *r,
    ngx_http_mta_sts_names_t *names, const mta_sts_policy_t *policy,
    const mta_sts_found_t *found)
{
    uint32_t                       releases, counter;
    mta_sts_status_t              *counters;
    mta_sts_status_slot_t         *slot;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);
    counters = mmcf->counters;

    mta_sts_status_count(counters, policy->mode, MTA_STS_STATUS_200,
                         r->method == NGX_HTTP_HEAD ? 0 : policy->len,
                         r->start_sec);

    mta_sts_status_count_policy(counters, &names->maps[found->where],
                                found->policy);

    releases = mta_sts_status_get(&counters->releases);
    counter = NGX_HTTP_MTA_STS_NO_COUNTER;

    if (found->where != MTA_STS_FOUND_DEFAULT) {
        slot = mta_sts_status_count_domain(counters, found->domain,
                                           r->start_sec);
        if (slot == NULL) {
            ngx_http_mta_sts_status_full(mmcf->status);
            return;
        }

        counter = (uint32_t) (slot - counters->slots) + 1;
    }

    ngx_http_mta_sts_know(names, counters, releases, found, counter);
}


/* Keeps the counter of a domain that was found. */

static void
ngx_http_mta_sts_know(ngx_http_mta_sts_names_t *names,
    mta_sts_status_t *counters, uint32_t releases,
    const mta_sts_found_t *found, uint32_t counter)
{
    ngx_http_mta_sts_known_t    *known;
    const mta_sts_status_map_t  *map;

    if (names->releases != releases) {
        ngx_http_mta_sts_new_known(names);
        names->releases = releases;
    }

    if (names->known[found->where]) {
        map = &names->maps[found->where];
        known = &names->known[found->where][found->slot];

        known->domain = counter;
        known->name = found->policy < map->n ? map->elts[found->policy] : 0;

        names->counters = counters;
    }
}


ngx_int_t
ngx_http_mta_sts_count_error(ngx_http_request_t *r, mta_sts_mode_e mode,
    ngx_int_t rc)
{
    mta_sts_status_code_e          code;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mta_sts_module);

    code = r->headers_out.status == NGX_HTTP_NOT_ALLOWED
           ? MTA_STS_STATUS_405 : MTA_STS_STATUS_OTHER;

    mta_sts_status_count(mmcf->counters, mode, code, 0, r->start_sec);

    return rc;
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


/* A cleanup that does nothing: that a pool has it is the mark. */

static void
ngx_http_mta_sts_marked(void *data)
{
    /* void */
}


ngx_int_t
ngx_http_mta_sts_mark(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_mta_sts_marked;

    return NGX_OK;
}


ngx_uint_t
ngx_http_mta_sts_is_marked(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_mta_sts_marked) {
            return 1;
        }
    }

    return 0;
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

    ngx_http_mta_sts_new_maps(mmcf->counters, domains, names);

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


void
ngx_http_mta_sts_free_names(void *data)
{
    ngx_http_mta_sts_names_t *names = data;

    ngx_uint_t  i;

    for (i = 0; i <= MTA_STS_FOUND_DEFAULT; i++) {
        free(names->maps[i].elts);
        free(names->known[i]);
    }

    ngx_memzero(names, sizeof(ngx_http_mta_sts_names_t));
}


/*
 * Zeroed maps, in the place of the old ones.  calloc() takes the memory of many
 * slots from the system, which gives only what is used.
 */

static void
ngx_http_mta_sts_new_maps(const mta_sts_status_t *counters,
    const mta_sts_domains_t *domains, ngx_http_mta_sts_names_t *names)
{
    ngx_uint_t              i;
    mta_sts_status_map_t   *map;
    const mta_sts_table_t  *table;

    ngx_http_mta_sts_free_names(names);

    table = &domains->table;
    map = names->maps;

    map[MTA_STS_FOUND_TABLE].n = mta_sts_status_map_size(table);
    names->n_known[MTA_STS_FOUND_TABLE] = table->n_slots;

    if (table->changes) {
        map[MTA_STS_FOUND_CHANGES].n = mta_sts_status_map_size(table->changes);
        names->n_known[MTA_STS_FOUND_CHANGES] = table->changes->n_slots;
    }

    map[MTA_STS_FOUND_DEFAULT].n = domains->default_name.len ? 1 : 0;
    names->n_known[MTA_STS_FOUND_DEFAULT] = 1;

    for (i = 0; i <= MTA_STS_FOUND_DEFAULT; i++) {

        if (map[i].n) {
            map[i].elts = calloc(map[i].n, sizeof(uint16_t));
        }

        if (map[i].elts == NULL) {
            map[i].n = 0;
        }
    }

    ngx_http_mta_sts_new_known(names);

    names->releases = mta_sts_status_get(&counters->releases);
}


/* None is known; zeroing what there is would touch all of it. */

static void
ngx_http_mta_sts_new_known(ngx_http_mta_sts_names_t *names)
{
    ngx_uint_t  i;

    for (i = 0; i <= MTA_STS_FOUND_DEFAULT; i++) {
        free(names->known[i]);
        names->known[i] = NULL;

        if (names->n_known[i]) {
            names->known[i] = calloc(names->n_known[i],
                                     sizeof(ngx_http_mta_sts_known_t));
        }
    }
}


ngx_int_t
ngx_http_mta_sts_server_counters(ngx_conf_t *cf,
    ngx_http_mta_sts_srv_conf_t *mscf)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_mta_sts_names_t      *names;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);

    if (mmcf->status == NULL) {
        return NGX_OK;
    }

    names = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_names_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (names == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_mta_sts_free_names;
    cln->data = names;

    names->n_known[MTA_STS_FOUND_TABLE] = mscf->server.table.n_slots;
    names->n_known[MTA_STS_FOUND_DEFAULT] = 1;

    ngx_http_mta_sts_new_known(names);

    mscf->names = names;

    return NGX_OK;
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
