/*
 * Where configuration files come from: the file system, or the output of
 * nginx -T.
 */

#ifndef MTA_STS_CONF_READER_H
#define MTA_STS_CONF_READER_H


#include "base/base.h"


typedef struct {
    mta_sts_str_t         name;
    mta_sts_str_t         text;
} source_file_t;


typedef struct {
    mta_sts_str_t         main;       /* the name of the first file */
    mta_sts_str_t         prefix;     /* of relative names, with its "/" */

    source_file_t        *files;      /* what came from standard input */
    size_t                n;
    int                   dump;       /* includes are looked up in files */

    const mta_sts_env_t  *env;
} source_t;


/*
 * A file name as open() takes it; relative names in it are relative to its
 * folder.  Or "-" for standard input: the output of nginx -T, where other files
 * are looked up, or else one text.
 *
 * Errors: as source_read(); standard input is empty.
 */
int source_init(source_t *source, mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * A source of nothing but the file "stdin", which is standard input.
 *
 * Errors: as source_init().
 */
int source_init_stdin(source_t *source, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Makes name full, as includes are: data is NULL when memory ran out. */
mta_sts_str_t source_full_name(const source_t *source, mta_sts_str_t name);

/*
 * Gives the text of a file, in env's memory.  What is wrong is blamed on
 * place, that of the include.
 *
 * Errors: open() or read() "NAME" failed (ERRNO: TEXT); file "NAME" is not in
 * the output of nginx -T; out of memory.
 */
int source_read(const source_t *source, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_str_t *text, mta_sts_err_t *err);

/*
 * The same for a domains file, to be freed with mta_sts_file_free().
 *
 * Errors: as source_read(), and those of mta_sts_file_read().
 */
int source_open(const source_t *source, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_file_t *file, mta_sts_err_t *err);

/*
 * Gives the names that the argument of an include stands for: itself, made
 * absolute by the prefix, or, with wildcards allowed and "*", "?" or "[" in it,
 * those of the files that match, none included, sorted.
 *
 * Errors: glob() "PATTERN" failed; out of memory.
 */
int source_names(const source_t *source, const mta_sts_value_t *include,
    int wildcards, mta_sts_str_t **names, size_t *n, mta_sts_err_t *err);


/*
 * nginx.conf -> words and blocks, by the rules of nginx's own reader
 * (src/core/ngx_conf_file.c, 1.22.1).
 *
 * The reader follows includes, hands each directive to its user, and leaves
 * out what is no configuration: Lua code, and the lines of blocks such as map
 * and types, which are data.
 */


/* How the inside of a block is to be read. */

typedef enum {
    NGINX_CONF_DIRECTIVES = 0,    /* directives, includes and blocks */
    NGINX_CONF_DATA,              /* lines of data, and includes of them */
    NGINX_CONF_GEO,               /* the same, without wildcards in includes */
    NGINX_CONF_UNKNOWN            /* read for its braces alone */
} nginx_conf_kind_e;


/*
 * What is called for each directive.  words has n elements, the first is the
 * name; texts and places live in the reader's memory.
 *
 *     directive   "name word ... ;"
 *     block       "name word ... {"; says in *kind how to read the inside
 *     end         the "}" of a block whose inside was DIRECTIVES
 *
 * Lines of DATA, GEO and UNKNOWN blocks are handed to nobody.  Each returns
 * MTA_STS_OK, or MTA_STS_ERROR with err filled, which ends the reading.
 */

typedef struct {
    int   (*directive)(void *ctx, const mta_sts_value_t *words, size_t n,
                       mta_sts_err_t *err);
    int   (*block)(void *ctx, const mta_sts_value_t *words, size_t n,
                   nginx_conf_kind_e *kind, mta_sts_err_t *err);
    int   (*end)(void *ctx, mta_sts_err_t *err);
    void   *ctx;
} nginx_conf_user_t;


/*
 * Reads the first file of a source and what it includes.
 *
 * Errors, with file, line and column: those of nginx for its syntax, in its
 * words; a file that cannot be read; includes nested too deep; out of memory.
 */
int nginx_conf_read(const source_t *source, const nginx_conf_user_t *user,
    mta_sts_err_t *err);


#endif /* MTA_STS_CONF_READER_H */
