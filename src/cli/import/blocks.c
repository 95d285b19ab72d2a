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
    mta_sts_str_t         condition;  /* of the innermost "if" */
    conf_block_t         *http;       /* its children are the servers */
} blocks_t;


static int
blocks_is(const mta_sts_value_t *word, const char *name)
{
    return mta_sts_str_eq(word->text, mta_sts_str_from(name));
}


static int
blocks_directive(void *ctx, const mta_sts_value_t *words, size_t n,
    mta_sts_err_t *err)
{
    blocks_t *blocks = ctx;

    (void) err;

    if (blocks->block == NULL) {
        return MTA_STS_OK;
    }

    switch (blocks->open[blocks->depth]) {

    case BLOCKS_TYPES:
        conf_set_type(blocks->block, words, n);
        break;

    case BLOCKS_IF:
        conf_set_if(blocks->block, blocks->condition, words, n, blocks->env);
        break;

    default:
        conf_set(blocks->block, words, n, blocks->env);
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

    block->ssl = -1;
    block->enable = -1;
    block->place = place;
    block->parent = blocks->block ? blocks->block : blocks->http;

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


/* "($scheme = http)", without white space */

static mta_sts_str_t
blocks_condition(const blocks_t *blocks, const mta_sts_value_t *words, size_t n)
{
    size_t         i;
    mta_sts_buf_t  text = { blocks->env, NULL, 0, 0, 0 };

    for (i = 1; i < n; i++) {
        mta_sts_buf_add(&text, words[i].text);
    }

    return mta_sts_buf_str(&text);
}


/* For other methods than those in its line; with GET, nginx allows HEAD. */

static conf_block_t *
blocks_limit(blocks_t *blocks, const mta_sts_value_t *words, size_t n)
{
    size_t         i;
    conf_block_t  *block;

    block = blocks_open(blocks, words[0].place);
    block->kind = CONF_NAMED;

    for (i = 1; i < n; i++) {
        if (mta_sts_str_caseeq(words[i].text, mta_sts_str("GET"))) {
            return block;
        }
    }

    block->parent->limit = block;

    return block;
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
        blocks->condition = blocks_condition(blocks, words, n);

    } else if (blocks->block && blocks_is(&words[0], "limit_except")) {
        inside = BLOCKS_LIMIT;
        block = blocks_limit(blocks, words, n);

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
        block = blocks->http;
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
    case BLOCKS_LIMIT:
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
    blocks.http = blocks_open(&blocks, MTA_STS_NOWHERE);

    user.directive = blocks_directive;
    user.block = blocks_begin;
    user.end = blocks_end;
    user.ctx = &blocks;

    if (nginx_conf_read(source, &user, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* servers inherit also what comes after them */

    for (block = blocks.http->children; block; block = block->next) {
        server(ctx, block);
    }

    return MTA_STS_OK;
}
