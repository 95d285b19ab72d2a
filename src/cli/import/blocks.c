/*
 * nginx.conf -> servers and locations, with the directives that decide what is
 * answered.
 */

#include "conf.h"


/* What the inside of a block is. */

typedef enum {
    BLOCKS_MAIN = 0,
    BLOCKS_HTTP,
    BLOCKS_SERVER,
    BLOCKS_LOCATION,
    BLOCKS_IF,
    BLOCKS_LIMIT,
    BLOCKS_TYPES
} blocks_context_e;

#define BLOCKS_DEPTH  1024            /* the reader allows 1000 */


typedef struct {
    const mta_sts_env_t  *env;
    conf_block_t         *block;      /* the innermost, or NULL */
    blocks_context_e      open[BLOCKS_DEPTH];
    size_t                depth;
    conf_block_t          http;       /* its children are the servers */
} blocks_t;


/* Directives that answer instead of a file; those of other modules, too. */

static const mta_sts_str_t  blocks_content[] = {
    { "proxy_pass", 10 }, { "fastcgi_pass", 12 }, { "uwsgi_pass", 10 },
    { "scgi_pass", 9 }, { "grpc_pass", 9 }, { "memcached_pass", 14 },
    { "content_by_lua_block", 20 }, { "content_by_lua_file", 19 },
    { "content_by_lua", 14 }, { "js_content", 10 }, { "perl", 4 },
    { "echo", 4 }, { "empty_gif", 9 }, { "stub_status", 11 }
};

/* Directives that ask who it is. */

static const mta_sts_str_t  blocks_auth[] = {
    { "auth_basic", 10 }, { "auth_request", 12 }, { "auth_digest", 11 },
    { "auth_jwt", 8 }, { "auth_ldap", 9 }, { "auth_pam", 8 }
};

static const mta_sts_str_t  blocks_script[] = {
    { "return", 6 }, { "rewrite", 7 }, { "break", 5 }
};


static int
blocks_is(const mta_sts_value_t *word, const char *name)
{
    return mta_sts_str_eq(word->text, mta_sts_str_from(name));
}


static int
blocks_is_one(const mta_sts_value_t *word, const mta_sts_str_t *names, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (mta_sts_str_eq(word->text, names[i])) {
            return 1;
        }
    }

    return 0;
}

#define blocks_is_in(word, names)                                             \
    blocks_is_one(word, names, sizeof(names) / sizeof((names)[0]))


/* The reader's array of words is used again. */

static conf_line_t
blocks_line(const blocks_t *blocks, const mta_sts_value_t *words, size_t n)
{
    conf_line_t  line;

    line.n = n;
    line.words = blocks->env->alloc(blocks->env->ctx,
                                    n * sizeof(mta_sts_value_t));
    memcpy(line.words, words, n * sizeof(mta_sts_value_t));

    return line;
}


static void
blocks_add_script(blocks_t *blocks, const mta_sts_value_t *words, size_t n)
{
    conf_block_t  *block;

    block = blocks->block;

    block->script = mta_sts_env_grow(blocks->env, block->script,
                                     block->n_script, &block->script_size,
                                     sizeof(conf_line_t));
    block->script[block->n_script++] = blocks_line(blocks, words, n);
}


/* A line of "types": a type, and the ends of names that have it. */

static void
blocks_types(conf_block_t *block, const mta_sts_value_t *words, size_t n)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (mta_sts_str_caseeq(words[i].text, mta_sts_str("txt"))) {
            block->txt = words[0];
        }
    }
}


/* What decides whether senders can read the answer. */

static void
blocks_reach(blocks_t *blocks, const mta_sts_value_t *words, size_t n)
{
    conf_block_t  *block;

    block = blocks->block;

    if (blocks_is(&words[0], "allow") || blocks_is(&words[0], "deny")) {

        /* the first rule that matches decides */

        if (block->access.n == 0
            || !blocks_is(&block->access.words[1], "all"))
        {
            block->access = blocks_line(blocks, words, n);
        }

    } else if (blocks_is_in(&words[0], blocks_auth)) {
        block->auth = blocks_line(blocks, words, n);

    } else if (blocks_is(&words[0], "satisfy")) {
        block->satisfy = blocks_line(blocks, words, n);

    } else if (blocks_is(&words[0], "default_type")) {
        block->default_type = blocks_line(blocks, words, n);
    }
}


