/*
 * From directives to servers: which directives there are, where they may
 * stand, what they set.  The rules for nginx's own follow
 * ngx_http_core_module of 1.22.1.
 */

#include "reader.h"
#include "site.h"


/* Where a directive stands. */

typedef enum {
    SITE_MAIN     = 1,
    SITE_HTTP     = 2,
    SITE_SERVER   = 4,
    SITE_LOCATION = 8,
    SITE_INNER    = 16,             /* if and limit_except */
    SITE_EVENTS   = 32,
    SITE_UPSTREAM = 64,
    SITE_FOREIGN  = 128             /* mail, stream and their servers */
} site_context_e;

#define SITE_ANY_HTTP  (SITE_HTTP|SITE_SERVER|SITE_LOCATION)


/* A block that is known: its name, where it may stand, what is inside. */

typedef struct {
    mta_sts_str_t      name;
    unsigned           contexts;
    nginx_conf_kind_e  kind;
    site_context_e     inside;
} site_block_t;


/* A directive that is known: its name, its contexts, its arguments. */

typedef struct site_reader_s  site_reader_t;

typedef struct {
    mta_sts_str_t      name;
    unsigned           contexts;
    size_t             min;
    size_t             max;
    int              (*set)(site_reader_t *reader,
                            const mta_sts_value_t *words, size_t n,
                            mta_sts_err_t *err);
} site_directive_t;


/* The contexts that are open, the innermost last. */

#define SITE_DEPTH_MAX  1024

typedef struct {
    site_context_e  context;
    int             generator;      /* a location that has one */
} site_open_t;

struct site_reader_s {
    site_t               *site;
    site_server_t        *current;  /* http's settings or a server's */
    int                   n_http;
    site_open_t           open[SITE_DEPTH_MAX];
    size_t                depth;
    const mta_sts_env_t  *env;
};


static int site_set_flag(site_reader_t *reader, const mta_sts_value_t *words,
    size_t n, mta_sts_err_t *err);
static int site_set_policy(site_reader_t *reader, const mta_sts_value_t *words,
    size_t n, mta_sts_err_t *err);
static int site_set_cache(site_reader_t *reader, const mta_sts_value_t *words,
    size_t n, mta_sts_err_t *err);
static int site_set_lua(site_reader_t *reader, const mta_sts_value_t *words,
    size_t n, mta_sts_err_t *err);
