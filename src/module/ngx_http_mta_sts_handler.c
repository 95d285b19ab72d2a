
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * The answer to a request for a policy (RFC 8461, 3.3).
 */


#include "ngx_http_mta_sts_module.h"


static ngx_int_t ngx_http_mta_sts_answer(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_answer_counted(ngx_http_request_t *r);
static ngx_int_t ngx_http_mta_sts_respond(ngx_http_request_t *r,
    const ngx_uint_t counted);
static void ngx_http_mta_sts_count_fetch(ngx_http_request_t *r,
    ngx_http_mta_sts_names_t *names, const mta_sts_policy_t *policy,
    const mta_sts_found_t *found);
static ngx_int_t ngx_http_mta_sts_send(ngx_http_request_t *r,
    const mta_sts_policy_t *policy, ngx_uint_t copy);


#define NGX_HTTP_MTA_STS_URI  "/.well-known/mta-sts.txt"

/* a constant length, so that the compiler inlines the comparison */

#define ngx_http_mta_sts_is_policy(r)                                         \
    ((r)->uri.len == sizeof(NGX_HTTP_MTA_STS_URI) - 1                         \
     && ngx_memcmp((r)->uri.data, NGX_HTTP_MTA_STS_URI,                       \
                   sizeof(NGX_HTTP_MTA_STS_URI) - 1)                          \
        == 0)


/*
 * The SERVER_REWRITE phase comes before return, access control and locations:
 * senders follow no redirect and send no password, so nothing that is meant
 * for other pages of the site must come first.  The phase finalizes the request
 * with any return value other than NGX_DECLINED.
 *
 * Every request of this nginx comes here, hence no stack frame and no call for
 * those that do not ask for a policy.
 */

ngx_int_t
ngx_http_mta_sts_handler(ngx_http_request_t *r)
{
    if (!ngx_http_mta_sts_is_policy(r)) {
        return NGX_DECLINED;
    }

    return ngx_http_mta_sts_answer(r);
}


ngx_int_t
ngx_http_mta_sts_handler_counted(ngx_http_request_t *r)
{
    if (!ngx_http_mta_sts_is_policy(r)) {
        return NGX_DECLINED;
    }

    return ngx_http_mta_sts_answer_counted(r);
}


static __attribute__((noinline)) ngx_int_t
ngx_http_mta_sts_answer(ngx_http_request_t *r)
{
    return ngx_http_mta_sts_respond(r, 0);
}


static __attribute__((noinline)) ngx_int_t
ngx_http_mta_sts_answer_counted(ngx_http_request_t *r)
{
    return ngx_http_mta_sts_respond(r, 1);
}


/*
 * Both of the above have a copy of this without what only the other one does.
 * A policy is counted before it is sent: it may be gone after that.
 */

static inline __attribute__((always_inline)) ngx_int_t
ngx_http_mta_sts_respond(ngx_http_request_t *r, const ngx_uint_t counted)
{
    ngx_int_t                     rc;
    mta_sts_str_t                 host;
    mta_sts_mode_e                mode;
    mta_sts_found_t               found;
    const mta_sts_policy_t       *policy;
    ngx_http_mta_sts_srv_conf_t  *mscf;

    mscf = ngx_http_get_module_srv_conf(r, ngx_http_mta_sts_module);
    host = ngx_http_mta_sts_str(&r->headers_in.server);

    policy = counted ? ngx_http_mta_sts_locate(mscf, host, &found)
                     : ngx_http_mta_sts_lookup(mscf, host, &found.domain);

    if (policy == NULL) {

        if (counted) {
            ngx_http_mta_sts_count_other(r);
        }

        return NGX_DECLINED;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "mta-sts policy of \"%*s\", id %s",
                   found.domain.len, found.domain.data, policy->id);

    /* as the next phase would do, mainly for the limits of keep-alive */

    ngx_http_update_location_config(r);

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        mode = (mta_sts_mode_e) policy->mode;
        rc = ngx_http_mta_sts_not_allowed(r, "GET, HEAD");

        return counted ? ngx_http_mta_sts_count_error(r, mode, rc) : rc;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        mode = (mta_sts_mode_e) policy->mode;
        return counted ? ngx_http_mta_sts_count_error(r, mode, rc) : rc;
    }

    if (counted) {
        ngx_http_mta_sts_count_fetch(r, mscf->names, policy, &found);
    }

    return ngx_http_mta_sts_send(r, policy, mscf->table != NULL);
}


/* Once per fetch: a few dozen instructions, and no lock. */

static __attribute__((noinline)) void
ngx_http_mta_sts_count_fetch(ngx_http_request_t *r,
    ngx_http_mta_sts_names_t *names, const mta_sts_policy_t *policy,
    const mta_sts_found_t *found)
{
    time_t                     start;
    mta_sts_status_t          *counters;
    ngx_http_mta_sts_known_t  *table, known;

    table = names->known[found->where];

    if (table == NULL) {
        goto first;
    }

    known = table[found->slot];

    if (known.domain == 0) {
        goto first;
    }

    counters = names->counters;
    start = r->start_sec;

    if (names->releases != mta_sts_status_get(&counters->releases)
        || !mta_sts_status_is_hour(start, mta_sts_status_get(&counters->next)))
    {
        goto first;
    }

    mta_sts_status_count_in_hour(counters, policy->mode, MTA_STS_STATUS_200,
                                 r->method == NGX_HTTP_HEAD ? 0 : policy->len);

    if (known.name) {
        mta_sts_status_count_name(counters, known.name);
    }

    if (known.domain != NGX_HTTP_MTA_STS_NO_COUNTER) {
        mta_sts_status_count_slot(&counters->slots[known.domain - 1], start);
    }

    return;

first:

    ngx_http_mta_sts_count_first(r, names, policy, found);
}


const mta_sts_policy_t *
ngx_http_mta_sts_find(ngx_http_request_t *r, mta_sts_str_t *domain)
{
    ngx_http_mta_sts_srv_conf_t  *mscf;

    if (!ngx_http_mta_sts_is_policy(r)) {
        return NULL;
    }

    mscf = ngx_http_get_module_srv_conf(r, ngx_http_mta_sts_module);

    return ngx_http_mta_sts_lookup(mscf,
                                   ngx_http_mta_sts_str(
                                       &r->headers_in.server),
                                   domain);
}


/*
 * A policy of a table is copied: the table may be replaced before all of the
 * response is sent.
 */

static ngx_inline ngx_int_t
ngx_http_mta_sts_send(ngx_http_request_t *r, const mta_sts_policy_t *policy,
    ngx_uint_t copy)
{
    if (ngx_http_mta_sts_cache_control(r, "no-cache") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;

    ngx_str_set(&r->headers_out.content_type, "text/plain");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    /* never 304 or 206: senders accept only 200 */

    r->disable_not_modified = 1;

    return ngx_http_mta_sts_output(r, mta_sts_policy_body(policy), copy);
}
