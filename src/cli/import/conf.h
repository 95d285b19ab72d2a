/*
 * What an nginx.conf answers for a policy by hand: its servers and locations,
 * as far as they matter for this.
 */

#ifndef MTA_STS_IMPORT_CONF_H
#define MTA_STS_IMPORT_CONF_H


#include "cli/conf/site.h"
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
    mta_sts_str_t      condition;     /* of an "if" that it is in */
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
    conf_line_t        internal;
    conf_line_t        hook;          /* changes answers of any type */
    conf_line_t        filter;        /* changes those of some types */
    int                filters_text;  /* text/plain is one of them */
    conf_line_t        symlinks;      /* disable_symlinks */
    int                types;         /* there is a block of them */
    mta_sts_value_t    txt;           /* the one of *.txt in it, or empty */

    conf_block_t      *parent;        /* or NULL */
    conf_block_t      *limit;         /* limit_except for GET, or NULL */
    conf_block_t      *children;      /* locations in it, in order */
    conf_block_t      *last;
    conf_block_t      *next;

    /* of a server */

    mta_sts_value_t   *names;
    size_t             n_names;
    size_t             names_size;
    conf_line_t       *listens;
    size_t             n_listens;
    size_t             listens_size;

    /* of a server or http */

    int                ssl;           /* of flags -1 is not set */
    int                enable;        /* mta_sts */
    int                policy;        /* has directives of the module that make
                                         one */
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
 * Notes what a directive says about its block; what does not matter is ignored.
 * condition is that of the "if" it is in; a type is a line of a block of them.
 */
void conf_set(conf_block_t *block, const mta_sts_value_t *words, size_t n,
    const mta_sts_env_t *env);
void conf_set_if(conf_block_t *block, mta_sts_str_t condition,
    const mta_sts_value_t *words, size_t n, const mta_sts_env_t *env);
void conf_set_type(conf_block_t *block, const mta_sts_value_t *words, size_t n);

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
 * The servers in their order, and nginx's choice among them.  Set blocks and n
 * of a zeroed structure.
 */

typedef struct {
    const conf_block_t  **blocks;
    size_t                n;
    size_t                size;

    site_t                site;       /* private: the same as a site */
} conf_servers_t;


typedef struct {
    const conf_block_t   *server;
    int                   tls;
} conf_choice_t;


/*
 * Prepares servers, in env's memory.
 *
 * Errors: those of site_server_name().
 */
int conf_servers_init(conf_servers_t *servers, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Gives the servers that nginx chooses for a policy host on the addresses where
 * a server has a name that matches it: those with TLS, if there are any, since
 * senders use nothing else.  Each is given once, in the order of the addresses.
 */
void conf_servers_choose(const conf_servers_t *servers, mta_sts_str_t host,
    const mta_sts_env_t *env, conf_choice_t **choices, size_t *n);

/* Has a server a policy of the module? */
int conf_servers_is_module(const conf_block_t *server);

/*
 * Finds what a server answers for CONF_URI with the Host of a policy host.
 * prefix is what relative roots are relative to, or empty.
 */
void conf_answer(const conf_choice_t *choice, mta_sts_str_t host,
    mta_sts_str_t prefix, const mta_sts_env_t *env, conf_answer_t *answer);

/* For answer.c and root.c: the request of a sender. */

typedef struct {
    const conf_block_t   *server;
    int                   tls;
    mta_sts_str_t         host;
    mta_sts_str_t         domain;
    mta_sts_str_t         prefix;
    const mta_sts_env_t  *env;
    conf_answer_t        *answer;
} conf_request_t;


/* Says why there is no policy; returns 1, since that is an answer, too. */

#define conf_fault(request, place, ...)                                       \
    ((void) mta_sts_error(&(request)->answer->fault, place, __VA_ARGS__), 1)


#define CONF_LIVE                                                             \
    "so only a request shows the policy: mta-sts import "                     \
    "%.*s, without --from-conf"


/*
 * Replaces the variables in a word.  Returns 1 with the fault if the value of
 * one is not known.
 */
int conf_expand(conf_request_t *request, const mta_sts_value_t *word,
    mta_sts_str_t *out);

/* The answer of a block; uri is that of a file, or empty.  Returns 1. */
int conf_found(conf_request_t *request, const conf_block_t *block,
    mta_sts_str_t uri, mta_sts_place_t place, mta_sts_str_t text);

/* The answer of a location that has neither a script nor a handler. */
void conf_file(conf_request_t *request, const conf_block_t *location);

/* Is an address of allow or deny that of everybody, or of a whole family? */
int conf_is_all(mta_sts_str_t address);

/*
 * Gives the bits of what keeps senders from the answer of a block to uri, and
 * fills *why; or 0.  file: whether it is that of a file.
 */
unsigned conf_reach(const conf_block_t *block, mta_sts_str_t uri, int file,
    const mta_sts_env_t *env, mta_sts_err_t *why);


#endif /* MTA_STS_IMPORT_CONF_H */
