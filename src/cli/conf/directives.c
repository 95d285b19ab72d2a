/*
 * Directives -> servers: which directives the helper knows, where they are
 * allowed and what they set.  The rules are those of ngx_conf_handler() and
 * ngx_http_core_module of nginx 1.22.1.
 */

#include "nginx_conf.h"
#include "site.h"


/* Where a directive is. */

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


typedef struct site_reader_s  site_reader_t;

/* A block has inside and kind, a directive the number of its arguments. */

typedef struct {
    mta_sts_str_t      name;
    unsigned           contexts;
    site_context_e     inside;
    nginx_conf_kind_e  kind;
    size_t             min;
    size_t             max;
    site_set_pt        set;
} site_directive_t;


/* The open contexts, the innermost last. */

#define SITE_DEPTH_MAX  1024

typedef struct {
    site_context_e  context;
    int             generator;      /* a location that has one */
} site_open_t;

struct site_reader_s {
    site_t               *site;
    site_server_t        *current;  /* the settings of http or of a server */
    int                   n_http;
    site_open_t           open[SITE_DEPTH_MAX];
    size_t                depth;
    const mta_sts_env_t  *env;
};


#define site_block(name, contexts, inside, kind)                              \
    { { name, sizeof(name) - 1 }, contexts, inside, kind, 0, 0, NULL }

#define site_line(name, contexts, min, max, set)                              \
    { { name, sizeof(name) - 1 }, contexts, 0, 0, min, max, set }

static const site_directive_t  site_directives[] = {

    site_block("http", SITE_MAIN, SITE_HTTP, NGINX_CONF_DIRECTIVES),
    site_block("events", SITE_MAIN, SITE_EVENTS, NGINX_CONF_DIRECTIVES),
    site_block("stream", SITE_MAIN, SITE_FOREIGN, NGINX_CONF_DIRECTIVES),
    site_block("mail", SITE_MAIN, SITE_FOREIGN, NGINX_CONF_DIRECTIVES),

    site_block("server", SITE_HTTP, SITE_SERVER, NGINX_CONF_DIRECTIVES),
    site_block("server", SITE_FOREIGN, SITE_FOREIGN, NGINX_CONF_DIRECTIVES),
    site_block("upstream", SITE_HTTP|SITE_FOREIGN, SITE_UPSTREAM,
               NGINX_CONF_DIRECTIVES),
    site_block("location", SITE_SERVER|SITE_LOCATION, SITE_LOCATION,
               NGINX_CONF_DIRECTIVES),
    site_block("if", SITE_SERVER|SITE_LOCATION, SITE_INNER,
               NGINX_CONF_DIRECTIVES),
    site_block("limit_except", SITE_LOCATION, SITE_INNER,
               NGINX_CONF_DIRECTIVES),

    site_block("map", SITE_HTTP|SITE_FOREIGN, SITE_FOREIGN, NGINX_CONF_DATA),
    site_block("geo", SITE_HTTP|SITE_FOREIGN, SITE_FOREIGN, NGINX_CONF_DATA),
    site_block("types", SITE_ANY_HTTP, SITE_FOREIGN, NGINX_CONF_DATA),
    site_block("split_clients", SITE_HTTP|SITE_FOREIGN, SITE_FOREIGN,
               NGINX_CONF_LINES),
    site_block("charset_map", SITE_HTTP, SITE_FOREIGN, NGINX_CONF_LINES),

    site_line("mta_sts", SITE_HTTP|SITE_SERVER, 1, 1, site_set_flag),
    site_line("mta_sts_mode", SITE_HTTP|SITE_SERVER, 1, 1, site_set_policy),
    site_line("mta_sts_mx", SITE_HTTP|SITE_SERVER, 1, SIZE_MAX,
              site_set_policy),
    site_line("mta_sts_max_age", SITE_HTTP|SITE_SERVER, 1, 1,
              site_set_policy),
    site_line("mta_sts_tlsrpt_rua", SITE_HTTP|SITE_SERVER, 1, SIZE_MAX,
              site_set_policy),
    site_line("mta_sts_certificate_cache", SITE_HTTP|SITE_SERVER, 1, 3,
              site_set_cache),
    site_line("mta_sts_domains", SITE_SERVER, 1, 1, site_set_domains),
    site_line("mta_sts_state", SITE_HTTP, 1, 1, site_set_state),
    site_line("mta_sts_generator", SITE_LOCATION, 0, 0, site_set_generator),
    site_line("mta_sts_reports", SITE_LOCATION, 1, SIZE_MAX, NULL),
    site_line("mta_sts_status", SITE_LOCATION, 0, 1, NULL),

    site_line("ssl_certificate_by_lua_block", SITE_HTTP|SITE_SERVER, 0, 0,
              site_set_lua),
    site_line("ssl_certificate_by_lua_file", SITE_HTTP|SITE_SERVER, 1, 1,
              site_set_lua),

    site_line("server", SITE_UPSTREAM, 1, SIZE_MAX, NULL),
    site_line("server_name", SITE_SERVER, 1, SIZE_MAX, site_set_names),

    /* what is wrong with these, nginx -t reports */

    site_line("listen", SITE_SERVER, 0, SIZE_MAX, site_set_listen),
    site_line("ssl", SITE_HTTP|SITE_SERVER, 0, SIZE_MAX, site_set_tls),
    site_line("ssl_certificate", SITE_HTTP|SITE_SERVER, 0, SIZE_MAX,
              site_set_certificate),
    site_line("ssl_reject_handshake", SITE_HTTP|SITE_SERVER, 0, SIZE_MAX,
              site_set_tls),
    site_line("ssl_verify_client", SITE_HTTP|SITE_SERVER, 0, SIZE_MAX,
              site_set_tls)
};

