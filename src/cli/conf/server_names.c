/*
 * The names of a server.
 */

#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "policy/policy.h"
#include "site.h"


/* ranks leave room for the length of a name between them */

#define NAMES_TRAILING  1000
#define NAMES_LEADING   100000
#define NAMES_EXACT     SIZE_MAX


/* What nginx puts for "$hostname". */

static mta_sts_str_t
names_hostname(const mta_sts_env_t *env)
{
    char  buf[HOST_NAME_MAX + 1];

    if (gethostname(buf, sizeof(buf)) == -1) {
        buf[0] = '\0';
    }

    buf[HOST_NAME_MAX] = '\0';

    return mta_sts_str_copy(env, mta_sts_str_from(buf));
}


static int
names_push(site_server_t *server, const mta_sts_server_name_t *name,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_server_name_t  *names;

    names = mta_sts_env_grow(env, server->names, server->n, &server->size,
                             sizeof(mta_sts_server_name_t));
    if (names == NULL) {
        return mta_sts_error_memory(err);
    }

    server->names = names;
    server->names[server->n++] = *name;

    return MTA_STS_OK;
}


int
site_names_add(site_server_t *server, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    char                   *data;
    mta_sts_str_t           text;
    mta_sts_server_name_t   name;

    text = value->text;

    if ((mta_sts_str_starts(text, mta_sts_str("*"))
         && (text.len < 3 || text.data[1] != '.'))
        || mta_sts_str_eq(text, mta_sts_str(".")))
    {
        return mta_sts_error(err, value->place, "server name \"%.*s\" is "
                             "invalid", MTA_STS_SHOW(text));
    }

    name.value = *value;
    name.regex = mta_sts_str_starts(text, mta_sts_str("~"));

    if (name.regex) {
        name.value.text = mta_sts_str_after(text, 1);

        if (text.len == 1) {
            return mta_sts_error(err, value->place, "empty regex in server "
                                 "name \"~\"");
        }

        return names_push(server, &name, env, err);
    }

    name.value.text = mta_sts_str_caseeq(text, mta_sts_str("$hostname"))
                      ? names_hostname(env) : mta_sts_str_copy(env, text);

    data = (char *) name.value.text.data;

    if (data == NULL) {
        return mta_sts_error_memory(err);
    }

    /* in place; a trailing dot stays, as in nginx */

    (void) mta_sts_name_fold(name.value.text, data);

    return names_push(server, &name, env, err);
}


/* Is it a name that stands for more than one host? */

static int
names_is_wild(const mta_sts_server_name_t *name)
{
    return name->regex
           || mta_sts_str_starts(name->value.text, mta_sts_str("*."))
           || mta_sts_str_starts(name->value.text, mta_sts_str("."))
           || mta_sts_str_ends(name->value.text, mta_sts_str(".*"));
}


static size_t
names_rank(const mta_sts_server_name_t *name, mta_sts_str_t host)
{
    mta_sts_str_t  text;

    text = name->value.text;

    if (name->regex) {
        return SITE_NAMES_REGEX;
    }

    if (mta_sts_str_starts(text, mta_sts_str("*."))) {
        text = mta_sts_str_after(text, 1);

    } else if (mta_sts_str_eq(text, host)
               || (mta_sts_str_starts(text, mta_sts_str("."))
                   && mta_sts_str_eq(mta_sts_str_after(text, 1), host)))
    {
        return NAMES_EXACT;
    }

    if (mta_sts_str_starts(text, mta_sts_str("."))) {
        return host.len > text.len && mta_sts_str_ends(host, text)
               ? NAMES_LEADING + text.len : 0;
    }

    if (mta_sts_str_ends(text, mta_sts_str(".*"))) {
        text.len--;

        return host.len > text.len && mta_sts_str_starts(host, text)
               ? NAMES_TRAILING + text.len : 0;
    }

    return 0;
}


size_t
site_names_rank(const site_server_t *server, mta_sts_str_t host,
    const mta_sts_server_name_t **name)
{
    size_t  i, rank, best;

    best = 0;

    for (i = 0; i < server->n; i++) {
        rank = names_rank(&server->names[i], host);

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
        if (names_is_wild(&server->names[i])) {
            return &server->names[i];
        }
    }

    return NULL;
}
