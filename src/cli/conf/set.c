/*
 * What each directive sets, in http or in a server.
 */

#include "site.h"


/* nginx's error about a directive that may be there once. */

static int
set_duplicate(const mta_sts_value_t *name, mta_sts_err_t *err)
{
    return mta_sts_error(err, name->place, "\"%.*s\" directive is duplicate",
                         MTA_STS_SHOW(name->text));
}


int
site_set_flag(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    (void) site;
    (void) n;

    if (server->enable != -1) {
        return set_duplicate(&words[0], err);
    }

    if (mta_sts_str_caseeq(words[1].text, mta_sts_str("on"))) {
        server->enable = 1;

    } else if (mta_sts_str_caseeq(words[1].text, mta_sts_str("off"))) {
        server->enable = 0;

    } else {
        return mta_sts_error(err, words[1].place, "invalid value \"%.*s\" in "
                             "\"%.*s\" directive, it must be \"on\" or "
                             "\"off\"", MTA_STS_SHOW(words[1].text),
                             MTA_STS_SHOW(words[0].text));
    }

    return MTA_STS_OK;
}


int
site_set_policy(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    mta_sts_value_t  name;

    name = words[0];
    name.text = mta_sts_str_after(name.text, sizeof("mta_sts_") - 1);

    return mta_sts_settings_set(&server->settings, &name, &words[1], n - 1,
                                site->source.env, err);
}


int
site_set_domains(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    (void) site;
    (void) n;

    if (server->domains.text.data) {
        return set_duplicate(&words[0], err);
    }

    server->domains = words[1];

    return MTA_STS_OK;
}


/* Only nginx looks whether it is a directory: most commands do not need it. */

int
site_set_state(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    (void) server;
    (void) n;

    if (site->state.text.data) {
        return set_duplicate(&words[0], err);
    }

    site->state = words[1];
    site->state.text = source_full_name(&site->source, words[1].text);

    return MTA_STS_OK;
}


int
site_set_cache(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    (void) site;

    if (server->cache_set) {
        return set_duplicate(&words[0], err);
    }

    server->cache_set = 1;

    return mta_sts_certificate_cache_parse(&server->cache, words, n, err);
}


int
site_set_lua(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    (void) site;
    (void) n;
    (void) err;

    server->by_lua = words[0];

    return MTA_STS_OK;
}


int
site_set_certificate(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    (void) site;
    (void) err;

    server->certificate = server->certificate == 1
                          || (n == 2 && memchr(words[1].text.data, '$',
                                               words[1].text.len)
                                        == NULL);

    return MTA_STS_OK;
}


int
site_set_generator(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    (void) site;
    (void) n;

    return (*server->generator)++ ? set_duplicate(&words[0], err) : MTA_STS_OK;
}


int
site_set_names(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (site_server_name(server, &words[i], site->source.env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
site_set_tls(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    int  on;

    (void) site;
    (void) err;

    on = n == 2 && mta_sts_str_caseeq(words[1].text, mta_sts_str("on"));

    if (mta_sts_str_eq(words[0].text, mta_sts_str("ssl"))) {
        server->ssl = on;

    } else if (mta_sts_str_eq(words[0].text, mta_sts_str("ssl_verify_client")))
    {
        server->verify = on;

    } else {
        server->reject = on;
    }

    return MTA_STS_OK;
}