static void
blocks_server(blocks_t *blocks, const mta_sts_value_t *words, size_t n)
{
    size_t         i;
    conf_block_t  *server;

    server = blocks->block;

    if (blocks_is(&words[0], "server_name")) {
        for (i = 1; i < n; i++) {
            server->names = mta_sts_env_grow(blocks->env, server->names,
                                             server->n_names,
                                             &server->names_size,
                                             sizeof(mta_sts_value_t));
            server->names[server->n_names++] = words[i];
        }

    } else if (blocks_is(&words[0], "listen")) {
        for (i = 2; i < n; i++) {
            server->tls |= blocks_is(&words[i], "ssl")
                           || blocks_is(&words[i], "quic");
        }

    } else if (blocks_is(&words[0], "ssl") && n == 2) {
        server->tls |= blocks_is(&words[1], "on");

    } else if (mta_sts_str_starts(words[0].text, mta_sts_str("mta_sts_mx"))
               || mta_sts_str_starts(words[0].text,
                                     mta_sts_str("mta_sts_mode"))
               || mta_sts_str_starts(words[0].text,
                                     mta_sts_str("mta_sts_domains")))
    {
        server->module = 1;
    }
}


static int
blocks_directive(void *ctx, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    blocks_t *blocks = ctx;

    conf_block_t      *block;
    blocks_context_e   context;

    (void) err;

    block = blocks->block;
    context = blocks->open[blocks->depth];

    if (block == NULL || context == BLOCKS_LIMIT) {
        return MTA_STS_OK;
    }

    if (context == BLOCKS_TYPES) {
        blocks_types(block, words, n);
        return MTA_STS_OK;
    }

    if (context == BLOCKS_IF) {

        /* whether it is true, only a request shows */

        if (blocks_is_in(&words[0], blocks_script)
            || blocks_is_in(&words[0], blocks_content))
        {
            blocks_add_script(blocks, words, 1);
            block->script[block->n_script - 1].words[0].text =
                mta_sts_str("if");
        }

        return MTA_STS_OK;
    }

    if (blocks_is_in(&words[0], blocks_script)) {
        blocks_add_script(blocks, words, n);

    } else if (blocks_is_in(&words[0], blocks_content)) {
        block->content = blocks_line(blocks, words, n);

    } else if (blocks_is(&words[0], "try_files") && n > 2) {
        block->try_files = blocks_line(blocks, words, n);

    } else if ((blocks_is(&words[0], "root") || blocks_is(&words[0], "alias"))
               && n == 2)
    {
        block->root = blocks_line(blocks, words, n);

    } else if (n > 1) {
        blocks_reach(blocks, words, n);
    }

    if (context == BLOCKS_SERVER) {
        blocks_server(blocks, words, n);
    }

    return MTA_STS_OK;
}


/* "location [ = | ~ | ~* | ^~ ] uri", also without a space */

static int
blocks_location(blocks_t *blocks, const mta_sts_value_t *words, size_t n,
    conf_block_t *block, mta_sts_err_t *err)
{
    size_t          i, len;
    mta_sts_str_t   text;

    static const struct {
        mta_sts_str_t  sign;
        conf_kind_e    kind;
    } signs[] = {
        { { "=", 1 }, CONF_EXACT }, { { "^~", 2 }, CONF_STOP },
        { { "~*", 2 }, CONF_REGEX }, { { "~", 1 }, CONF_REGEX },
        { { "@", 1 }, CONF_NAMED }
    };

    block->kind = CONF_PREFIX;
    block->uri = words[n - 1];
    text = words[1].text;

    for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (mta_sts_str_starts(text, signs[i].sign)) {
            block->kind = signs[i].kind;
            len = signs[i].sign.len;

            if (n == 2) {
                block->uri.text = mta_sts_str_after(text, len);
            }

            break;
        }
    }

    if (block->kind != CONF_REGEX) {
        return MTA_STS_OK;
    }

    block->regex = regex_compile(&block->uri,
                                 mta_sts_str_starts(text, mta_sts_str("~*")),
                                 blocks->env, err);

    return block->regex ? MTA_STS_OK : MTA_STS_ERROR;
}


