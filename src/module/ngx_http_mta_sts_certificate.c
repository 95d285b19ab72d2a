
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Certificates by name: which servers have a cache of them, and names for which
 * there is no certificate.
 */


#include "ngx_http_mta_sts_certificate.h"


#if (NGX_HTTP_SSL)

#define NGX_HTTP_MTA_STS_BY_LUA  "ssl_certificate_by_lua"


static char *ngx_http_mta_sts_by_lua(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_mta_sts_init_cache(ngx_conf_t *cf,
    ngx_http_mta_sts_srv_conf_t *mscf, ngx_http_ssl_srv_conf_t *sscf);
static ngx_uint_t ngx_http_mta_sts_uses(ngx_array_t *values, ngx_int_t index);
static ngx_uint_t ngx_http_mta_sts_sni_has_policy(ngx_connection_t *c,
    const char *sni);
static void ngx_http_mta_sts_count_hello(ngx_connection_t *c,
    ngx_http_mta_sts_main_conf_t *mmcf);
static int ngx_http_mta_sts_servername(ngx_ssl_conn_t *ssl_conn, int *ad,
    void *arg);

#endif


char *
ngx_http_mta_sts_set_certificate_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_mta_sts_srv_conf_t  *mscf = conf;

    ngx_str_t                    *value;
    ngx_uint_t                    i;
    mta_sts_err_t                 err;
    mta_sts_value_t               words[4];
    mta_sts_certificate_cache_t   params;

    if (mscf->certificates.cache != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 0; i < cf->args->nelts; i++) {
        words[i] = ngx_http_mta_sts_value(cf, &value[i]);
    }

    if (mta_sts_certificate_cache_parse(&params, words, cf->args->nelts, &err)
        != MTA_STS_OK)
    {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_CONF_ERROR;
    }

    mscf->certificates.cache = NULL;

#if (NGX_HTTP_SSL)

    if (params.max) {
        mscf->certificates.cache = ngx_http_mta_sts_cache_create(cf, &params);
        if (mscf->certificates.cache == NULL) {
            return NGX_CONF_ERROR;
        }
    }

#endif

    return NGX_CONF_OK;
}


void
ngx_http_mta_sts_merge_certificates(ngx_http_mta_sts_certificates_t *conf,
    ngx_http_mta_sts_certificates_t *prev)
{
    ngx_conf_merge_ptr_value(conf->cache, prev->cache, NULL);

    if (conf->by_lua.text.data == NULL) {
        conf->by_lua = prev->by_lua;
    }
}


#if (NGX_HTTP_SSL)


/*
 * The lua module sets the same callback of OpenSSL, which cannot be asked who
 * has set it.  So this cycle's list of modules gets a copy of the lua module,
 * with directives that note where they are used.
 */

ngx_int_t
ngx_http_mta_sts_watch_lua(ngx_conf_t *cf)
{
    ngx_uint_t                     i, n;
    ngx_module_t                  *module;
    ngx_command_t                 *commands;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    for (i = 0; /* void */ ; i++) {
        module = cf->cycle->modules[i];

        if (module == NULL) {
            return NGX_OK;
        }

        if (ngx_strcmp(module->name, "ngx_http_lua_module") == 0) {
            break;
        }
    }

    for (n = 0; module->commands[n].name.len; n++) { /* void */ }

    commands = ngx_palloc(cf->pool, (n + 1) * sizeof(ngx_command_t));
    if (commands == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(commands, module->commands, (n + 1) * sizeof(ngx_command_t));

    while (n--) {
        if (ngx_strncmp(commands[n].name.data, NGX_HTTP_MTA_STS_BY_LUA,
                        sizeof(NGX_HTTP_MTA_STS_BY_LUA) - 1)
            == 0)
        {
            commands[n].set = ngx_http_mta_sts_by_lua;
        }
    }

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);

    mmcf->lua = module->commands;
    mmcf->watched = commands;

    cf->cycle->modules[i] = ngx_palloc(cf->pool, sizeof(ngx_module_t));
    if (cf->cycle->modules[i] == NULL) {
        return NGX_ERROR;
    }

    *cf->cycle->modules[i] = *module;
    cf->cycle->modules[i]->commands = commands;

    return NGX_OK;
}


