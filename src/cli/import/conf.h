/*
 * What an nginx.conf answers for a policy by hand: its servers and locations,
 * as far as they matter for this.
 */

#ifndef MTA_STS_IMPORT_CONF_H
#define MTA_STS_IMPORT_CONF_H


#include "cli/conf/nginx_conf.h"
#include "import.h"


#define CONF_URI  "/.well-known/mta-sts.txt"


typedef enum {
    CONF_SERVER = 0,                  /* or http, outside of all locations */
    CONF_EXACT,                       /* = URI */
    CONF_PREFIX,                      /* URI */
    CONF_STOP,                        /* ^~ URI */
    CONF_REGEX,                       /* ~ and ~* */
    CONF_NAMED                        /* @name */
} conf_kind_e;


/* A directive: its words, in the reader's memory. */

typedef struct {
    mta_sts_value_t   *words;
    size_t             n;
} conf_line_t;


/* A server or a location. */

typedef struct conf_block_s  conf_block_t;

struct conf_block_s {
    conf_kind_e        kind;
    mta_sts_value_t    uri;           /* of a location */
    void              *regex;
    mta_sts_place_t    place;

    conf_line_t       *script;        /* return, rewrite, if, break: in order */
    size_t             n_script;
    size_t             script_size;
    conf_line_t        content;       /* proxy_pass and its like */
    conf_line_t        try_files;
    conf_line_t        root;          /* or alias */
    conf_line_t        access;        /* allow or deny: of all, or the last */
    conf_line_t        auth;          /* auth_basic and its like */
    conf_line_t        satisfy;
    conf_line_t        default_type;
    int                types;         /* there is a block of them */
    mta_sts_value_t    txt;           /* the one of *.txt in it, or empty */

    conf_block_t      *parent;        /* or NULL */
    conf_block_t      *children;      /* locations in it, in order */
    conf_block_t      *last;
    conf_block_t      *next;

    /* of a server */

    mta_sts_value_t   *names;
    size_t             n_names;
    size_t             names_size;
    int                tls;
    int                module;        /* has directives of the module */
};


/* What a block answers for a policy host: a text, or why there is none. */

typedef struct {
    mta_sts_str_t      text;
    mta_sts_place_t    place;         /* of the directive that answers */
    int                found;
    unsigned           hidden;        /* bits: what keeps senders from it */
    mta_sts_err_t      fault;         /* where nothing was found, or hidden */
} conf_answer_t;


/*
 * Reads the first file of a source and what it includes, and then calls
 * server() for each server of http, or of the file itself.  Memory is env's.
 *
 * Errors: those of nginx_conf_read() and regex_compile().
 */
int conf_read(const source_t *source, const mta_sts_env_t *env,
    void (*server)(void *ctx, const conf_block_t *server), void *ctx,
    mta_sts_err_t *err);

/*
 * Finds what a server answers for CONF_URI with the Host of a policy host.
 * prefix is what relative roots are relative to, or empty.
 */
void conf_answer(const conf_block_t *server, mta_sts_str_t host,
    mta_sts_str_t prefix, const mta_sts_env_t *env, conf_answer_t *answer);

/*
 * Gives the bits of what keeps senders from the answer of a block to uri, and
 * fills *why; or 0.  file: whether it is that of a file.
 */
unsigned conf_reach(const conf_block_t *block, mta_sts_str_t uri, int file,
    const mta_sts_env_t *env, mta_sts_err_t *why);


#endif /* MTA_STS_IMPORT_CONF_H */
