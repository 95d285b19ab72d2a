/*
 * nginx.conf -> words and blocks, by the rules of nginx's own reader
 * (src/core/ngx_conf_file.c, 1.22.1).
 *
 * The reader follows includes, hands each directive to its user, and leaves
 * out what is no configuration: Lua code, and the lines of blocks such as map
 * and types, which are data.
 */

#ifndef MTA_STS_NGINX_CONF_H
#define MTA_STS_NGINX_CONF_H


#include "source.h"


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


#endif /* MTA_STS_NGINX_CONF_H */
