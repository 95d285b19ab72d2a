/*
 * server_name: how nginx reads the names of a server.
 */

#include <limits.h>
#include <unistd.h>

#include "policy/policy.h"
#include "site.h"


/* The value of "$hostname". */

static mta_sts_str_t
server_name_hostname(const mta_sts_env_t *env)
{
    char  buf[HOST_NAME_MAX + 1];

    if (gethostname(buf, sizeof(buf)) == -1) {
        buf[0] = '\0';
    }

    buf[HOST_NAME_MAX] = '\0';

    return mta_sts_str_copy(env, mta_sts_str_from(buf));
}


/* As in ngx_http_core_server_name(), a capital makes it case-insensitive. */

static int
server_name_has_capital(const mta_sts_value_t *value)
{
    size_t  i;

    for (i = 0; i < value->text.len; i++) {
        if (value->text.data[i] >= 'A' && value->text.data[i] <= 'Z') {
            return 1;
        }
    }

    return 0;
}


int
site_server_name(site_server_t *server, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_str_t           text;
    mta_sts_server_name_t  *name;

    text = value->text;

    if ((mta_sts_str_starts(text, mta_sts_str("*"))
         && (text.len < 3 || text.data[1] != '.'))
        || mta_sts_str_eq(text, mta_sts_str(".")))
    {
        return mta_sts_error(err, value->place, "server name \"%.*s\" is "
                             "invalid", MTA_STS_SHOW(text));
    }

    if (mta_sts_str_eq(text, mta_sts_str("~"))) {
        return mta_sts_error(err, value->place, "empty regex in server name "
                             "\"~\"");
    }

    server->names = mta_sts_env_grow(env, server->names, server->n,
                                     &server->size,
                                     sizeof(mta_sts_server_name_t));
    name = &server->names[server->n++];

    name->value = *value;
    name->regex = NULL;

    if (mta_sts_str_starts(text, mta_sts_str("~"))) {
        name->value.text = mta_sts_str_after(text, 1);
        name->regex = regex_compile(&name->value,
                                    server_name_has_capital(&name->value),
                                    env, err);
        name->match = regex_match;

        return name->regex ? MTA_STS_OK : MTA_STS_ERROR;
    }

    text = mta_sts_str_caseeq(text, mta_sts_str("$hostname"))
           ? server_name_hostname(env) : mta_sts_str_copy(env, text);

    /* in place; as in nginx, a trailing dot is kept */

    (void) mta_sts_name_fold(text, (char *) text.data);

    name->value.text = text;

    return MTA_STS_OK;
}


const mta_sts_server_name_t *
site_names_first(const site_server_t *server)
{
    return server->server.n ? &server->server.names[0] : NULL;
}
