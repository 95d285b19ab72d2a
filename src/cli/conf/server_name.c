/*
 * server_name: how nginx reads the names of a server.  Regexes are compiled and
 * executed by PCRE2, as in nginx.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <limits.h>
#include <pcre2.h>
#include <unistd.h>

#include "policy/policy.h"
#include "site.h"


typedef struct {
    pcre2_code        *code;
    pcre2_match_data  *data;
} server_name_regex_t;


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


static void *
server_name_alloc(size_t size, void *ctx)
{
    const mta_sts_env_t *env = ctx;

    return env->alloc(env->ctx, size);
}


static void
server_name_free(void *p, void *ctx)
{
    (void) p;
    (void) ctx;
}


static int
server_name_match(void *regex, mta_sts_str_t host)
{
    server_name_regex_t *re = regex;

    return pcre2_match(re->code, (PCRE2_SPTR) host.data, host.len, 0, 0,
                       re->data, NULL)
           >= 0;
}


/*
 * Compiles a regex in env's memory.  Follows ngx_regex_compile(), and
 * ngx_http_core_server_name() in that a capital makes it case-insensitive.
 *
 * Errors: pcre2_compile() failed: TEXT in "REGEX" at "REST".
 */

static void *
server_name_compile(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int                      code;
    char                     text[128];
    size_t                   i, offset;
    uint32_t                 options;
    mta_sts_str_t            rest;
    server_name_regex_t     *re;
    pcre2_compile_context   *compile;
    pcre2_general_context   *general;

    options = 0;

    for (i = 0; i < value->text.len; i++) {
        if (value->text.data[i] >= 'A' && value->text.data[i] <= 'Z') {
            options = PCRE2_CASELESS;
        }
    }

    re = env->alloc(env->ctx, sizeof(server_name_regex_t));
    general = pcre2_general_context_create(server_name_alloc, server_name_free,
                                           (void *) (uintptr_t) env);
    compile = pcre2_compile_context_create(general);

    re->code = pcre2_compile((PCRE2_SPTR) value->text.data, value->text.len,
                             options, &code, &offset, compile);

    if (re->code) {
        re->data = pcre2_match_data_create(1, general);
        return re;
    }

    (void) pcre2_get_error_message(code, (PCRE2_UCHAR *) text, sizeof(text));

    rest = mta_sts_str_after(value->text, offset);

    if (rest.len == 0) {
        (void) mta_sts_error(err, value->place, "pcre2_compile() failed: %s in "
                             "\"%.*s\"", text, MTA_STS_SHOW(value->text));

    } else {
        (void) mta_sts_error(err, value->place, "pcre2_compile() failed: %s in "
                             "\"%.*s\" at \"%.*s\"", text,
                             MTA_STS_SHOW(value->text), MTA_STS_SHOW(rest));
    }

    return NULL;
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
        name->regex = server_name_compile(&name->value, env, err);
        name->match = server_name_match;

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
