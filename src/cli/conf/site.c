/*
 * From settings and names to what each server of a site serves, and on to who
 * answers for each domain.
 */

#include <unistd.h>

#include "site.h"
#include "serve/image.h"


/* What a file is that nginx -T knows, but does not print. */

#define SITE_NO_TABLE                                                         \
    ", nginx -T does not print a table: run mta-sts where it is"


/* Maps a table and its changes. */

static int
site_read_table(mta_sts_str_t name, mta_sts_place_t place,
    const mta_sts_env_t *env, mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    mta_sts_buf_t    changes_name = { env, NULL, 0, 0, 0 };
    mta_sts_image_t  image, *changes;

    mta_sts_buf_add(&changes_name, name);
    mta_sts_buf_add(&changes_name, mta_sts_str(MTA_STS_IMAGE_CHANGES "\0"));

    changes = env->alloc(env->ctx, sizeof(mta_sts_image_t));

    return mta_sts_image_open_both(&image, name, changes,
                                   mta_sts_str_from(changes_name.data), place,
                                   domains, err);
}


/*
 * Is it a table?  nginx -T does not print one, so it is opened by its path; if
 * that is not possible here, returns -1 with err.
 */

static int
site_is_table(site_t *site, mta_sts_str_t name, mta_sts_place_t place,
    mta_sts_err_t *err)
{
    mta_sts_err_t  reason;

    if (site->source.dump) {
        if (source_has(&site->source, name)) {
            return 0;
        }

        if (access(name.data, R_OK) == -1) {
            site->unread = 1;

            (void) mta_sts_error_errno(&reason, place, "open()", name);

            return mta_sts_error(err, place, "%s%s", reason.text,
                                 SITE_NO_TABLE);
        }
    }

    return mta_sts_image_is(name);
}


/* Reads the file, or the files of the glob, that value names. */

