
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Warnings of nginx -t about who answers: nginx's own servers and addresses are
 * handed over to the core, which knows how nginx chooses among them.
 */


#include "ngx_http_mta_sts_module.h"
#include "serve/answer.h"


static ngx_int_t ngx_http_mta_sts_add_server(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *cscf, mta_sts_answer_server_t *server);
static ngx_int_t ngx_http_mta_sts_add_addresses(ngx_conf_t *cf,
    mta_sts_answers_t *answers);
static ngx_int_t ngx_http_mta_sts_add_address(ngx_conf_t *cf,
    ngx_http_conf_port_t *port, ngx_http_conf_addr_t *addr,
    mta_sts_answer_address_t *address);
static ngx_uint_t ngx_http_mta_sts_is_local(ngx_http_listen_opt_t *opt);
#if (NGX_PCRE)
static int ngx_http_mta_sts_match(void *regex, mta_sts_str_t host);
#endif


ngx_int_t
ngx_http_mta_sts_check_answers(ngx_conf_t *cf)
{
    ngx_conf_t                   scratch;
    ngx_uint_t                   s;
    mta_sts_env_t                env;
    mta_sts_err_t                err;
    mta_sts_answers_t            answers;
    mta_sts_answer_pairs_t       pairs;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    ngx_memzero(&answers, sizeof(mta_sts_answers_t));
    ngx_memzero(&pairs, sizeof(mta_sts_answer_pairs_t));

    answers.n = (uint32_t) cmcf->servers.nelts;
    answers.servers = ngx_pcalloc(cf->temp_pool, answers.n
                                  * sizeof(mta_sts_answer_server_t));
    if (answers.servers == NULL) {
        return NGX_ERROR;
    }

    for (s = 0; s < answers.n; s++) {
        if (ngx_http_mta_sts_add_server(cf, cscfp[s], &answers.servers[s])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_mta_sts_add_addresses(cf, &answers) != NGX_OK) {
        return NGX_ERROR;
    }

    /* nothing of it is needed later */

    scratch = *cf;
    scratch.pool = cf->temp_pool;

    env = ngx_http_mta_sts_env(&scratch);

    if (mta_sts_answers_init(&answers, &env, &err) != MTA_STS_OK) {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    pairs.answers = &answers;
    pairs.env = &env;

    mta_sts_answers_check(&answers, mta_sts_answer_pairs_add, &pairs);

    if (pairs.failed) {
        return NGX_ERROR;
    }

    mta_sts_answer_pairs_warn(&pairs);
    mta_sts_answers_warn_unreachable(&answers, &env);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_add_server(ngx_conf_t *cf, ngx_http_core_srv_conf_t *cscf,
    mta_sts_answer_server_t *server)
{
#if (NGX_HTTP_SSL)
    ngx_http_ssl_srv_conf_t      *sscf;
#endif
    ngx_http_mta_sts_srv_conf_t  *mscf;

    mscf = cscf->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];

    server->serves = &mscf->server;
    server->place = ngx_http_mta_sts_place(cscf);
    server->own = mscf->domains.text.data
                  || mta_sts_settings_own_policy(&mscf->settings);
    server->on = mscf->on;
    server->n = cscf->server_names.nelts;
    server->names = ngx_http_mta_sts_server_names(cf->temp_pool, cscf);

    if (server->names == NULL) {
        return NGX_ERROR;
    }

#if (NGX_HTTP_SSL)

    sscf = cscf->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    server->reject = sscf->reject_handshake ? 1 : 0;
    server->verify = sscf->verify == 1 ? 1 : 0;

#endif

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_add_addresses(ngx_conf_t *cf, mta_sts_answers_t *answers)
{
    ngx_uint_t                  p, a, n;
    ngx_http_conf_addr_t       *addr;
    ngx_http_conf_port_t       *port;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (cmcf->ports == NULL) {
        return NGX_OK;
    }

    port = cmcf->ports->elts;
    n = 0;

    for (p = 0; p < cmcf->ports->nelts; p++) {
        n += port[p].addrs.nelts;
    }

    answers->addresses = ngx_pcalloc(cf->temp_pool, n
                                     * sizeof(mta_sts_answer_address_t));
    if (answers->addresses == NULL) {
        return NGX_ERROR;
    }

    for (p = 0; p < cmcf->ports->nelts; p++) {

#if (nginx_version >= 1025000)
        /* senders do not use HTTP/3 */

        if (port[p].type != SOCK_STREAM) {
            continue;
        }
#endif

        addr = port[p].addrs.elts;

        for (a = 0; a < port[p].addrs.nelts; a++) {
            if (ngx_http_mta_sts_add_address(cf, &port[p], &addr[a],
                         &answers->addresses[answers->n_addresses++])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_add_address(ngx_conf_t *cf, ngx_http_conf_port_t *port,
    ngx_http_conf_addr_t *addr, mta_sts_answer_address_t *address)
{
    ngx_uint_t                     s;
    ngx_http_core_srv_conf_t     **cscfp;
    ngx_http_mta_sts_srv_conf_t   *mscf;
#if (NGX_HTTP_SSL && nginx_version < 1025001)
    ngx_http_ssl_srv_conf_t       *sscf;
#endif

    address->text = ngx_http_mta_sts_str(&addr->opt.addr_text);
    address->group = (uint32_t) port->family << 16 | ntohs(port->port);
    address->wildcard = addr->opt.wildcard;
    address->local = ngx_http_mta_sts_is_local(&addr->opt) ? 1 : 0;

#if (NGX_HTTP_SSL)
    address->tls = addr->opt.ssl;
#endif

#if (NGX_HTTP_SSL && nginx_version < 1025001)

    /* "ssl on" */

    sscf = addr->default_server->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    if (sscf->enable == 1) {
        address->tls = 1;
    }

#endif

    address->n = (uint32_t) addr->servers.nelts;
    address->servers = ngx_palloc(cf->temp_pool,
                                  address->n * sizeof(uint32_t));
    if (address->servers == NULL) {
        return NGX_ERROR;
    }

    cscfp = addr->servers.elts;

    for (s = 0; s < address->n; s++) {
        mscf = cscfp[s]->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];
        address->servers[s] = mscf->number;
    }

    mscf = addr->default_server->ctx
                               ->srv_conf[ngx_http_mta_sts_module.ctx_index];
    address->default_server = mscf->number;

    return NGX_OK;
}


/* Does something else take the connections of senders? */

static ngx_uint_t
ngx_http_mta_sts_is_local(ngx_http_listen_opt_t *opt)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    if (opt->proxy_protocol) {
        return 1;
    }

    switch (opt->sockaddr->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) opt->sockaddr;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
#endif

    case AF_INET:
        sin = (struct sockaddr_in *) opt->sockaddr;
        return ntohl(sin->sin_addr.s_addr) >> 24 == 127;

    default: /* AF_UNIX */
        return 1;
    }
}


mta_sts_server_name_t *
ngx_http_mta_sts_server_names(ngx_pool_t *pool, ngx_http_core_srv_conf_t *cscf)
{
    ngx_uint_t               i, n;
    mta_sts_server_name_t   *names;
    ngx_http_server_name_t  *sn;

    sn = cscf->server_names.elts;
    n = cscf->server_names.nelts;

    names = ngx_pcalloc(pool, n * sizeof(mta_sts_server_name_t));
    if (names == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        names[i].value.text = ngx_http_mta_sts_str(&sn[i].name);
        names[i].value.place = ngx_http_mta_sts_place(cscf);

#if (NGX_PCRE)
        if (sn[i].regex) {
            names[i].regex = sn[i].regex->regex;
            names[i].match = ngx_http_mta_sts_match;
        }
#endif
    }

    return names;
}


#if (NGX_PCRE)

static int
ngx_http_mta_sts_match(void *regex, mta_sts_str_t host)
{
    ngx_str_t  s;

    s.data = (u_char *) host.data;
    s.len = host.len;

    return ngx_regex_exec((ngx_regex_t *) regex, &s, NULL, 0) >= 0;
}

#endif