#define SITE_DIRECTIVES                                                       \
    (sizeof(site_directives) / sizeof(site_directives[0]))


static site_context_e
site_context(const site_reader_t *reader)
{
    return reader->open[reader->depth].context;
}


/* nginx's errors about a directive as a whole: "NAME" directive WHAT. */

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
 * Finds the directive of that name in the current context, or NULL for one that
 * the helper does not know: about those, nginx -t is the judge.
 *
 * Errors: the directive is not allowed here; it is unknown, though its name
 * begins with "mta_sts" or with a byte order mark; it must or must not have a
 * block.
 */

static int
site_lookup(const site_reader_t *reader, const mta_sts_value_t *name,
    int block, const site_directive_t **directive, mta_sts_err_t *err)
{
    int                      known, ours;
    const site_directive_t  *d;

    *directive = NULL;
    known = 0;

    for (d = site_directives; d < site_directives + SITE_DIRECTIVES; d++) {

        if (!mta_sts_str_eq(d->name, name->text)) {
            continue;
        }

        known = 1;

        if (!(d->contexts & site_context(reader))) {
            continue;
        }

        *directive = d;

        if (block && !d->inside) {
            return mta_sts_error(err, name->place, "directive \"%.*s\" is not "
                                 "terminated by \";\"",
                                 MTA_STS_SHOW(name->text));
        }

        if (!block && d->inside && site_context(reader) != SITE_FOREIGN) {
            return mta_sts_error(err, name->place, "directive \"%.*s\" has no "
                                 "opening \"{\"", MTA_STS_SHOW(name->text));
        }

        return MTA_STS_OK;
    }

    ours = mta_sts_str_eq(name->text, mta_sts_str("mta_sts"))
           || mta_sts_str_starts(name->text, mta_sts_str("mta_sts_"))
           || mta_sts_str_starts(name->text, mta_sts_str("\xef\xbb\xbf"));

    if (known && (ours || site_context(reader) != SITE_FOREIGN)) {
        reader->site->partial = site_context(reader) == SITE_MAIN
                                && mta_sts_str_eq(name->place.file,
                                                  reader->site->file);
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

    const site_directive_t  *directive;

    if (site_lookup(reader, &words[0], 0, &directive, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (directive == NULL || directive->inside) {
        return MTA_STS_OK;
    }

    if (n - 1 < directive->min || n - 1 > directive->max) {
        return site_invalid_number(&words[0], err);
    }

    if (directive->set == NULL) {
        return MTA_STS_OK;
    }

    reader->current->generator = &reader->open[reader->depth].generator;

    return directive->set(reader->site, reader->current, words, n, err);
}


/* Opens http or a server. */

static int
site_open(site_reader_t *reader, const mta_sts_value_t *words, size_t n,
    mta_sts_place_t brace, site_context_e context, mta_sts_err_t *err)
{
    if (n != 1) {
        return site_invalid_number(&words[0], err);
    }

    if (context == SITE_SERVER) {
        reader->current = site_add_server(reader->site, reader->env);
        reader->current->place = brace;
        return MTA_STS_OK;
    }

    reader->current = &reader->site->http;

    return reader->n_http++ ? site_misplaced(&words[0], "is duplicate", err)
                            : MTA_STS_OK;
}


static int
site_begin(void *ctx, const mta_sts_value_t *words, size_t n,
    mta_sts_place_t brace, nginx_conf_kind_e *kind, mta_sts_err_t *err)
{
    site_reader_t *reader = ctx;

    const site_directive_t  *block;

    *kind = NGINX_CONF_UNKNOWN;

    if (site_lookup(reader, &words[0], 1, &block, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (block == NULL) {
        return MTA_STS_OK;
    }

    *kind = block->kind;

    if (*kind != NGINX_CONF_DIRECTIVES) {
        return MTA_STS_OK;
    }

    if ((block->inside == SITE_HTTP || block->inside == SITE_SERVER)
        && site_open(reader, words, n, brace, block->inside, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    /* the reader refuses to nest blocks deeper than the array */

    reader->depth++;
    reader->open[reader->depth].context = block->inside;
    reader->open[reader->depth].generator = 0;

    return MTA_STS_OK;
}


/*
 * nginx builds servers at the "}" of http, so their errors come before those of
 * the lines after it.
 */

static int
site_end(void *ctx, mta_sts_err_t *err)
{
    site_reader_t *reader = ctx;

    if (site_context(reader) == SITE_SERVER) {
        site_end_listen(reader->site, reader->current);
        reader->current = &reader->site->http;
    }

    return reader->open[reader->depth--].context == SITE_HTTP
           ? site_build(reader->site, reader->env, err) : MTA_STS_OK;
}


int
site_conf_read(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    site_reader_t      reader;
    nginx_conf_user_t  user;

    memset(&reader, 0, sizeof(site_reader_t));

    site->http.enable = -1;
    site->http.ssl = -1;
    site->http.reject = -1;
    site->http.certificate = -1;
    site->http.verify = -1;

    reader.site = site;
    reader.current = &site->http;
    reader.open[0].context = SITE_MAIN;
    reader.env = env;

    user.directive = site_directive;
    user.block = site_begin;
    user.end = site_end;
    user.ctx = &reader;

    return nginx_conf_read(&site->source, &user, err);
}
