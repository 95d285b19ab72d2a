
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The spool of TLS reports, and its limits.
 *
 * How many files there are, and bytes, is in shared memory.  What is being
 * uploaded is reserved, by each process in its own slot.  A scan notices files
 * that the reader has removed, and processes that were killed.
 */


#include "ngx_http_mta_sts_module.h"


#define NGX_HTTP_MTA_STS_SPOOL_SCAN   60           /* seconds between scans */
#define NGX_HTTP_MTA_STS_SPOOL_STALE  3600         /* of an incomplete file */


/* Only the process itself changes it; others set pid to 0 when it is gone. */

typedef struct {
    ngx_atomic_t                  pid;             /* or 0 */
    ngx_atomic_t                  files;
    ngx_atomic_t                  bytes;
} ngx_http_mta_sts_reserved_t;


struct ngx_http_mta_sts_spool_s {
    ngx_atomic_t                  files;
    ngx_atomic_t                  bytes;
    ngx_atomic_t                  scanned;         /* time of the last scan */
    ngx_atomic_t                  serial;
    ngx_atomic_t                  full;            /* it was logged */
    ngx_http_mta_sts_reserved_t   reserved[NGX_MAX_PROCESSES];
};


static ngx_uint_t ngx_http_mta_sts_spool_has_room(
    ngx_http_mta_sts_reports_t *reports);
static void ngx_http_mta_sts_spool_full(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log);
static void ngx_http_mta_sts_spool_forget(ngx_http_mta_sts_reports_t *reports);
static void ngx_http_mta_sts_spool_scan(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log);
static ngx_uint_t ngx_http_mta_sts_spool_is_temp(const u_char *name);
static ngx_int_t ngx_http_mta_sts_spool_init_zone(ngx_shm_zone_t *zone,
    void *data);


ngx_int_t
ngx_http_mta_sts_spool_reserve(ngx_http_mta_sts_reports_t *reports,
    off_t bytes, ngx_log_t *log)
{
    time_t                        now;
    ngx_atomic_uint_t             scanned;
    ngx_http_mta_sts_spool_t     *shared;
    ngx_http_mta_sts_reserved_t  *own;

    shared = reports->shared;
    now = ngx_time();
    scanned = shared->scanned;

    /*
     * one worker scans, the others go on with what is known; also after the
     * clock was set back
     */

    if (((time_t) scanned > now
         || (time_t) scanned + NGX_HTTP_MTA_STS_SPOOL_SCAN <= now)
        && ngx_atomic_cmp_set(&shared->scanned, scanned,
                              (ngx_atomic_uint_t) now))
    {
        ngx_http_mta_sts_spool_scan(reports, log);
        ngx_http_mta_sts_spool_forget(reports);
    }

    own = &shared->reserved[ngx_process_slot];

    if (own->pid != (ngx_atomic_uint_t) ngx_pid) {
        own->files = 0;
        own->bytes = 0;
        ngx_memory_barrier();
        own->pid = (ngx_atomic_uint_t) ngx_pid;
    }

    /* of two that reserve at the same time, one sees what both have */

    (void) ngx_atomic_fetch_add(&own->files, 1);
    (void) ngx_atomic_fetch_add(&own->bytes, (ngx_atomic_int_t) bytes);

    if (ngx_http_mta_sts_spool_has_room(reports)) {
        return NGX_OK;
    }

    ngx_http_mta_sts_spool_release(reports, bytes);
    ngx_http_mta_sts_spool_full(reports, log);

    return NGX_DECLINED;
}


/* Says so once, until a scan finds room. */

static void
ngx_http_mta_sts_spool_full(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log)
{
    if (ngx_atomic_cmp_set(&reports->shared->full, 0, 1)) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "spool \"%V\" is full, with "
                      "\"files=%ui\" and \"bytes=%O\", and TLS reports are "
                      "answered with 503: run \"mta-sts reports add\", or "
                      "raise these limits", &reports->path->name,
                      reports->max_files, reports->max_bytes);
    }
}


/* Is there room for what is in the spool, and what all processes reserve? */

static ngx_uint_t
ngx_http_mta_sts_spool_has_room(ngx_http_mta_sts_reports_t *reports)
{
    ngx_uint_t                    i;
    ngx_atomic_uint_t             files, bytes;
    ngx_http_mta_sts_reserved_t  *reserved;

    files = reports->shared->files;
    bytes = reports->shared->bytes;
    reserved = reports->shared->reserved;

    for (i = 0; i < NGX_MAX_PROCESSES; i++) {
        if (reserved[i].pid) {
            files += reserved[i].files;
            bytes += reserved[i].bytes;
        }
    }

    return files <= reports->max_files && (off_t) bytes <= reports->max_bytes;
}