static int site_set_domains(site_reader_t *reader,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
static int site_set_generator(site_reader_t *reader,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err);
static int site_set_names(site_reader_t *reader, const mta_sts_value_t *words,
    size_t n, mta_sts_err_t *err);


static const site_block_t  site_blocks[] = {

    { { "http", 4 }, SITE_MAIN, NGINX_CONF_DIRECTIVES, SITE_HTTP },
    { { "events", 6 }, SITE_MAIN, NGINX_CONF_DIRECTIVES, SITE_EVENTS },
    { { "stream", 6 }, SITE_MAIN, NGINX_CONF_DIRECTIVES, SITE_FOREIGN },
    { { "mail", 4 }, SITE_MAIN, NGINX_CONF_DIRECTIVES, SITE_FOREIGN },

    { { "server", 6 }, SITE_HTTP, NGINX_CONF_DIRECTIVES, SITE_SERVER },
    { { "server", 6 }, SITE_FOREIGN, NGINX_CONF_DIRECTIVES, SITE_FOREIGN },
    { { "upstream", 8 }, SITE_HTTP|SITE_FOREIGN, NGINX_CONF_DIRECTIVES,
      SITE_UPSTREAM },
    { { "location", 8 }, SITE_SERVER|SITE_LOCATION, NGINX_CONF_DIRECTIVES,
      SITE_LOCATION },
    { { "if", 2 }, SITE_SERVER|SITE_LOCATION, NGINX_CONF_DIRECTIVES,
      SITE_INNER },
    { { "limit_except", 12 }, SITE_LOCATION, NGINX_CONF_DIRECTIVES,
      SITE_INNER },

    { { "map", 3 }, SITE_HTTP|SITE_FOREIGN, NGINX_CONF_DATA, SITE_FOREIGN },
    { { "geo", 3 }, SITE_HTTP|SITE_FOREIGN, NGINX_CONF_GEO, SITE_FOREIGN },
    { { "types", 5 }, SITE_ANY_HTTP, NGINX_CONF_DATA, SITE_FOREIGN },
    { { "split_clients", 13 }, SITE_HTTP|SITE_FOREIGN, NGINX_CONF_DATA,
      SITE_FOREIGN },
    { { "charset_map", 11 }, SITE_HTTP, NGINX_CONF_DATA, SITE_FOREIGN }
};

#define SITE_BLOCKS  (sizeof(site_blocks) / sizeof(site_blocks[0]))


static const site_directive_t  site_directives[] = {

    { { "mta_sts", 7 }, SITE_HTTP|SITE_SERVER, 1, 1, site_set_flag },
    { { "mta_sts_mode", 12 }, SITE_HTTP|SITE_SERVER, 1, 1, site_set_policy },
    { { "mta_sts_mx", 10 }, SITE_HTTP|SITE_SERVER, 1, SIZE_MAX,
      site_set_policy },
    { { "mta_sts_max_age", 15 }, SITE_HTTP|SITE_SERVER, 1, 1,
      site_set_policy },
    { { "mta_sts_tlsrpt_rua", 18 }, SITE_HTTP|SITE_SERVER, 1, SIZE_MAX,
      site_set_policy },
    { { "mta_sts_domains", 15 }, SITE_SERVER, 1, 1, site_set_domains },
    { { "mta_sts_certificate_cache", 25 }, SITE_HTTP|SITE_SERVER, 1, 3,
      site_set_cache },
    { { "mta_sts_generator", 17 }, SITE_LOCATION, 0, 0,
      site_set_generator },
    { { "ssl_certificate_by_lua_block", 28 }, SITE_HTTP|SITE_SERVER, 0, 0,
      site_set_lua },
    { { "ssl_certificate_by_lua_file", 27 }, SITE_HTTP|SITE_SERVER, 1, 1,
      site_set_lua },
    { { "server", 6 }, SITE_UPSTREAM, 1, SIZE_MAX, NULL },
    { { "server_name", 11 }, SITE_SERVER, 1, SIZE_MAX, site_set_names }
};

#define SITE_DIRECTIVES                                                       \
    (sizeof(site_directives) / sizeof(site_directives[0]))


static site_context_e
site_context(const site_reader_t *reader)
{
    return reader->open[reader->depth].context;
}


/* nginx's errors about a directive as a whole; what names the rule. */

static int
site_misplaced(const mta_sts_value_t *name, const char *what,
    mta_sts_err_t *err)
{
    return mta_sts_error(err, name->place, "\"%.*s\" directive %s",
                         MTA_STS_SHOW(name->text), what);
}


static int
site_invalid_number(const mta_sts_value_t *name, mta_sts_err_t *err)
{
    return mta_sts_error(err, name->place, "invalid number of arguments in "
                         "\"%.*s\" directive", MTA_STS_SHOW(name->text));
}


/*
 * Finds the block and the directive of that name in the current context, or
 * NULL.  A name that has neither is misplaced if it is known, and unknown if it
 * could only be ours; of all others nginx itself is the judge.
 */

static int
site_lookup(const site_reader_t *reader, const mta_sts_value_t *name,
    const site_block_t **block, const site_directive_t **directive,
    mta_sts_err_t *err)
{
    int     known, ours;
    size_t  i;

    *block = NULL;
    *directive = NULL;
    known = 0;

    for (i = 0; i < SITE_BLOCKS; i++) {
        if (mta_sts_str_eq(site_blocks[i].name, name->text)) {
            known = 1;

            if (site_blocks[i].contexts & site_context(reader)) {
                *block = &site_blocks[i];
            }
        }
    }

    for (i = 0; i < SITE_DIRECTIVES; i++) {
        if (mta_sts_str_eq(site_directives[i].name, name->text)) {
            known = 1;

            if (site_directives[i].contexts & site_context(reader)) {
                *directive = &site_directives[i];
            }
        }
    }

    if (*block || *directive) {
        return MTA_STS_OK;
    }

    /* a byte order mark hides the name of the first directive */

    ours = mta_sts_str_eq(name->text, mta_sts_str("mta_sts"))
           || mta_sts_str_starts(name->text, mta_sts_str("mta_sts_"))
           || mta_sts_str_starts(name->text, mta_sts_str("\xef\xbb\xbf"));

    if (known && (ours || site_context(reader) != SITE_FOREIGN)) {
        return site_misplaced(name, "is not allowed here", err);
    }

    if (ours) {
        return mta_sts_error(err, name->place, "unknown directive \"%.*s\"",
                             MTA_STS_SHOW(name->text));
    }

    return MTA_STS_OK;
}


static int
site_directive(void *ctx, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    site_reader_t *reader = ctx;

    const site_block_t      *block;
    const site_directive_t  *directive;

    if (site_lookup(reader, &words[0], &block, &directive, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (block && site_context(reader) != SITE_FOREIGN) {
        return mta_sts_error(err, words[0].place, "directive \"%.*s\" has no "
                             "opening \"{\"", MTA_STS_SHOW(words[0].text));
    }

    if (directive == NULL) {
        return MTA_STS_OK;
    }

    if (n - 1 < directive->min || n - 1 > directive->max) {
        return site_invalid_number(&words[0], err);
    }

    /* one that is nginx's alone sets nothing here */

    return directive->set ? directive->set(reader, words, n, err) : MTA_STS_OK;
}


/* Opens http or a server. */

static int
site_open(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    site_context_e context, mta_sts_err_t *err)
{
    site_t          *site;
    site_server_t   *server, **servers;

    if (n != 1) {
        return site_invalid_number(&words[0], err);
    }

    if (context == SITE_HTTP) {
        reader->current = &reader->site->http;

        return reader->n_http++ ? site_misplaced(&words[0], "is duplicate", err)
                                : MTA_STS_OK;
    }

    site = reader->site;

    servers = mta_sts_env_grow(reader->env, site->servers, site->n, &site->size,
                               sizeof(site_server_t *));
    if (servers == NULL) {
        return mta_sts_error_memory(err);
    }

    site->servers = servers;

    server = reader->env->alloc(reader->env->ctx, sizeof(site_server_t));
    if (server == NULL) {
        return mta_sts_error_memory(err);
    }

    memset(server, 0, sizeof(site_server_t));

    server->enable = -1;

    site->servers[site->n++] = server;
    reader->current = server;

    return MTA_STS_OK;
}


static int
site_block(void *ctx, const mta_sts_value_t *words, size_t n,
    nginx_conf_kind_e *kind, mta_sts_err_t *err)
{
    site_reader_t *reader = ctx;

    const site_block_t      *block;
    const site_directive_t  *directive;

    *kind = NGINX_CONF_UNKNOWN;

    if (site_lookup(reader, &words[0], &block, &directive, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (directive) {
        return mta_sts_error(err, words[0].place, "directive \"%.*s\" is not "
                             "terminated by \";\"",
                             MTA_STS_SHOW(words[0].text));
    }

    if (block == NULL) {
        return MTA_STS_OK;
    }

    *kind = block->kind;

    if (*kind != NGINX_CONF_DIRECTIVES) {
        return MTA_STS_OK;
    }

    if ((block->inside == SITE_HTTP || block->inside == SITE_SERVER)
        && site_open(reader, words, n, block->inside, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    /* the reader allows fewer blocks than there is room for */

    reader->depth++;
    reader->open[reader->depth].context = block->inside;
    reader->open[reader->depth].generator = 0;

    return MTA_STS_OK;
}


/*
 * nginx builds what is in http at its "}", so what is wrong with that comes
 * before what is wrong with the lines behind.
 */

static int
site_end(void *ctx, mta_sts_err_t *err)
{
    site_reader_t *reader = ctx;

    if (site_context(reader) == SITE_SERVER) {
        reader->current = &reader->site->http;
    }

    return reader->open[reader->depth--].context == SITE_HTTP
           ? site_build(reader->site, reader->env, err) : MTA_STS_OK;
}


static int
site_set_flag(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    (void) n;

    if (reader->current->enable != -1) {
        return site_misplaced(&words[0], "is duplicate", err);
    }

    if (mta_sts_str_caseeq(words[1].text, mta_sts_str("on"))) {
        reader->current->enable = 1;

    } else if (mta_sts_str_caseeq(words[1].text, mta_sts_str("off"))) {
        reader->current->enable = 0;

    } else {
        return mta_sts_error(err, words[1].place, "invalid value \"%.*s\" in "
                             "\"%.*s\" directive, it must be \"on\" or "
                             "\"off\"", MTA_STS_SHOW(words[1].text),
                             MTA_STS_SHOW(words[0].text));
    }

    return MTA_STS_OK;
}


static int
site_set_policy(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    mta_sts_value_t  name;

    name = words[0];
    name.text = mta_sts_str_after(name.text, sizeof("mta_sts_") - 1);

    return mta_sts_settings_set(&reader->current->settings, &name, &words[1],
                              n - 1, reader->env, err);
}


static int
site_set_domains(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    (void) n;

    if (reader->current->domains.text.data) {
        return site_misplaced(&words[0], "is duplicate", err);
    }

    reader->current->domains = words[1];

    return MTA_STS_OK;
}


static int
site_set_cache(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    if (reader->current->cache_set) {
        return site_misplaced(&words[0], "is duplicate", err);
    }

    reader->current->cache_set = 1;

    return mta_sts_cache_parse(&reader->current->cache, words, n, err);
}


static int
site_set_lua(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    (void) n;
    (void) err;

    reader->current->by_lua = words[0];

    return MTA_STS_OK;
}


static int
site_set_generator(site_reader_t *reader, const mta_sts_value_t *words,
    size_t n, mta_sts_err_t *err)
{
    (void) n;

    if (reader->open[reader->depth].generator) {
        return site_misplaced(&words[0], "is duplicate", err);
    }

    reader->open[reader->depth].generator = 1;

    return MTA_STS_OK;
}


static int
site_set_names(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (site_names_add(reader->current, &words[i], reader->env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
site_conf_read(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    site_reader_t      reader;
    nginx_conf_user_t  user;

    memset(&reader, 0, sizeof(site_reader_t));

    site->http.enable = -1;

    reader.site = site;
    reader.current = &site->http;
    reader.open[0].context = SITE_MAIN;
    reader.env = env;

    user.directive = site_directive;
    user.block = site_block;
    user.end = site_end;
    user.ctx = &reader;

    return nginx_conf_read(&site->source, &user, err);
}