static char *
ngx_http_mta_sts_by_lua(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                     *value;
    ngx_command_t                 *lua;
    ngx_http_mta_sts_srv_conf_t   *mscf;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);
    mscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_mta_sts_module);

    value = cf->args->elts;
    mscf->certificates.by_lua = ngx_http_mta_sts_value(cf, &value[0]);

    lua = &mmcf->lua[cmd - mmcf->watched];

    return lua->set(cf, lua, conf);
}


ngx_int_t
ngx_http_mta_sts_init_certificates(ngx_conf_t *cf)
{
    ngx_str_t                      name = ngx_string("mta_sts_host");
    ngx_int_t                      index;
    ngx_uint_t                     s, looks;
    ngx_http_ssl_srv_conf_t       *sscf;
    ngx_http_core_srv_conf_t     **cscfp;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_mta_sts_srv_conf_t   *mscf;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    index = ngx_http_get_variable_index(cf, &name);
    if (index == NGX_ERROR) {
        return NGX_ERROR;
    }

    looks = mmcf->status != NULL;

    for (s = 0; s < cmcf->servers.nelts; s++) {
        mscf = cscfp[s]->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];
        sscf = cscfp[s]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (ngx_http_mta_sts_init_cache(cf, mscf, sscf) != NGX_OK) {
            return NGX_ERROR;
        }

        mscf->certificates.by_host =
                  ngx_http_mta_sts_uses(sscf->certificate_values, index)
                  || ngx_http_mta_sts_uses(sscf->certificate_key_values, index);

        looks |= mscf->certificates.by_host;
    }

    /* OpenSSL calls that of the address's default server */

    for (s = 0; looks && s < cmcf->servers.nelts; s++) {
        sscf = cscfp[s]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (sscf->ssl.ctx) {
            SSL_CTX_set_tlsext_servername_callback(sscf->ssl.ctx,
                                                 ngx_http_mta_sts_servername);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_init_cache(ngx_conf_t *cf, ngx_http_mta_sts_srv_conf_t *mscf,
    ngx_http_ssl_srv_conf_t *sscf)
{
    mta_sts_err_t     err;
    mta_sts_value_t  *lua;

    if (mscf->certificates.cache == NULL
        || (mscf->server.table.n == 0 && mscf->server.default_policy == NULL
            && mscf->table == NULL))
    {
        return NGX_OK;
    }

    lua = &mscf->certificates.by_lua;

    if (lua->text.data) {
        (void) mta_sts_error(&err, lua->place, "\"%.*s\" is incompatible with "
                             "\"mta_sts_certificate_cache\"",
                             MTA_STS_SHOW(lua->text));
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    if (sscf->certificate_values == NULL || sscf->passwords->nelts) {
        return NGX_OK;
    }

#if (NGX_HTTP_MTA_STS_SSL_CACHE)
    if (sscf->certificate_cache) {
        return NGX_OK;
    }
#endif

    mscf->certificates.ssl = sscf;

    SSL_CTX_set_cert_cb(sscf->ssl.ctx, ngx_http_mta_sts_certificate,
                        &mscf->certificates);

    return NGX_OK;
}


/* Does one of the values name the variable? */

static ngx_uint_t
ngx_http_mta_sts_uses(ngx_array_t *values, ngx_int_t index)
{
    ngx_uint_t                 i, *flush;
    ngx_http_complex_value_t  *value;

    if (values == NULL) {
        return 0;
    }

    value = values->elts;

    for (i = 0; i < values->nelts; i++) {

        if (value[i].flushes == NULL) {
            continue;
        }

        for (flush = value[i].flushes; *flush != (ngx_uint_t) -1; flush++) {
            if (*flush == (ngx_uint_t) index) {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * nginx's own callback chooses the server, or rejects the handshake.  Where the
 * certificate depends on the policy host, a name that is none ends the
 * handshake before a file is looked for.
 */

static int
ngx_http_mta_sts_servername(ngx_ssl_conn_t *ssl_conn, int *ad, void *arg)
{
    int                            rc;
    ngx_str_t                      name;
    ngx_uint_t                     by_host;
    const char                    *sni;
    ngx_connection_t              *c;
    ngx_http_connection_t         *hc;
    ngx_http_mta_sts_srv_conf_t   *mscf;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    rc = ngx_http_ssl_servername(ssl_conn, ad, arg);

    c = ngx_ssl_get_connection(ssl_conn);

    /* after the handshake, c->data may be a request */

    if (c->ssl->handshaked) {
        return rc;
    }

    hc = c->data;
    mscf = ngx_http_get_module_srv_conf(hc->conf_ctx, ngx_http_mta_sts_module);
    mmcf = ngx_http_get_module_main_conf(hc->conf_ctx,
                                         ngx_http_mta_sts_module);
    sni = SSL_get_servername(ssl_conn, TLSEXT_NAMETYPE_host_name);
    by_host = mscf->certificates.by_host && rc == SSL_TLSEXT_ERR_OK;

    /* most names of other servers end here */

    if (sni == NULL
        || (!by_host
            && (mmcf->status == NULL
                || ngx_strncasecmp((u_char *) sni, (u_char *) "mta-sts.", 8)
                   != 0))
        || ngx_http_mta_sts_sni_has_policy(c, sni))
    {
        return rc;
    }

    ngx_http_mta_sts_count_hello(c, mmcf);

    if (!by_host) {
        return rc;
    }

    name = ngx_http_mta_sts_sni(c, c->pool);

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "no policy for server name \"%V\", handshake rejected",
                  &name);

    c->ssl->handshake_rejected = 1;
    *ad = SSL_AD_UNRECOGNIZED_NAME;

    return SSL_TLSEXT_ERR_ALERT_FATAL;
}


/*
 * After a HelloRetryRequest the callback is called again: a connection is
 * counted once.
 */

static void
ngx_http_mta_sts_count_hello(ngx_connection_t *c,
    ngx_http_mta_sts_main_conf_t *mmcf)
{
    if (ngx_http_mta_sts_is_marked(c->pool)) {
        return;
    }

    (void) ngx_http_mta_sts_mark(c->pool);

    ngx_http_mta_sts_count_handshake(mmcf);
}


/* Has the server that was chosen a policy for the name of SNI? */

static ngx_uint_t
ngx_http_mta_sts_sni_has_policy(ngx_connection_t *c, const char *sni)
{
    mta_sts_str_t                 host, domain;
    ngx_http_connection_t        *hc;
    ngx_http_mta_sts_srv_conf_t  *mscf;
    char                          folded[TLSEXT_MAXLEN_host_name];

    hc = c->data;
    mscf = ngx_http_get_module_srv_conf(hc->conf_ctx, ngx_http_mta_sts_module);

    host.data = folded;
    host.len = ngx_strlen(sni);

    if (host.len > sizeof(folded)) {
        return 0;
    }

    ngx_memcpy(folded, sni, host.len);
    host.len = mta_sts_name_fold(host, folded);

    return ngx_http_mta_sts_lookup(mscf, host, &domain) != NULL;
}


ngx_str_t
ngx_http_mta_sts_sni(ngx_connection_t *c, ngx_pool_t *pool)
{
    u_char        ch, *p;
    ngx_str_t     name;
    const char   *sni;

    ngx_str_null(&name);

    sni = SSL_get_servername(c->ssl->connection, TLSEXT_NAMETYPE_host_name);
    if (sni == NULL) {
        return name;
    }

    name.data = ngx_pnalloc(pool, 4 * ngx_strlen(sni));
    if (name.data == NULL) {
        return name;
    }

    p = name.data;

    while ((ch = (u_char) *sni++)) {
        if (ch <= 0x20 || ch >= 0x7f || ch == '"' || ch == '\\') {
            p = ngx_sprintf(p, "\\x%02Xd", ch);

        } else {
            *p++ = ch;
        }
    }

    name.len = p - name.data;

    return name;
}


#endif /* NGX_HTTP_SSL */
