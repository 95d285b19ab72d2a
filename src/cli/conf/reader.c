/*
 * Blocks and includes: ngx_conf_parse() and ngx_conf_include() of nginx.
 */

#include "nginx_conf.h"


/*
 * nginx has no such limits: it runs out of file descriptors when a file
 * includes itself, and out of stack when blocks are nested without end.
 */

#define READER_INCLUDES_MAX  200
#define READER_BLOCKS_MAX    1000


typedef struct {
    const source_t           *source;
    const nginx_conf_user_t  *user;
    unsigned                  includes;
    unsigned                  blocks;
} reader_t;


static int reader_block(reader_t *reader, lexer_t *lexer,
    nginx_conf_kind_e kind, int braces, mta_sts_err_t *err);


static int
reader_file(reader_t *reader, mta_sts_str_t name, mta_sts_place_t place,
    nginx_conf_kind_e kind, mta_sts_err_t *err)
{
    lexer_t         lexer;
    mta_sts_str_t   text;

    if (source_read(reader->source, name, place, &text, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    lexer_init(&lexer, name, text, reader->source->env);

    return reader_block(reader, &lexer, kind, 0, err);
}


/* In a block that is not known, an include is not read. */

static int
reader_use(const reader_t *reader, const mta_sts_value_t *include,
    mta_sts_err_t *err)
{
    size_t          i, n;
    mta_sts_str_t  *names;

    if (!reader->source->dump) {
        return MTA_STS_OK;
    }

    if (source_names(reader->source, include, 1, &names, &n, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < n; i++) {
        source_use(reader->source, names[i]);
    }

    return MTA_STS_OK;
}


static int
reader_include(reader_t *reader, const lexer_t *lexer, nginx_conf_kind_e kind,
    mta_sts_err_t *err)
{
    size_t           i, n;
    mta_sts_str_t   *names;
    mta_sts_value_t  include;

    if (lexer->n != 2) {
        return mta_sts_error(err, lexer->words[0].place, "invalid number of "
                             "arguments in \"include\" directive");
    }

    include = lexer->words[1];

    if (reader->includes == READER_INCLUDES_MAX) {
        return mta_sts_error(err, include.place, "includes are nested more "
                             "than %d deep", READER_INCLUDES_MAX);
    }

    if (source_names(reader->source, &include, 1, &names, &n, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    reader->includes++;

    for (i = 0; i < n; i++) {
        if (reader_file(reader, names[i], include.place, kind, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    reader->includes--;

    return MTA_STS_OK;
}


/* "name word ... {" in a block of directives or in an unknown block. */

static int
reader_nested(reader_t *reader, lexer_t *lexer, nginx_conf_kind_e kind,
    mta_sts_err_t *err)
{
    nginx_conf_kind_e         inside;
    const nginx_conf_user_t  *user;

    user = reader->user;

    if (mta_sts_str_ends(lexer->words[0].text, mta_sts_str("_by_lua_block"))) {

        if (kind == NGINX_CONF_DIRECTIVES
            && user->directive(user->ctx, lexer->words, lexer->n, err)
               != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        return lexer_skip_lua(lexer, err);
    }

    if (reader->blocks == READER_BLOCKS_MAX) {
        return mta_sts_error(err, lexer->words[0].place, "blocks are nested "
                             "more than %d deep", READER_BLOCKS_MAX);
    }

    inside = NGINX_CONF_UNKNOWN;

    if (kind == NGINX_CONF_DIRECTIVES
        && user->block(user->ctx, lexer->words, lexer->n, lexer_place(lexer),
                       &inside, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    reader->blocks++;

    if (reader_block(reader, lexer, inside, 1, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    reader->blocks--;

    return inside == NGINX_CONF_DIRECTIVES ? user->end(user->ctx, err)
                                           : MTA_STS_OK;
}


static int
reader_directive(reader_t *reader, lexer_t *lexer, lexer_token_e token,
    nginx_conf_kind_e kind, mta_sts_err_t *err)
{
    int                       include;
    const nginx_conf_user_t  *user;

    include = mta_sts_str_eq(lexer->words[0].text, mta_sts_str("include"));

    if (token == LEXER_BLOCK) {

        if (kind == NGINX_CONF_DATA || kind == NGINX_CONF_LINES) {
            return mta_sts_error(err, lexer_place(lexer), "unexpected \"{\"");
        }

        if (include && kind == NGINX_CONF_DIRECTIVES) {
            return mta_sts_error(err, lexer->words[0].place, "directive "
                                 "\"include\" is not terminated by \";\"");
        }

        return reader_nested(reader, lexer, kind, err);
    }

    if (include && (kind == NGINX_CONF_DIRECTIVES || kind == NGINX_CONF_DATA)) {
        return reader_include(reader, lexer, kind, err);
    }

    if (include && kind == NGINX_CONF_UNKNOWN && lexer->n == 2) {
        return reader_use(reader, &lexer->words[1], err);
    }

    if (kind == NGINX_CONF_DIRECTIVES) {
        user = reader->user;
        return user->directive(user->ctx, lexer->words, lexer->n, err);
    }

    return MTA_STS_OK;
}


/* Reads up to the end of the file, or with braces, up to the "}". */

static int
reader_block(reader_t *reader, lexer_t *lexer, nginx_conf_kind_e kind,
    int braces, mta_sts_err_t *err)
{
    lexer_token_e  token;

    for ( ;; ) {
        token = lexer_next(lexer, err);

        switch (token) {

        case LEXER_ERROR:
            return MTA_STS_ERROR;

        case LEXER_BLOCK_END:
            if (!braces) {
                return mta_sts_error(err, lexer_place(lexer),
                                     "unexpected \"}\"");
            }

            return MTA_STS_OK;

        case LEXER_FILE_END:
            if (braces) {
                return mta_sts_error(err, lexer_place(lexer), "unexpected "
                                     "end of file, expecting \"}\"");
            }

            return MTA_STS_OK;

        default: /* LEXER_DIRECTIVE, LEXER_BLOCK */
            if (reader_directive(reader, lexer, token, kind, err)
                != MTA_STS_OK)
            {
                return MTA_STS_ERROR;
            }
        }
    }
}


int
nginx_conf_read(const source_t *source, const nginx_conf_user_t *user,
    mta_sts_err_t *err)
{
    reader_t         reader;

    memset(&reader, 0, sizeof(reader_t));

    reader.source = source;
    reader.user = user;

    return reader_file(&reader, source->main, MTA_STS_NOWHERE,
                       NGINX_CONF_DIRECTIVES, err);
}
