/*
 * server_name: how nginx reads the names of a server and ranks them for a host.
 */

#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "policy/policy.h"
#include "site.h"


/* between two ranks there is room for the length of a name */

#define SERVER_NAME_TRAILING  1000
#define SERVER_NAME_LEADING   100000
#define SERVER_NAME_EXACT     SIZE_MAX


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


int
server_name_add(site_server_t *server, const mta_sts_value_t *value,
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
    name->regex = mta_sts_str_starts(text, mta_sts_str("~"));

    if (name->regex) {
        name->value.text = mta_sts_str_after(text, 1);
        return MTA_STS_OK;
    }

    text = mta_sts_str_caseeq(text, mta_sts_str("$hostname"))
           ? server_name_hostname(env) : mta_sts_str_copy(env, text);

    /* in place; as in nginx, a trailing dot is kept */

    (void) mta_sts_name_fold(text, (char *) text.data);

    name->value.text = text;

    return MTA_STS_OK;
}


/* Can the name match more than one host? */

static int
server_name_is_wild(const mta_sts_server_name_t *name)
{
    return name->regex
           || mta_sts_str_starts(name->value.text, mta_sts_str("*."))
           || mta_sts_str_starts(name->value.text, mta_sts_str("."))
           || mta_sts_str_ends(name->value.text, mta_sts_str(".*"));
}


static size_t
server_name_rank_one(const mta_sts_server_name_t *name, mta_sts_str_t host)
{
    mta_sts_str_t  text;

    text = name->value.text;

    if (name->regex) {
        return SERVER_NAME_REGEX;
    }

    if (mta_sts_str_starts(text, mta_sts_str("*."))) {
        text = mta_sts_str_after(text, 1);

    } else if (mta_sts_str_eq(text, host)
               || (mta_sts_str_starts(text, mta_sts_str("."))
                   && mta_sts_str_eq(mta_sts_str_after(text, 1), host)))
    {
        return SERVER_NAME_EXACT;
    }

    if (mta_sts_str_starts(text, mta_sts_str("."))) {
        return host.len > text.len && mta_sts_str_ends(host, text)
               ? SERVER_NAME_LEADING + text.len : 0;
    }

    if (mta_sts_str_ends(text, mta_sts_str(".*"))) {
        text.len--;

        return host.len > text.len && mta_sts_str_starts(host, text)
               ? SERVER_NAME_TRAILING + text.len : 0;
    }

    return 0;
}


size_t
server_name_rank(const site_server_t *server, mta_sts_str_t host,
    const mta_sts_server_name_t **name)
{
    size_t  i, rank, best;

    best = 0;

    for (i = 0; i < server->n; i++) {
        rank = server_name_rank_one(&server->names[i], host);

        if (rank > best) {
            best = rank;
            *name = &server->names[i];
        }
    }

    return best;
}


const mta_sts_server_name_t *
site_names_first(const site_server_t *server)
{
    size_t  i;

    for (i = 0; i < server->n; i++) {
        if (server_name_is_wild(&server->names[i])) {
            return &server->names[i];
        }
    }

    return NULL;
}
