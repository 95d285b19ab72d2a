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

    return MTA_STS_OK;
}
