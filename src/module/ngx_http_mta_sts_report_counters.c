
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * What requests of locations with mta_sts_reports add to the counters of
 * mta_sts_status, whichever module refuses them.
 */


#include "ngx_http_mta_sts_module.h"


static ngx_uint_t ngx_http_mta_sts_is_report(ngx_http_request_t *r);


/*
 * Marks a request: error_page may lead it to another location, which forgets
 * the context of a module, but not the cleanups of the pool.
 */

ngx_int_t
ngx_http_mta_sts_note_report(ngx_http_request_t *r)
{
    ngx_http_mta_sts_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mta_sts_module);

    if (mlcf->reports && r == r->main
        && ngx_http_mta_sts_mark(r->pool) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_mta_sts_is_report(ngx_http_request_t *r)
{
    ngx_http_mta_sts_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mta_sts_module);

    return mlcf->reports
           || (r->internal && ngx_http_mta_sts_is_marked(r->pool));
}


ngx_int_t
ngx_http_mta_sts_count_report(ngx_http_request_t *r)
{
    mta_sts_report_code_e          code;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    if (r != r->main || !ngx_http_mta_sts_is_report(r)) {
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
