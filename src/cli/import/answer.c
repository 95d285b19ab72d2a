/*
 * Which location answers for a policy host, and with what: the phases of nginx
 * as far as the configuration alone decides.  What depends on the request is
 * refused.
 */

#include <errno.h>
#include <sys/stat.h>

#include "conf.h"


typedef struct {
    const conf_block_t   *server;
    mta_sts_str_t         host;
    mta_sts_str_t         prefix;
    const mta_sts_env_t  *env;
    conf_answer_t        *answer;
} answer_conf_t;


/* Says why there is no policy; returns 1, since that is an answer, too. */

#define answer_fault(conf, place, ...)                                        \
    ((void) mta_sts_error(&(conf)->answer->fault, place, __VA_ARGS__), 1)


#define ANSWER_LIVE                                                           \
    "so only a request shows the policy: mta-sts import "                     \
    "%.*s, without --from-conf"


/* The end of the name of a variable that begins at i. */

static size_t
answer_variable(mta_sts_str_t text, size_t i)
{
    while (i < text.len && (field_is_alnum(text.data[i])
                            || text.data[i] == '_'))
    {
        i++;
    }

    return i;
}


/* The value of a variable that is the same for every such request. */

static int
answer_value(const answer_conf_t *conf, mta_sts_str_t name,
    mta_sts_str_t *value)
{
    if (mta_sts_str_eq(name, mta_sts_str("host"))
        || mta_sts_str_eq(name, mta_sts_str("http_host"))
        || mta_sts_str_eq(name, mta_sts_str("ssl_server_name")))
    {
        *value = conf->host;
        return 1;
    }

    if (mta_sts_str_eq(name, mta_sts_str("server_name"))) {
        *value = conf->server->names[0].text;
        return 1;
    }

    if (mta_sts_str_eq(name, mta_sts_str("uri"))
        || mta_sts_str_eq(name, mta_sts_str("document_uri"))
        || mta_sts_str_eq(name, mta_sts_str("request_uri")))
    {
        *value = mta_sts_str(CONF_URI);
        return 1;
    }

    return 0;
}


/*
 * Replaces the variables in a word.  Returns 1 with the fault if the value of
 * one is not known.
 */

static int
answer_expand(answer_conf_t *conf, const mta_sts_value_t *word,
    mta_sts_str_t *out)
{
    size_t          i, begin, end;
    mta_sts_buf_t   text = { conf->env, NULL, 0, 0, 0 };
    mta_sts_str_t   name, value, domain;

    (void) mta_sts_name_policy_domain(conf->host, &domain);

    for (i = 0; i < word->text.len; i = end) {

        if (word->text.data[i] != '$') {
            mta_sts_buf_add_char(&text, word->text.data[i]);
            end = i + 1;
            continue;
        }

        begin = i + 1;
        begin += begin < word->text.len && word->text.data[begin] == '{';
        end = answer_variable(word->text, begin);

        name = mta_sts_str_after(word->text, begin);
        name.len = end - begin;

        if (!answer_value(conf, name, &value)) {
            return answer_fault(conf, word->place, "variable \"$%.*s\" has "
                                "another value for each request, " ANSWER_LIVE,
                                MTA_STS_SHOW(name), MTA_STS_SHOW(domain));
        }

        mta_sts_buf_add(&text, value);

        end += begin > i + 1 && end < word->text.len;
    }

    *out = mta_sts_str_copy(conf->env, mta_sts_buf_str(&text));

    return 0;
}


/* The answer of a block; uri is that of a file, or empty. */

static int
answer_found(answer_conf_t *conf, const conf_block_t *block,
    mta_sts_str_t uri, mta_sts_place_t place, mta_sts_str_t text)
{
    conf->answer->hidden = conf_reach(block, uri.len ? uri
                                                     : mta_sts_str(CONF_URI),
                                      uri.len != 0, conf->env,
                                      &conf->answer->fault);
    conf->answer->found = 1;
    conf->answer->place = place;
    conf->answer->text = text;

    return 1;
}


/* return CODE TEXT; return CODE; return URL */

