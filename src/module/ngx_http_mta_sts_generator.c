
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The policy generator as a page: a location that answers with a form, and with
 * the policy that is made from it.  All requests are from untrusted clients.
 */


#include "ngx_http_mta_sts_module.h"
#include "generator/generator.h"


static ngx_int_t ngx_http_mta_sts_generator_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_generator_policy(ngx_http_request_t *r,
    mta_sts_generator_t *generator);
static ngx_int_t ngx_http_mta_sts_generator_records(ngx_http_request_t *r,
    mta_sts_generator_t *generator);
static ngx_int_t ngx_http_mta_sts_generator_json(ngx_http_request_t *r,
    mta_sts_generator_t *generator);
static ngx_int_t ngx_http_mta_sts_generator_page(ngx_http_request_t *r,
    mta_sts_generator_t *generator);


static ngx_int_t
ngx_http_mta_sts_generator_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    mta_sts_env_t         env;
    mta_sts_err_t         err;
    mta_sts_str_t         query, format;
    mta_sts_generator_t  *generator;

    /* set up once for all requests of a worker */

    static mta_sts_digest_t  digest;

    rc = ngx_http_mta_sts_page_begin(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    generator = ngx_palloc(r->pool, sizeof(mta_sts_generator_t));
    if (generator == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    env = ngx_http_mta_sts_request_env(r);

    query = ngx_http_mta_sts_str(&r->args);

    if (mta_sts_generator_read(generator, query, &digest, &env, &err)
        != MTA_STS_OK)
    {
        return ngx_http_mta_sts_page_failed(r, &err);
    }

    format = generator->typed[MTA_STS_FORM_FORMAT];

    if (mta_sts_str_eq(format, mta_sts_str("json"))) {
        return ngx_http_mta_sts_generator_json(r, generator);
    }

    if (generator->result.entry.policy) {

        if (mta_sts_str_eq(format, mta_sts_str("policy"))) {
            return ngx_http_mta_sts_generator_policy(r, generator);
        }

        if (generator->format) {
            return ngx_http_mta_sts_generator_records(r, generator);
        }
    }

    return ngx_http_mta_sts_generator_page(r, generator);
}


static ngx_int_t
ngx_http_mta_sts_generator_policy(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    mta_sts_str_t  body;

    if (ngx_http_mta_sts_add_header(r, "Content-Disposition",
                                    "attachment; filename=\"mta-sts.txt\"")
        == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body = mta_sts_policy_body(generator->result.entry.policy);

    return ngx_http_mta_sts_send_page(r, NGX_HTTP_OK, "text/plain",
                                           "no-cache", body);
}


static ngx_int_t
ngx_http_mta_sts_generator_records(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    mta_sts_err_t  err;
    mta_sts_str_t  text;

    if (mta_sts_result_records(&generator->result, generator->format,
                               &generator->format_settings, &generator->env,
                               &text, &err)
        != MTA_STS_OK)
    {
        return ngx_http_mta_sts_page_failed(r, &err);
    }

    return ngx_http_mta_sts_send_page(r, NGX_HTTP_OK, "text/plain",
                                           "no-cache", text);
}


static ngx_int_t
ngx_http_mta_sts_generator_json(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    mta_sts_err_t  err;
    mta_sts_str_t  json;

    if (mta_sts_generator_json(generator, &json, &err) != MTA_STS_OK) {
        return ngx_http_mta_sts_page_failed(r, &err);
    }

    return ngx_http_mta_sts_send_page(r, generator->n_errors
                                              ? NGX_HTTP_BAD_REQUEST
                                              : NGX_HTTP_OK,
                                           "application/json", "no-cache",
                                           json);
}


static ngx_int_t
ngx_http_mta_sts_generator_page(ngx_http_request_t *r,
    mta_sts_generator_t *generator)
{
    int            bad;
    mta_sts_err_t  err;
    mta_sts_str_t  page, format;

    if (mta_sts_generator_page(generator, ngx_http_mta_sts_files_version(),
                               &page, &err)
        != MTA_STS_OK)
    {
        return ngx_http_mta_sts_page_failed(r, &err);
    }

    /* errors are a part of the page, unless something else was asked for */

    format = generator->typed[MTA_STS_FORM_FORMAT];

    bad = generator->errors[MTA_STS_FORM_QUERY].len
          || (generator->n_errors && format.len
              && !mta_sts_str_eq(format, mta_sts_str("html")));

    return ngx_http_mta_sts_send_page(r,
                                     bad ? NGX_HTTP_BAD_REQUEST : NGX_HTTP_OK,
                                     "text/html; charset=utf-8", "no-cache",
                                     page);
}


char *
ngx_http_mta_sts_set_generator(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_mta_sts_generator_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_http_mta_sts_generator_handler;

    return NGX_CONF_OK;
}
