
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The directive mta_sts_reports: its directory and limits.
 */


#include "ngx_http_mta_sts_module.h"


static char *ngx_http_mta_sts_spool_path(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports);
static ngx_uint_t ngx_http_mta_sts_spool_is_dir(ngx_str_t *name);
static char *ngx_http_mta_sts_spool_options(ngx_conf_t *cf,
    ngx_http_mta_sts_reports_t *reports);


char *
ngx_http_mta_sts_set_reports(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mta_sts_loc_conf_t  *mlcf = conf;

    ngx_str_t                     *value;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_mta_sts_reports_t    *reports, *first;
    ngx_http_mta_sts_main_conf_t  *mmcf;

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

    if (ngx_http_mta_sts_spool_add_zone(cf, reports) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    first = reports->zone->data;

    if (first == NULL) {
        reports->zone->data = reports;

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

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);
    mmcf->reports = 1;

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