static int
answer_return(answer_conf_t *conf, const conf_block_t *block,
    const conf_line_t *line)
{
    mta_sts_str_t          text, none = mta_sts_str("");
    const mta_sts_value_t *code;

    code = &line->words[1];

    if (line->n < 2 || !mta_sts_str_eq(code->text, mta_sts_str("200"))) {
        return answer_fault(conf, line->words[0].place, "\"return %.*s\" is no "
                            "policy, the status must be 200",
                            line->n > 1 ? (int) code->text.len : 0,
                            line->n > 1 ? code->text.data : "");
    }

    if (line->n < 3) {
        return answer_found(conf, block, none, code->place, none);
    }

    return answer_expand(conf, &line->words[2], &text)
           || answer_found(conf, block, none, line->words[2].place, text);
}


/* Runs the rewrite module's directives; returns 1 if one of them answers. */

static int
answer_script(answer_conf_t *conf, const conf_block_t *block)
{
    void               *regex;
    size_t              i;
    mta_sts_err_t       err;
    mta_sts_str_t       name, domain;
    const conf_line_t  *line;

    (void) mta_sts_name_policy_domain(conf->host, &domain);

    for (i = 0; i < block->n_script; i++) {
        line = &block->script[i];
        name = line->words[0].text;

        if (mta_sts_str_eq(name, mta_sts_str("return"))) {
            return answer_return(conf, block, line);
        }

        if (mta_sts_str_eq(name, mta_sts_str("break"))) {
            return 0;
        }

        if (mta_sts_str_eq(name, mta_sts_str("if"))) {
            return answer_fault(conf, line->words[0].place, "an \"if\" may "
                                "answer, " ANSWER_LIVE, MTA_STS_SHOW(domain));
        }

        regex = line->n > 1 ? regex_compile(&line->words[1], 0, conf->env,
                                            &err)
                            : NULL;

        if (regex == NULL || regex_match(regex, mta_sts_str(CONF_URI))) {
            return answer_fault(conf, line->words[0].place, "\"rewrite\" "
                                "changes the URI, " ANSWER_LIVE,
                                MTA_STS_SHOW(domain));
        }
    }

    return 0;
}


/* Follows ngx_http_core_find_location(); *last: no regex is tried any more. */

static const conf_block_t *
answer_location(const conf_block_t *block, int *last)
{
    int                  ended;
    mta_sts_str_t        uri = mta_sts_str(CONF_URI);
    const conf_block_t  *child, *best, *found;

    best = NULL;
    *last = 0;

    for (child = block->children; child; child = child->next) {

        if (child->kind == CONF_EXACT && mta_sts_str_eq(child->uri.text, uri)) {
            *last = 1;
            return child;
        }

        if ((child->kind == CONF_PREFIX || child->kind == CONF_STOP)
            && mta_sts_str_starts(uri, child->uri.text)
            && (best == NULL || child->uri.text.len > best->uri.text.len))
        {
            best = child;
        }
    }

    found = block;

    if (best) {
        found = answer_location(best, last);

        if (*last) {
            return found;
        }
    }

    for (child = block->children; child; child = child->next) {

        if (child->kind == CONF_REGEX && (best == NULL
                                          || best->kind != CONF_STOP)
            && regex_match(child->regex, uri))
        {
            *last = 1;
            return answer_location(child, &ended);
        }
    }

    return found;
}


/* The block that has the root or alias of a location, or NULL. */

static const conf_block_t *
answer_root(const conf_block_t *block)
{
    while (block && block->root.n == 0) {
        block = block->parent;
    }

    return block;
}


/* The name of the file of a URI. */