void
ngx_http_mta_sts_spool_release(ngx_http_mta_sts_reports_t *reports,
    off_t bytes)
{
    ngx_http_mta_sts_reserved_t  *own;

    own = &reports->shared->reserved[ngx_process_slot];

    (void) ngx_atomic_fetch_add(&own->files, -1);
    (void) ngx_atomic_fetch_add(&own->bytes, -(ngx_atomic_int_t) bytes);
}


/* Forgets what processes have reserved that do not run any more. */

static void
ngx_http_mta_sts_spool_forget(ngx_http_mta_sts_reports_t *reports)
{
    ngx_uint_t                    i;
    ngx_atomic_uint_t             pid;
    ngx_http_mta_sts_reserved_t  *reserved;

    reserved = reports->shared->reserved;

    for (i = 0; i < NGX_MAX_PROCESSES; i++) {
        pid = reserved[i].pid;

        if (pid && kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == NGX_ESRCH) {
            (void) ngx_atomic_cmp_set(&reserved[i].pid, pid, 0);
        }
    }
}


/* Counts the files, and removes what a killed worker has not completed. */

static void
ngx_http_mta_sts_spool_scan(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log)
{
    u_char            name[NGX_MAX_PATH + 1];
    ngx_dir_t         dir;
    ngx_file_info_t   fi;
    ngx_atomic_int_t  files, bytes;

    if (ngx_open_dir(&reports->path->name, &dir) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno, ngx_open_dir_n " \"%V\" "
                      "failed", &reports->path->name);
        return;
    }

    files = 0;
    bytes = 0;

    while (ngx_read_dir(&dir) == NGX_OK) {
        *ngx_snprintf(name, NGX_MAX_PATH, "%V/%s", &reports->path->name,
                      ngx_de_name(&dir)) = '\0';

        if (ngx_link_info(name, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
            continue;
        }

        if (ngx_http_mta_sts_spool_is_temp(ngx_de_name(&dir))) {

            if (ngx_file_mtime(&fi) + NGX_HTTP_MTA_STS_SPOOL_STALE
                < ngx_time())
            {
                (void) ngx_delete_file(name);
            }

            continue;
        }

        files++;
        bytes += (ngx_atomic_int_t) ngx_file_size(&fi);
    }

    (void) ngx_close_dir(&dir);

    reports->shared->files = (ngx_atomic_uint_t) files;
    reports->shared->bytes = (ngx_atomic_uint_t) bytes;

    if ((ngx_uint_t) files < reports->max_files
        && (off_t) bytes + (off_t) reports->max_size <= reports->max_bytes)
    {
        reports->shared->full = 0;
    }
}


/* Is it a name of ngx_create_temp_file()?  Other files are not ours. */

static ngx_uint_t
ngx_http_mta_sts_spool_is_temp(const u_char *name)
{
    return ngx_strlen(name) == 10 && strspn((char *) name, "0123456789") == 10;
}


void
ngx_http_mta_sts_spool_add(ngx_http_mta_sts_reports_t *reports, off_t bytes)
{
    (void) ngx_atomic_fetch_add(&reports->shared->files, 1);
    (void) ngx_atomic_fetch_add(&reports->shared->bytes,
                                (ngx_atomic_int_t) bytes);
}


ngx_atomic_uint_t
ngx_http_mta_sts_spool_serial(ngx_http_mta_sts_reports_t *reports)
{
    return (ngx_atomic_uint_t) ngx_atomic_fetch_add(&reports->shared->serial,
                                                    1);
}


ngx_int_t
ngx_http_mta_sts_spool_add_zone(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports)
{
    reports->zone = ngx_shared_memory_add(cf, &reports->path->name,
                                          sizeof(ngx_http_mta_sts_spool_t)
                                          + 8 * ngx_pagesize,
                                          &ngx_http_mta_sts_module);
    if (reports->zone == NULL) {
        return NGX_ERROR;
    }

    reports->zone->init = ngx_http_mta_sts_spool_init_zone;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_spool_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t             *shpool;
    ngx_http_mta_sts_reports_t  *old = data;
    ngx_http_mta_sts_reports_t  *reports = zone->data;

    if (old) {
        reports->shared = old->shared;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (!zone->shm.exists) {
        shpool->data = ngx_slab_calloc(shpool,
                                       sizeof(ngx_http_mta_sts_spool_t));
    }

    reports->shared = shpool->data;

    return reports->shared ? NGX_OK : NGX_ERROR;
}