static int
site_read_files(site_t *site, const mta_sts_value_t *value,
    mta_sts_str_t full, const mta_sts_env_t *env, mta_sts_domains_t *domains,
    mta_sts_err_t *err)
{
    int               table;
    size_t            i, n;
    mta_sts_str_t    *names;
    mta_sts_file_t   *files;

    if (source_names(&site->source, value, 1, &names, &n, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* a mask that only a table matches */

    if (n == 0 && site->source.dump
        && mta_sts_glob(full.data, value->place, env, &names, &n, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (n == 0) {
        site->unread = site->source.dump;

        return mta_sts_error(err, value->place, "no file matches \"%.*s\"%s",
                             MTA_STS_SHOW(full),
                             site->unread ? SITE_NO_TABLE : "");
    }

    table = n == 1 ? site_is_table(site, names[0], value->place, err) : 0;

    if (table) {
        return table == 1 ? site_read_table(names[0], value->place, env,
                                            domains, err)
                          : MTA_STS_ERROR;
    }

    files = env->alloc(env->ctx, n * sizeof(mta_sts_file_t));

    for (i = 0; i < n; i++) {
        if (source_open(&site->source, names[i], value->place, &files[i], err)
            != MTA_STS_OK)
        {
            while (i > 0) {
                mta_sts_file_free(&files[--i]);
            }

            return MTA_STS_ERROR;
        }
    }

    return mta_sts_domains_read(files, n, env, domains, err);
}


/* The domains that value names; what was read before is not read again. */

static int
site_file(site_t *site, const mta_sts_value_t *value, const mta_sts_env_t *env,
    const mta_sts_domains_t **domains, mta_sts_err_t *err)
{
    size_t          i;
    site_file_t    *file;
    mta_sts_str_t   full;

    full = source_full_name(&site->source, value->text);

    for (i = 0; i < site->n_files; i++) {
        if (mta_sts_str_eq(site->files[i]->name, full)) {
            *domains = &site->files[i]->domains;
            return MTA_STS_OK;
        }
    }

    site->files = mta_sts_env_grow(env, site->files, site->n_files,
                                   &site->files_size, sizeof(site_file_t *));

    file = env->alloc(env->ctx, sizeof(site_file_t));
    file->name = full;

    site->files[site->n_files++] = file;
    *domains = &file->domains;

    return site_read_files(site, value, full, env, &file->domains, err);
}


site_server_t *
site_add_server(site_t *site, const mta_sts_env_t *env)
{
    site_server_t  *server;

    server = env->alloc(env->ctx, sizeof(site_server_t));

    memset(server, 0, sizeof(site_server_t));

    server->enable = -1;
    server->ssl = -1;
    server->reject = -1;
    server->certificate = -1;
    server->verify = -1;

    site->servers = mta_sts_env_grow(env, site->servers, site->n, &site->size,
                                     sizeof(site_server_t *));
    site->servers[site->n++] = server;

    return server;
}


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


/*
 * The module refuses a cache of certificates where Lua loads them.  Follows
 * ngx_http_mta_sts_init_cache().
 */

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
            && server->server.default_policy == NULL
            && !mta_sts_table_is_mapped(&server->server.table)))
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


/* The value of a flag of a server, its own or inherited; default off. */

static int
site_flag(int own, int inherited)
{
    return own != -1 ? own == 1 : inherited == 1;
}


int
site_answer(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t                     i;
    site_server_t             *server;
    mta_sts_answers_t         *answers;
    mta_sts_answer_server_t   *s;
    mta_sts_answer_address_t  *address;

    answers = &site->answers;

    answers->n = (uint32_t) site->n;
    answers->servers = env->alloc(env->ctx, (site->n + 1)
                                            * sizeof(mta_sts_answer_server_t));

    for (i = 0; i < site->n; i++) {
        server = site->servers[i];
        s = &answers->servers[i];

        s->serves = &server->server;
        s->names = server->names;
        s->n = server->n;
        s->place = server->place;
        s->own = server->domains.text.data
                 || mta_sts_settings_own_policy(&server->settings);
        s->on = server->enable == 1;
        s->reject = site_flag(server->reject, site->http.reject) ? 1 : 0;
        s->verify = site_flag(server->verify, site->http.verify) ? 1 : 0;

        site->n_defaults += server->server.default_policy != NULL;
    }

    /* "ssl on" of nginx before 1.25.1 */

    for (i = 0; i < answers->n_addresses; i++) {
        address = &answers->addresses[i];
        server = site->servers[address->default_server];

        if (site_flag(server->ssl, site->http.ssl)) {
            address->tls = 1;
        }
    }

    if (mta_sts_answers_init(answers, env, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    site_check(site, env);

    return MTA_STS_OK;
}


int
site_read(site_t *site, mta_sts_str_t file, mta_sts_str_t prefix,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    memset(site, 0, sizeof(site_t));

    site->file = file;

    if (source_init(&site->source, file, prefix, env, err) != MTA_STS_OK
        || site_conf_read(site, env, err) != MTA_STS_OK
        || source_end(&site->source, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return site_answer(site, env, err);
}


int
site_read_text(site_t *site, mta_sts_str_t name, mta_sts_str_t text,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    source_file_t  *file;

    memset(site, 0, sizeof(site_t));

    file = env->alloc(env->ctx, sizeof(source_file_t));
    memset(file, 0, sizeof(source_file_t));

    file->name = name;
    file->text = text;

    site->file = name;
    site->source.env = env;
    site->source.main = name;
    site->source.files = file;
    site->source.n = 1;

    return site_conf_read(site, env, err) == MTA_STS_OK
           ? site_answer(site, env, err) : MTA_STS_ERROR;
}


int
site_read_domains(site_t *site, mta_sts_str_t file,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    site_server_t  *server;

    memset(site, 0, sizeof(site_t));

    site->file = file;
    site->source.env = env;

    if (mta_sts_str_eq(file, mta_sts_str("-"))) {

        if (source_init_stdin(&site->source, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        file = site->source.main;
    }

    server = site_add_server(site, env);

    server->enable = 1;
    server->any = 1;
    server->domains.text = file;

    return site_build(site, env, err) == MTA_STS_OK
           ? site_answer(site, env, err) : MTA_STS_ERROR;
}