static int
answer_path(answer_conf_t *conf, const conf_block_t *location,
    mta_sts_str_t uri, mta_sts_place_t *place, mta_sts_str_t *path)
{
    int                     alias;
    mta_sts_str_t           root;
    mta_sts_buf_t           text = { conf->env, NULL, 0, 0, 0 };
    const conf_block_t     *block;
    const mta_sts_value_t  *value;

    block = answer_root(location);
    *place = location->place;

    if (block == NULL) {
        return answer_fault(conf, *place, "no \"root\" or \"alias\" says where "
                            "the policy is");
    }

    value = &block->root.words[1];
    alias = mta_sts_str_eq(block->root.words[0].text, mta_sts_str("alias"));
    *place = value->place;

    if (answer_expand(conf, value, &root)) {
        return 1;
    }

    if (!mta_sts_str_starts(root, mta_sts_str("/"))) {

        if (conf->prefix.len == 0) {
            return answer_fault(conf, *place, "\"%.*s\" is relative to nginx's "
                                "prefix, which is to be given with -p",
                                MTA_STS_SHOW(root));
        }

        mta_sts_buf_add(&text, conf->prefix);
    }

    mta_sts_buf_add(&text, root);

    if (alias && block->kind != CONF_REGEX
        && mta_sts_str_starts(uri, block->uri.text))
    {
        uri = mta_sts_str_after(uri, block->uri.text.len);

    } else if (alias) {
        uri.len = 0;
    }

    mta_sts_buf_add(&text, uri);

    *path = mta_sts_str_copy(conf->env, mta_sts_buf_str(&text));

    return 0;
}


static int
answer_file(answer_conf_t *conf, const conf_block_t *location,
    mta_sts_str_t uri, mta_sts_str_t path, mta_sts_place_t place)
{
    struct stat     st;
    mta_sts_file_t  file;

    if (stat(path.data, &st) == 0 && S_ISREG(st.st_mode)
        && st.st_size > FETCH_BODY_MAX)
    {
        return answer_fault(conf, place, "\"%.*s\" has more than %d KiB, and "
                            "senders stop reading", MTA_STS_SHOW(path),
                            FETCH_BODY_MAX / 1024);
    }

    if (mta_sts_file_read(&file, path, place, &conf->answer->fault)
        != MTA_STS_OK)
    {
        import_memory(&conf->answer->fault);
        return 1;
    }

    (void) answer_found(conf, location, uri, place,
                        mta_sts_str_copy(conf->env, file.text));

    mta_sts_file_free(&file);

    return 1;
}


/* The first of try_files that exists; the last word is what is done else. */

static int
answer_try_files(answer_conf_t *conf, const conf_block_t *location)
{
    size_t              i;
    struct stat         st;
    mta_sts_str_t       uri, path;
    mta_sts_place_t     place;
    const conf_line_t  *line;

    line = &location->try_files;

    for (i = 1; i + 1 < line->n; i++) {

        if (answer_expand(conf, &line->words[i], &uri)
            || answer_path(conf, location, uri, &place, &path))
        {
            return 1;
        }

        if (stat(path.data, &st) == 0 && S_ISREG(st.st_mode)) {
            return answer_file(conf, location, uri, path,
                               line->words[i].place);
        }
    }

    return answer_fault(conf, line->words[0].place, "none of the files of "
                        "\"try_files\" is here");
}


void
conf_answer(const conf_block_t *server, mta_sts_str_t host,
    mta_sts_str_t prefix, const mta_sts_env_t *env, conf_answer_t *answer)
{
    int                  last;
    answer_conf_t        conf = { server, host, prefix, env, answer };
    mta_sts_str_t        path, domain;
    mta_sts_place_t      place;
    const conf_block_t  *location;

    memset(answer, 0, sizeof(conf_answer_t));

    (void) mta_sts_name_policy_domain(host, &domain);

    if (answer_script(&conf, server)) {
        return;
    }

    location = answer_location(server, &last);

    if (location != server && answer_script(&conf, location)) {
        return;
    }

    if (location->content.n) {
        (void) answer_fault(&conf, location->content.words[0].place,
                            "\"%.*s\" answers, " ANSWER_LIVE,
                            MTA_STS_SHOW(location->content.words[0].text),
                            MTA_STS_SHOW(domain));
        return;
    }

    if (location->try_files.n) {
        (void) answer_try_files(&conf, location);
        return;
    }

    if (!answer_path(&conf, location, mta_sts_str(CONF_URI), &place, &path)) {
        (void) answer_file(&conf, location, mta_sts_str(CONF_URI), path, place);
    }
}
