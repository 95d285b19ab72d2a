
/*
 * Copyright (C) the nginx-mta-sts authors
 *
 * Directives: setters store, merge inherits, postconfiguration builds and
 * checks what each server serves, so that a request only looks things up.
 */


#include "ngx_http_mta_sts_module.h"


static char *ngx_http_mta_sts_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_mta_sts_set_domains(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_mta_sts_set_state(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_mta_sts_preconfiguration(ngx_conf_t *cf);
static void *ngx_http_mta_sts_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_mta_sts_create_srv_conf(ngx_conf_t *cf);
static void *ngx_http_mta_sts_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_mta_sts_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_mta_sts_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_mta_sts_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_mta_sts_build(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *cscf, ngx_http_mta_sts_srv_conf_t *mscf);


static ngx_command_t  ngx_http_mta_sts_commands[] = {

    { ngx_string("mta_sts"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_mta_sts_srv_conf_t, enable),
      NULL },

    { ngx_string("mta_sts_certificate_cache"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE123,
      ngx_http_mta_sts_set_certificate_cache,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_generator"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_mta_sts_set_generator,
      0,
      0,
      NULL },

    { ngx_string("mta_sts_reports"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_mta_sts_set_reports,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_mta_sts_set_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_mode"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_mta_sts_set,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_mx"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_1MORE,
      ngx_http_mta_sts_set,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_max_age"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_mta_sts_set,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_tlsrpt_rua"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_1MORE,
      ngx_http_mta_sts_set,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_domains"),
      NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_mta_sts_set_domains,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mta_sts_state"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_mta_sts_set_state,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_mta_sts_module_ctx = {
    ngx_http_mta_sts_preconfiguration,     /* preconfiguration */
    ngx_http_mta_sts_init,                 /* postconfiguration */

    ngx_http_mta_sts_create_main_conf,     /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_http_mta_sts_create_srv_conf,      /* create server configuration */
    ngx_http_mta_sts_merge_srv_conf,       /* merge server configuration */

    ngx_http_mta_sts_create_loc_conf,      /* create location configuration */
    ngx_http_mta_sts_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_mta_sts_module = {
    NGX_MODULE_V1,
    &ngx_http_mta_sts_module_ctx,          /* module context */
    ngx_http_mta_sts_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_mta_sts_check_tables,         /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_http_mta_sts_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mta_sts_srv_conf_t  *mscf = conf;

    ngx_str_t        *value;
    ngx_uint_t        i, n;
    mta_sts_env_t     env;
    mta_sts_err_t     err;
    mta_sts_value_t  *words;

    value = cf->args->elts;
    n = cf->args->nelts;

    words = ngx_pcalloc(cf->temp_pool, n * sizeof(mta_sts_value_t));
    if (words == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        words[i] = ngx_http_mta_sts_value(cf, &value[i]);
    }

    words[0].text = mta_sts_str_after(words[0].text, sizeof("mta_sts_") - 1);

    env = ngx_http_mta_sts_env(cf);

    if (mta_sts_settings_set(&mscf->settings, &words[0], &words[1], n - 1,
                             &env, &err)
        != MTA_STS_OK)
    {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mta_sts_set_domains(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mta_sts_srv_conf_t  *mscf = conf;

    ngx_str_t  *value, name;

    if (mscf->domains.text.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    mscf->domains = ngx_http_mta_sts_value(cf, &name);

    return NGX_CONF_OK;
}


/* What the helper remembers; nginx itself reads and writes nothing there. */

static char *
ngx_http_mta_sts_set_state(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mta_sts_main_conf_t  *mmcf = conf;

    ngx_str_t        *value, name;
    ngx_file_info_t   fi;

    if (mmcf->state.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_file_info(name.data, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_file_info_n " \"%V\" failed", &name);
        return NGX_CONF_ERROR;
    }

    if (!ngx_is_dir(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is not a directory",
                           &name);
        return NGX_CONF_ERROR;
    }

    mmcf->state = name;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_mta_sts_preconfiguration(ngx_conf_t *cf)
{
#if (NGX_HTTP_SSL)
    if (ngx_http_mta_sts_watch_lua(cf) != NGX_OK) {
        return NGX_ERROR;
    }
#endif

    return ngx_http_mta_sts_add_variables(cf);
}


static void *
ngx_http_mta_sts_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_mta_sts_main_conf_t  *mmcf;

    mmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_main_conf_t));

    /*
     * set by ngx_pcalloc():
     *
     *     mmcf->files = { NULL };
     *     mmcf->state = { 0, NULL };
     *     mmcf->tables = { NULL };
     *     mmcf->lua = NULL;
     *     mmcf->watched = NULL;
     *     mmcf->status = NULL;
     *     mmcf->counters = NULL;
     *     mmcf->reports = 0;
     */

    return mmcf;
}


static void *
ngx_http_mta_sts_create_srv_conf(ngx_conf_t *cf)
{
    ngx_http_mta_sts_srv_conf_t  *mscf;

    mscf = ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_srv_conf_t));
    if (mscf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     mscf->on = 0;
     *     mscf->number = 0;
     *     mscf->settings = { 0 };
     *     mscf->domains = { NULL };
     *     mscf->server = { 0 };
     *     mscf->table = NULL;
     *     mscf->names = NULL;
     *     mscf->certificates = { NULL };
     */

    mscf->enable = NGX_CONF_UNSET;
    mscf->certificates.cache = NGX_CONF_UNSET_PTR;

    return mscf;
}


static void *
ngx_http_mta_sts_create_loc_conf(ngx_conf_t *cf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     mlcf->reports = NULL;
     */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_mta_sts_loc_conf_t));
}


/*
 * An "if" in a location has a configuration of its own, and the handler of the
 * location.
 */

static char *
ngx_http_mta_sts_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_mta_sts_loc_conf_t *prev = parent;
    ngx_http_mta_sts_loc_conf_t *conf = child;

    if (conf->reports == NULL) {
        conf->reports = prev->reports;

    } else {
        ngx_http_mta_sts_spool_check(cf, conf->reports);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mta_sts_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_mta_sts_srv_conf_t *prev = parent;
    ngx_http_mta_sts_srv_conf_t *conf = child;

    conf->on = conf->enable == 1;
    ngx_conf_merge_value(conf->enable, prev->enable, 1);

    mta_sts_settings_inherit(&conf->settings, &prev->settings);

    ngx_http_mta_sts_merge_certificates(&conf->certificates,
                                        &prev->certificates);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_mta_sts_init(ngx_conf_t *cf)
{
    ngx_uint_t                    s, policies;
    ngx_http_handler_pt          *h;
    ngx_http_core_srv_conf_t    **cscfp;
    ngx_http_core_main_conf_t    *cmcf;
    ngx_http_mta_sts_srv_conf_t  *mscf;
    ngx_http_mta_sts_main_conf_t  *mmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    cscfp = cmcf->servers.elts;
    policies = 0;

    for (s = 0; s < cmcf->servers.nelts; s++) {
        mscf = cscfp[s]->ctx->srv_conf[ngx_http_mta_sts_module.ctx_index];

        mscf->number = (uint32_t) s;

        if (!mscf->enable) {
            continue;
        }

        if (ngx_http_mta_sts_build(cf, cscfp[s], mscf) != NGX_OK) {
            return NGX_ERROR;
        }

        if (mscf->server.table.n || mscf->server.default_policy
            || mscf->table)
        {
            policies++;
        }
    }

#if (NGX_HTTP_SSL)
    if (ngx_http_mta_sts_init_certificates(cf) != NGX_OK) {
        return NGX_ERROR;
    }
#endif

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mta_sts_module);

    if (policies == 0 && mmcf->status == NULL) {
        return NGX_OK;
    }

    if ((policies && ngx_http_mta_sts_check_answers(cf) != NGX_OK)
        || ngx_http_mta_sts_init_status(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_SERVER_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = mmcf->status ? ngx_http_mta_sts_handler_counted
                      : ngx_http_mta_sts_handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mta_sts_build(ngx_conf_t *cf, ngx_http_core_srv_conf_t *cscf,
    ngx_http_mta_sts_srv_conf_t *mscf)
{
    int                       rc;
    size_t                    n;
    mta_sts_env_t             env;
    mta_sts_err_t             err;
    mta_sts_server_name_t    *names;
    const mta_sts_domains_t  *domains;

    n = cscf->server_names.nelts;

    names = ngx_http_mta_sts_server_names(cf->temp_pool, cscf);
    if (names == NULL) {
        return NGX_ERROR;
    }

    env = ngx_http_mta_sts_env(cf);

    if (mscf->domains.text.data) {

        if (ngx_http_mta_sts_read_domains(cf, &mscf->domains, &domains,
                                          &mscf->table, &mscf->names)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        rc = mta_sts_server_use(&mscf->server, &mscf->settings, domains,
                                mscf->domains.place, names, n, &env, &err);

    } else {
        rc = mta_sts_server_build(&mscf->server, &mscf->settings, names, n,
                                  &env, &err);

        if (ngx_http_mta_sts_server_counters(cf, mscf) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (rc != MTA_STS_OK) {
        ngx_http_mta_sts_log(cf, NGX_LOG_EMERG, &err);
        return NGX_ERROR;
    }

    return NGX_OK;
}
