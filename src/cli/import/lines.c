/*
 * What a directive says about its block.
 */

#include <stddef.h>

#include "conf.h"


/* Directives of which a block has one line, the last; by its member. */

typedef struct {
    mta_sts_str_t  name;
    size_t         min;               /* words */
    size_t         offset;
} lines_one_t;

#define lines_one(name, min, member)                                          \
    { { name, sizeof(name) - 1 }, min, offsetof(conf_block_t, member) }

static const lines_one_t  lines_ones[] = {

    /* these answer instead of a file; those of other modules, too */

    lines_one("proxy_pass", 2, content),
    lines_one("fastcgi_pass", 2, content),
    lines_one("uwsgi_pass", 2, content),
    lines_one("scgi_pass", 2, content),
    lines_one("grpc_pass", 2, content),
    lines_one("memcached_pass", 2, content),
    lines_one("content_by_lua_block", 1, content),
    lines_one("content_by_lua_file", 2, content),
    lines_one("content_by_lua", 2, content),
    lines_one("js_content", 2, content),
    lines_one("perl", 2, content),
    lines_one("echo", 1, content),
    lines_one("empty_gif", 1, content),
    lines_one("stub_status", 1, content),

    /* these ask who it is */

    lines_one("auth_basic", 2, auth),
    lines_one("auth_request", 2, auth),
    lines_one("auth_digest", 2, auth),
    lines_one("auth_jwt", 2, auth),
    lines_one("auth_ldap", 2, auth),
    lines_one("auth_pam", 2, auth),

    /* code that may answer, or change the answer */

    lines_one("rewrite_by_lua_block", 1, hook),
    lines_one("rewrite_by_lua_file", 2, hook),
    lines_one("access_by_lua_block", 1, hook),
    lines_one("access_by_lua_file", 2, hook),
    lines_one("header_filter_by_lua_block", 1, hook),
    lines_one("header_filter_by_lua_file", 2, hook),
    lines_one("body_filter_by_lua_block", 1, hook),
    lines_one("body_filter_by_lua_file", 2, hook),
    lines_one("js_access", 2, hook),
    lines_one("js_header_filter", 2, hook),
    lines_one("js_body_filter", 2, hook),

    /* these change answers of some types */

    lines_one("sub_filter", 3, filter),
    lines_one("add_before_body", 2, filter),
    lines_one("add_after_body", 2, filter),
    lines_one("ssi", 2, filter),

    lines_one("root", 2, root),
    lines_one("alias", 2, root),
    lines_one("try_files", 3, try_files),
    lines_one("satisfy", 2, satisfy),
    lines_one("default_type", 2, default_type),
    lines_one("disable_symlinks", 2, symlinks),
    lines_one("internal", 1, internal)
};

static const mta_sts_str_t  lines_filter_types[] = {
    { "sub_filter_types", 16 }, { "addition_types", 14 }, { "ssi_types", 9 }
};

static const mta_sts_str_t  lines_script[] = {
    { "return", 6 }, { "rewrite", 7 }, { "break", 5 }
};


static int
lines_is(const mta_sts_value_t *word, const char *name)
{
    return mta_sts_str_eq(word->text, mta_sts_str_from(name));
}


static int
lines_is_one(const mta_sts_value_t *word, const mta_sts_str_t *names, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (mta_sts_str_eq(word->text, names[i])) {
            return 1;
        }
    }

    return 0;
}

#define lines_is_in(word, names)                                              \
    lines_is_one(word, names, sizeof(names) / sizeof((names)[0]))


/* The reader's array of words is used again. */

static conf_line_t
lines_copy(const mta_sts_value_t *words, size_t n, const mta_sts_env_t *env)
{
    conf_line_t  line;

    memset(&line, 0, sizeof(conf_line_t));

    line.n = n;
    line.words = env->alloc(env->ctx, n * sizeof(mta_sts_value_t));
    memcpy(line.words, words, n * sizeof(mta_sts_value_t));

    return line;
}


static void
lines_add(conf_line_t **lines, size_t *n_lines, size_t *size,
    const mta_sts_value_t *words, size_t n, const mta_sts_env_t *env)
{
    *lines = mta_sts_env_grow(env, *lines, *n_lines, size, sizeof(conf_line_t));
    (*lines)[(*n_lines)++] = lines_copy(words, n, env);
}


