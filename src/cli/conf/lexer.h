/*
 * The text of one configuration file -> the words of one directive after the
 * other.
 */

#ifndef MTA_STS_CONF_LEXER_H
#define MTA_STS_CONF_LEXER_H


#include "base/base.h"


/* How a directive ends, or what stands in its place. */

typedef enum {
    LEXER_ERROR = -1,
    LEXER_DIRECTIVE,              /* ";" */
    LEXER_BLOCK,                  /* "{" */
    LEXER_BLOCK_END,              /* "}" */
    LEXER_FILE_END
} lexer_token_e;


typedef struct {
    mta_sts_str_t         file;   /* its name */
    mta_sts_str_t         text;
    size_t                pos;
    unsigned              line;
    size_t                line_start;

    size_t                start;  /* of the current token, for its length */
    mta_sts_place_t       token;

    /* the words of the last directive; n is 0 when there are none */

    mta_sts_value_t      *words;
    size_t                n;
    size_t                size;

    const mta_sts_env_t  *env;
} lexer_t;


/* text and file must outlive the lexer, and the words that it gives. */
void lexer_init(lexer_t *lexer, mta_sts_str_t file, mta_sts_str_t text,
    const mta_sts_env_t *env);

/*
 * Reads up to the next ";", "{", "}" or the end.  The array of words is used
 * again by the next call, their texts are not.
 */
lexer_token_e lexer_next(lexer_t *lexer, mta_sts_err_t *err);

/* Where the lexer stands: behind the last byte that it read. */
mta_sts_place_t lexer_place(const lexer_t *lexer);

/*
 * Skips Lua code behind the "{" that opened it, up to the "}" that closes it,
 * as the lua module reads *_by_lua_block.  Braces in Lua's strings and
 * comments do not count.
 */
int lexer_skip_lua(lexer_t *lexer, mta_sts_err_t *err);


#endif /* MTA_STS_CONF_LEXER_H */
