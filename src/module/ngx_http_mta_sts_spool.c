
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The spool of TLS reports: the directive mta_sts_reports, and its limits.
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
    ngx_http_mta_sts_reserved_t   reserved[NGX_MAX_PROCESSES];
};


static ngx_uint_t ngx_http_mta_sts_spool_has_room(
    ngx_http_mta_sts_reports_t *reports);
static void ngx_http_mta_sts_spool_forget(ngx_http_mta_sts_reports_t *reports);
static void ngx_http_mta_sts_spool_scan(ngx_http_mta_sts_reports_t *reports,
    ngx_log_t *log);
static ngx_uint_t ngx_http_mta_sts_spool_is_temp(const u_char *name);
static char *ngx_http_mta_sts_spool_path(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports);
static ngx_uint_t ngx_http_mta_sts_spool_is_dir(ngx_str_t *name);
static char *ngx_http_mta_sts_spool_options(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports);
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

    return NGX_DECLINED;
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


char *
ngx_http_mta_sts_set_reports(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mta_sts_loc_conf_t  *mlcf = conf;

    ngx_str_t                   *value;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_mta_sts_reports_t  *reports, *first;

    if (mlcf->reports) {
        return "is duplicate";
    }

    reports = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_reports_t));
    if (reports == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_mta_sts_spool_options(cf, reports) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    if (ngx_http_mta_sts_spool_path(cf, reports) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    reports->zone = ngx_shared_memory_add(cf, &reports->path->name,
                                          sizeof(ngx_http_mta_sts_spool_t)
                                          + 8 * ngx_pagesize,
                                          &ngx_http_mta_sts_module);
    if (reports->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    first = reports->zone->data;

    if (first == NULL) {
        reports->zone->data = reports;
        reports->zone->init = ngx_http_mta_sts_spool_init_zone;

    } else if (first->max_size != reports->max_size
               || first->max_files != reports->max_files
               || first->max_bytes != reports->max_bytes)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"mta_sts_reports %V\" has "
                           "other limits in %s:%ui", &value[1],
                           first->path->conf_file, first->path->line);
        return NGX_CONF_ERROR;

    } else {
        reports = first;
    }

    mlcf->reports = reports;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_mta_sts_reports_handler;

    return NGX_CONF_OK;
}


/* Sets the path of the directory, whose slashes at the end are cut off. */

static char *
ngx_http_mta_sts_spool_path(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports)
{
    ngx_str_t  *value, name;

    value = cf->args->elts;

    reports->path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (reports->path == NULL) {
        return NGX_CONF_ERROR;
    }

    name = value[1];

    while (name.len > 1 && name.data[name.len - 1] == '/') {
        name.data[--name.len] = '\0';
    }

    value[1] = name;

    if (!ngx_http_mta_sts_spool_is_dir(&name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid directory \"%V\", "
                           "must be one for reports alone, without variables, "
                           "\".\" and \"..\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, &name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    reports->path->name = name;
    reports->path->conf_file = cf->conf_file->file.name.data;
    reports->path->line = cf->conf_file->line;

    /* nginx creates the directory, for the user of the workers */

    if (ngx_add_path(cf, &reports->path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * nginx gives the directory to the user of its workers: it must be neither "/"
 * nor the prefix; and one directory has one name.
 */

static ngx_uint_t
ngx_http_mta_sts_spool_is_dir(ngx_str_t *name)
{
    size_t   len;
    u_char  *p, *end;

    p = name->data;
    end = name->data + name->len;

    if (p < end && *p == '/') {
        p++;
    }

    if (p == end) {
        return 0;
    }

    for ( /* void */ ; p < end; p += len + 1) {

        for (len = 0; p + len < end && p[len] != '/'; len++) {
            if (p[len] == '$') {
                return 0;
            }
        }

        if (len == 0 || (len == 1 && p[0] == '.')
            || (len == 2 && p[0] == '.' && p[1] == '.'))
        {
            return 0;
        }
    }

    return 1;
}


void
ngx_http_mta_sts_spool_check(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->client_max_body_size
        && clcf->client_max_body_size < (off_t) reports->max_size)
    {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0, "\"mta_sts_reports\" takes "
                      "%uz bytes, but \"client_max_body_size\" is %O in %s:%ui",
                      reports->max_size, clcf->client_max_body_size,
                      reports->path->conf_file, reports->path->line);
    }
}


static char *
ngx_http_mta_sts_spool_options(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports)
{
    ngx_int_t   files;
    ngx_str_t  *value, s;
    ngx_uint_t  i;

    reports->max_size = 1024 * 1024;
    reports->max_files = 10000;
    reports->max_bytes = (off_t) 1024 * 1024 * 1024;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "size=", 5) == 0) {
            s.data = value[i].data + 5;
            s.len = value[i].len - 5;
            reports->max_size = (size_t) ngx_parse_size(&s);

            if ((ssize_t) reports->max_size > 0) {
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "files=", 6) == 0) {
            files = ngx_atoi(value[i].data + 6, value[i].len - 6);
            reports->max_files = (ngx_uint_t) files;

            if (files > 0) {
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "bytes=", 6) == 0) {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;
            reports->max_bytes = ngx_parse_offset(&s);

            if (reports->max_bytes > 0) {
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\", "
                           "must be \"size=SIZE\", \"files=NUMBER\" or "
                           "\"bytes=SIZE\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if ((off_t) reports->max_size > reports->max_bytes) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"size\" must not be above "
                           "\"bytes\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
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