void
conf_set_type(conf_block_t *block, const mta_sts_value_t *words, size_t n)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (mta_sts_str_caseeq(words[i].text, mta_sts_str("txt"))) {
            block->txt = words[0];
        }
    }
}


/* The row of a directive, or NULL. */

static const lines_one_t *
lines_find(const mta_sts_value_t *words, size_t n)
{
    size_t  i;

    for (i = 0; i < sizeof(lines_ones) / sizeof(lines_ones[0]); i++) {
        if (n >= lines_ones[i].min
            && mta_sts_str_eq(words[0].text, lines_ones[i].name))
        {
            return &lines_ones[i];
        }
    }

    return NULL;
}


void
conf_set_if(conf_block_t *block, mta_sts_str_t condition,
    const mta_sts_value_t *words, size_t n, const mta_sts_env_t *env)
{
    conf_line_t        *line;
    const lines_one_t  *one;

    one = lines_find(words, n);

    if (!lines_is_in(&words[0], lines_script)
        && (one == NULL || one->offset != offsetof(conf_block_t, content)))
    {
        return;
    }

    lines_add(&block->script, &block->n_script, &block->script_size, words, 1,
              env);

    line = &block->script[block->n_script - 1];
    line->words[0].text = mta_sts_str("if");
    line->condition = condition;
}


/* The same in http, where servers inherit it, and in a server. */

static void
lines_inherited(conf_block_t *block, const mta_sts_value_t *words, size_t n)
{
    int  on;

    on = n == 2 && mta_sts_str_caseeq(words[1].text, mta_sts_str("on"));

    if (lines_is(&words[0], "ssl")) {
        block->ssl = on;

    } else if (lines_is(&words[0], "mta_sts")) {
        block->enable = on;

    } else if (lines_is(&words[0], "mta_sts_mx")
               || lines_is(&words[0], "mta_sts_domains"))
    {
        block->policy = 1;

    } else if (lines_is(&words[0], "mta_sts_mode") && n == 2) {

        /* of http, only "none" is a policy without mx */

        block->policy |= block->parent || lines_is(&words[1], "none");
    }
}


static void
lines_server(conf_block_t *server, const mta_sts_value_t *words, size_t n,
    const mta_sts_env_t *env)
{
    size_t  i;

    if (lines_is(&words[0], "server_name")) {
        for (i = 1; i < n; i++) {
            server->names = mta_sts_env_grow(env, server->names,
                                             server->n_names,
                                             &server->names_size,
                                             sizeof(mta_sts_value_t));
            server->names[server->n_names++] = words[i];
        }

    } else if (lines_is(&words[0], "listen")) {
        lines_add(&server->listens, &server->n_listens, &server->listens_size,
                  words, n, env);
    }
}


/* Those of which a block has several lines. */

static void
lines_several(conf_block_t *block, const mta_sts_value_t *words, size_t n,
    const mta_sts_env_t *env)
{
    size_t  i;

    if (lines_is_in(&words[0], lines_script)) {
        lines_add(&block->script, &block->n_script, &block->script_size, words,
                  n, env);

    } else if (n > 1 && (lines_is(&words[0], "allow")
                         || lines_is(&words[0], "deny")))
    {
        /* the first rule that matches decides */

        if (block->access.n == 0
            || !conf_is_all(block->access.words[1].text))
        {
            block->access = lines_copy(words, n, env);
        }

    } else if (n > 2 && lines_is(&words[0], "add_header")
               && mta_sts_str_caseeq(words[1].text,
                                     mta_sts_str("Content-Type")))
    {
        /* a second one */

        block->hook = lines_copy(words, n, env);

    } else if (lines_is_in(&words[0], lines_filter_types)) {
        for (i = 1; i < n; i++) {
            block->filters_text |= lines_is(&words[i], "*")
                                   || lines_is(&words[i], "text/plain");
        }
    }
}


void
conf_set(conf_block_t *block, const mta_sts_value_t *words, size_t n,
    const mta_sts_env_t *env)
{
    const lines_one_t  *one;

    one = lines_find(words, n);

    if (one) {
        *(conf_line_t *) ((char *) block + one->offset) = lines_copy(words, n,
                                                                     env);
        return;
    }

    lines_several(block, words, n, env);

    if (block->kind == CONF_SERVER) {
        lines_inherited(block, words, n);

        if (block->parent) {
            lines_server(block, words, n, env);
        }
    }
}
