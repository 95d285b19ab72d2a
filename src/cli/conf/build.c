/*
 * What each server of a site serves.
 */

#include "site.h"


static int
site_build_server(site_t *site, site_server_t *server,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                       enable;
    const mta_sts_domains_t  *domains;

    enable = server->enable != -1 ? server->enable : site->http.enable;

    if (enable == 0) {
        return MTA_STS_OK;
    }

    mta_sts_settings_inherit(&server->settings, &site->http.settings);

    if (server->domains.text.data == NULL) {
        return mta_sts_server_build(&server->server, &server->settings,
                                    server->names, server->n, env, err);
    }

    if (site_file(site, &server->domains, env, &domains, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (server->any) {
        mta_sts_server_share(&server->server, domains);
        return MTA_STS_OK;
    }

    return mta_sts_server_use(&server->server, &server->settings, domains,
                              server->domains.place, server->names, server->n,
                              env, err);
}


/* Lua's certificates and a cache of those by name are mutually exclusive. */

static int
site_check_cache(const site_t *site, const site_server_t *server,
    mta_sts_err_t *err)
{
    const site_server_t    *cache;
    const mta_sts_value_t  *lua;

    cache = server->cache_set ? server : &site->http;
    lua = server->by_lua.text.data ? &server->by_lua : &site->http.by_lua;

    if (cache->cache.max == 0 || lua->text.data == NULL
        || (server->server.table.n == 0
            && server->server.default_policy == NULL))
    {
        return MTA_STS_OK;
    }

    return mta_sts_error(err, lua->place, "\"%.*s\" is incompatible with "
                         "\"mta_sts_certificate_cache\"",
                         MTA_STS_SHOW(lua->text));
}


int
site_build(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t  i;

    for (i = 0; i < site->n; i++) {
        if (site_build_server(site, site->servers[i], env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    for (i = 0; i < site->n; i++) {
        if (site_check_cache(site, site->servers[i], err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}