static conf_block_t *
blocks_open(blocks_t *blocks, mta_sts_place_t place)
{
    conf_block_t  *block;

    block = blocks->env->alloc(blocks->env->ctx, sizeof(conf_block_t));
    memset(block, 0, sizeof(conf_block_t));

    block->place = place;
    block->parent = blocks->block ? blocks->block : &blocks->http;

    return block;
}


/* How the inside of other blocks is read. */

static nginx_conf_kind_e
blocks_kind(const mta_sts_value_t *name)
{
    if (blocks_is(name, "map") || blocks_is(name, "geo")
        || blocks_is(name, "types"))
    {
        return NGINX_CONF_DATA;
    }

    return blocks_is(name, "split_clients") || blocks_is(name, "charset_map")
           ? NGINX_CONF_LINES : NGINX_CONF_UNKNOWN;
}


static int
blocks_begin(void *ctx, const mta_sts_value_t *words, size_t n,
    mta_sts_place_t brace, nginx_conf_kind_e *kind, mta_sts_err_t *err)
{
    blocks_t *blocks = ctx;

    conf_block_t      *block;
    blocks_context_e   context, inside;

    (void) brace;

    block = NULL;
    context = blocks->open[blocks->depth];

    *kind = NGINX_CONF_DIRECTIVES;

    if (context == BLOCKS_MAIN && blocks_is(&words[0], "http")) {
        inside = BLOCKS_HTTP;

    } else if (context <= BLOCKS_HTTP && blocks_is(&words[0], "server")) {
        inside = BLOCKS_SERVER;
        block = blocks_open(blocks, words[0].place);

    } else if ((context == BLOCKS_SERVER || context == BLOCKS_LOCATION)
               && blocks_is(&words[0], "location") && (n == 2 || n == 3))
    {
        inside = BLOCKS_LOCATION;
        block = blocks_open(blocks, words[0].place);

        if (blocks_location(blocks, words, n, block, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

    } else if (blocks->block && blocks_is(&words[0], "if")) {
        inside = BLOCKS_IF;

    } else if (blocks->block && blocks_is(&words[0], "limit_except")) {
        inside = BLOCKS_LIMIT;

    } else if (blocks->block && context < BLOCKS_IF
               && blocks_is(&words[0], "types"))
    {
        inside = BLOCKS_TYPES;
        blocks->block->types = 1;

    } else {
        *kind = blocks_kind(&words[0]);
        return MTA_STS_OK;
    }

    if (inside == BLOCKS_HTTP) {
        block = &blocks->http;
    }

    if (block) {
        blocks->block = block;
    }

    if (inside == BLOCKS_SERVER || inside == BLOCKS_LOCATION) {

        if (block->parent->last) {
            block->parent->last->next = block;

        } else {
            block->parent->children = block;
        }

        block->parent->last = block;
    }

    blocks->open[++blocks->depth] = inside;

    return MTA_STS_OK;
}


static int
blocks_end(void *ctx, mta_sts_err_t *err)
{
    blocks_t *blocks = ctx;

    conf_block_t  *block;

    (void) err;

    block = blocks->block;

    switch (blocks->open[blocks->depth--]) {

    case BLOCKS_SERVER:
    case BLOCKS_LOCATION:
        blocks->block = blocks->depth ? block->parent : NULL;
        break;

    case BLOCKS_HTTP:
        blocks->block = NULL;
        break;

    default:
        break;
    }

    return MTA_STS_OK;
}


int
conf_read(const source_t *source, const mta_sts_env_t *env,
    void (*server)(void *ctx, const conf_block_t *server), void *ctx,
    mta_sts_err_t *err)
{
    blocks_t             blocks;
    nginx_conf_user_t    user;
    const conf_block_t  *block;

    memset(&blocks, 0, sizeof(blocks_t));

    blocks.env = env;

    user.directive = blocks_directive;
    user.block = blocks_begin;
    user.end = blocks_end;
    user.ctx = &blocks;

    if (nginx_conf_read(source, &user, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* servers inherit also what comes after them */

    for (block = blocks.http.children; block; block = block->next) {
        server(ctx, block);
    }

    return MTA_STS_OK;
}
