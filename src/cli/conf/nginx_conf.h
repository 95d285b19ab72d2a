/*
 * nginx.conf: from files to words, from words to directives and blocks, by the
 * rules of nginx's own reader (src/core/ngx_conf_file.c, 1.22.1).  What the
 * directives mean is for directives.c.
 */

#ifndef MTA_STS_CONF_NGINX_CONF_H
#define MTA_STS_CONF_NGINX_CONF_H


#include "base/base.h"


/* Source: where files come from, the file system or the output of nginx -T. */

typedef struct {
    mta_sts_str_t         name;
    mta_sts_str_t         text;
    unsigned              line;       /* of its mark */
    int                   used;
} source_file_t;


typedef struct {
    mta_sts_str_t         main;       /* the name of the first file */
    mta_sts_str_t         prefix;     /* of relative names, with its "/" */

    source_file_t        *files;      /* the files of standard input */
    size_t                n;
    int                   dump;       /* there is no file but those */

    const mta_sts_env_t  *env;
} source_t;


/*
 * name is a file name as for open(); or "-" for standard input, which is the
 * output of nginx -T or the text of one file.  Relative names in the file are
 * relative to its folder, or to prefix if that is the root folder, as with
 * nginx.
 *
 * Errors: those of source_read(); standard input is empty; a line that begins
 * as a mark of nginx -T has no absolute name, or one that came before.
 */
int source_init(source_t *source, mta_sts_str_t name, mta_sts_str_t prefix,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Makes a source whose only file, "stdin", is standard input.
 *
 * Errors: as source_init().
 */
int source_init_stdin(source_t *source, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Makes a relative name absolute by the prefix, as for an include. */
mta_sts_str_t source_full_name(const source_t *source, mta_sts_str_t name);

/*
 * Gives the text of a file, in env's memory.  Errors have the given place, that
 * of the include.
 *
 * Errors: open() or read() "NAME" failed (ERRNO: TEXT); file "NAME" is not in
 * the output of nginx -T.
 */
int source_read(const source_t *source, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_str_t *text, mta_sts_err_t *err);

/* Is a file in the output of nginx -T?  It counts as included. */
int source_has(const source_t *source, mta_sts_str_t name);

/* Notes that something includes a file, without reading it. */
void source_use(const source_t *source, mta_sts_str_t name);

/*
 * To be called when all includes were followed.
 *
 * Errors: nothing includes "NAME", at its mark in the output of nginx -T.
 */
int source_end(const source_t *source, mta_sts_err_t *err);

/*
 * The same for a domains file, to be freed with mta_sts_file_free().
 *
 * Errors: as source_read(), and those of mta_sts_file_read().
 */
int source_open(const source_t *source, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_file_t *file, mta_sts_err_t *err);

/*
 * Gives the files that the argument of an include names: one file, or, where
 * wildcards are allowed and the argument has "*", "?" or "[", the files that
 * match, sorted, which may be none.  All names are absolute.
 *
 * Errors: glob() "PATTERN" failed.
 */
int source_names(const source_t *source, const mta_sts_value_t *include,
    int wildcards, mta_sts_str_t **names, size_t *n, mta_sts_err_t *err);


/* Regexes, in env's memory. */


/*
 * Compiles a regex; follows ngx_regex_compile().  Returns NULL with an error:
 * pcre2_compile() failed: TEXT in "REGEX" at "REST".
 */
void *regex_compile(const mta_sts_value_t *value, int caseless,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* Does a regex of regex_compile() match a text? */
int regex_match(void *regex, mta_sts_str_t text);


/* Lexer: the text of one file -> the words of each directive. */

/* What follows the words. */

typedef enum {
    LEXER_ERROR = -1,
    LEXER_DIRECTIVE,              /* ";" */
    LEXER_BLOCK,                  /* "{" */
    LEXER_BLOCK_END,              /* "}", without words */
    LEXER_FILE_END
} lexer_token_e;


typedef struct {
    mta_sts_str_t         file;   /* its name */
    mta_sts_str_t         text;
    size_t                pos;
    unsigned              line;
    unsigned              column; /* of the last byte read, in characters */

    size_t                start;  /* of the current token, for its length */
    mta_sts_place_t       token;

    mta_sts_value_t      *words;  /* of the last directive */
    size_t                n;
    size_t                size;

    const mta_sts_env_t  *env;
} lexer_t;


/* text and file must outlive the lexer and its words. */
void lexer_init(lexer_t *lexer, mta_sts_str_t file, mta_sts_str_t text,
    const mta_sts_env_t *env);

/*
 * Reads up to the next ";", "{", "}" or the end.  The next call reuses the
 * array of words, but not their texts.
 */
lexer_token_e lexer_next(lexer_t *lexer, mta_sts_err_t *err);

/* The place of the last byte that was read. */
mta_sts_place_t lexer_place(const lexer_t *lexer);

/* Reads the next byte, which must exist, and counts line and column. */
char lexer_advance(lexer_t *lexer);

/*
 * Skips Lua code after its "{", up to the "}" that closes it, as the lua module
 * reads *_by_lua_block.  Braces in Lua's strings and comments do not count.
 */
int lexer_skip_lua(lexer_t *lexer, mta_sts_err_t *err);


/*
 * Reader: follows includes, gives each directive and block to its user, and
 * skips what is no configuration: Lua code, and blocks of data such as map.
 */

/* How the inside of a block is read. */

typedef enum {
    NGINX_CONF_DIRECTIVES = 0,    /* directives, includes and blocks */
    NGINX_CONF_DATA,              /* lines of data, and includes of them */
    NGINX_CONF_LINES,             /* lines of data */
    NGINX_CONF_UNKNOWN            /* read for its braces only */
} nginx_conf_kind_e;


/*
 * What is called for each directive.  words has n elements, the first is the
 * name; texts and places are in the reader's memory.
 *
 *     directive   "name word ... ;"
 *     block       "name word ... {" at brace; sets *kind for the inside
 *     end         the "}" of a block whose inside was DIRECTIVES
 *
 * Each returns MTA_STS_OK, or MTA_STS_ERROR with err filled, which ends the
 * reading.
 */

typedef struct {
    int   (*directive)(void *ctx, const mta_sts_value_t *words, size_t n,
                       mta_sts_err_t *err);
    int   (*block)(void *ctx, const mta_sts_value_t *words, size_t n,
                   mta_sts_place_t brace, nginx_conf_kind_e *kind,
                   mta_sts_err_t *err);
    int   (*end)(void *ctx, mta_sts_err_t *err);
    void   *ctx;
} nginx_conf_user_t;


/*
 * Reads the first file of a source and what it includes.
 *
 * Errors, with file, line and column: nginx's own for its syntax; a file that
 * cannot be read; includes or blocks are nested too deep.
 */
int nginx_conf_read(const source_t *source, const nginx_conf_user_t *user,
    mta_sts_err_t *err);


#endif /* MTA_STS_CONF_NGINX_CONF_H */
