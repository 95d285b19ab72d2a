/*
 * Which location answers for a policy host, and with what: the phases of nginx
 * as far as the configuration alone decides.  What depends on the request is
 * refused.
 */

#include "conf.h"


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
answer_value(const conf_request_t *request, mta_sts_str_t name,
    mta_sts_str_t *value)
{
    if (mta_sts_str_eq(name, mta_sts_str("host"))
        || mta_sts_str_eq(name, mta_sts_str("http_host"))
        || mta_sts_str_eq(name, mta_sts_str("ssl_server_name")))
    {
        *value = request->host;
        return 1;
    }

    if (mta_sts_str_eq(name, mta_sts_str("server_name"))) {
        *value = request->server->names[0].text;
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


int
conf_expand(conf_request_t *request, const mta_sts_value_t *word,
    mta_sts_str_t *out)
{
    size_t          i, begin, end;
    mta_sts_buf_t   text = { request->env, NULL, 0, 0, 0 };
    mta_sts_str_t   name, value;

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

        if (!answer_value(request, name, &value)) {
            return conf_fault(request, word->place, "variable \"$%.*s\" is "
                              "not followed, " CONF_LIVE, MTA_STS_SHOW(name),
                              MTA_STS_SHOW(request->domain));
        }

        mta_sts_buf_add(&text, value);

        end += begin > i + 1 && end < word->text.len;
    }

    *out = mta_sts_str_copy(request->env, mta_sts_buf_str(&text));

    return 0;
}


/* The line that may change the answer of a block, or NULL. */

static const conf_line_t *
answer_change(const conf_block_t *block)
{
    int                 types;
    const conf_line_t  *filter;

    types = 0;
    filter = NULL;

    for ( /* void */ ; block; block = block->parent) {

        if (block->hook.n) {
            return &block->hook;
        }

        if (filter == NULL && block->filter.n) {
            filter = &block->filter;
        }

        types |= block->filters_text;
    }

    return types && filter
           && !mta_sts_str_eq(filter->words[1].text, mta_sts_str("off"))
           ? filter : NULL;
}


int
conf_found(conf_request_t *request, const conf_block_t *block,
    mta_sts_str_t uri, mta_sts_place_t place, mta_sts_str_t text)
{
    const conf_line_t  *change;

    change = answer_change(block);

    if (change) {
        return conf_fault(request, change->words[0].place, "\"%.*s\" may "
                          "change the answer, " CONF_LIVE,
                          MTA_STS_SHOW(change->words[0].text),
                          MTA_STS_SHOW(request->domain));
    }

    request->answer->hidden = conf_reach(block, uri.len
                                                ? uri : mta_sts_str(CONF_URI),
                                         uri.len != 0, request->env,
                                         &request->answer->fault);
    request->answer->found = 1;
    request->answer->place = place;
    request->answer->text = text;

    return 1;
}


/* return CODE TEXT; return CODE; return URL */

static int
answer_return(conf_request_t *request, const conf_block_t *block,
    const conf_line_t *line)
{
    mta_sts_str_t          text, none = mta_sts_str("");
    const mta_sts_value_t *code;

    code = &line->words[1];

    if (line->n < 2 || !mta_sts_str_eq(code->text, mta_sts_str("200"))) {
        return conf_fault(request, line->words[0].place, "\"return %.*s\" is "
                          "no policy, the status must be 200",
                          line->n > 1 ? (int) code->text.len : 0,
                          line->n > 1 ? code->text.data : "");
    }

    if (line->n < 3) {
        return conf_found(request, block, none, code->place, none);
    }

    return conf_expand(request, &line->words[2], &text)
           || conf_found(request, block, none, line->words[2].place, text);
}


/* Is the condition of an "if" false for every request of a sender? */

static int
answer_is_false(const conf_request_t *request, mta_sts_str_t condition)
{
    size_t                    i;
    static const char *const  plain[] = {
        "($scheme=http)", "($scheme!=https)", "($https=)", "($https!=on)"
    };

    for (i = 0; request->tls && i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (mta_sts_str_eq(condition, mta_sts_str_from(plain[i]))) {
            return 1;
        }
    }

    return 0;
}


/* Runs the rewrite module's directives; returns 1 if one of them answers. */

static int
answer_script(conf_request_t *request, const conf_block_t *block)
{
    void               *regex;
    size_t              i;
    mta_sts_err_t       err;
    mta_sts_str_t       name;
    const conf_line_t  *line;

    for (i = 0; i < block->n_script; i++) {
        line = &block->script[i];
        name = line->words[0].text;

        if (answer_is_false(request, line->condition)) {
            continue;
        }

        if (mta_sts_str_eq(name, mta_sts_str("return"))) {
            return answer_return(request, block, line);
        }

        if (mta_sts_str_eq(name, mta_sts_str("break"))) {
            return 0;
        }

        if (mta_sts_str_eq(name, mta_sts_str("if"))) {
            return conf_fault(request, line->words[0].place, "an \"if\" may "
                              "answer, " CONF_LIVE,
                              MTA_STS_SHOW(request->domain));
        }

        regex = line->n > 1 ? regex_compile(&line->words[1], 0, request->env,
                                            &err)
                            : NULL;

        if (regex == NULL || regex_match(regex, mta_sts_str(CONF_URI))) {
            return conf_fault(request, line->words[0].place, "\"rewrite\" "
                              "changes the URI, " CONF_LIVE,
                              MTA_STS_SHOW(request->domain));
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


/* internal is inherited, and seen before a location's own directives. */

static const conf_line_t *
answer_internal(const conf_block_t *location)
{
    for ( /* void */ ; location; location = location->parent) {
        if (location->internal.n) {
            return &location->internal;
        }
    }

    return NULL;
}


/* What a location, or its limit_except, runs instead of a file. */

static const conf_line_t *
answer_handler(const conf_block_t *location)
{
    return location->content.n || location->kind != CONF_NAMED
           ? &location->content : &location->parent->content;
}


void
conf_answer(const conf_choice_t *choice, mta_sts_str_t host,
    mta_sts_str_t prefix, const mta_sts_env_t *env, conf_answer_t *answer)
{
    int                  last;
    conf_request_t       request = { choice->server, choice->tls, host,
                                     { NULL, 0 }, prefix, env, answer };
    const conf_line_t   *line;
    const conf_block_t  *location;

    memset(answer, 0, sizeof(conf_answer_t));

    (void) mta_sts_name_policy_domain(host, &request.domain);

    if (answer_script(&request, request.server)) {
        return;
    }

    location = answer_location(request.server, &last);
    line = answer_internal(location);

    if (line) {
        (void) conf_fault(&request, line->words[0].place, "\"internal\" keeps "
                          "senders from the policy");
        return;
    }

    /* nginx takes its configuration before the location's own directives */

    if (location->limit) {
        location = location->limit;
    }

    if (location != request.server && answer_script(&request, location)) {
        return;
    }

    line = answer_handler(location);

    if (line->n) {
        (void) conf_fault(&request, line->words[0].place, "\"%.*s\" answers, "
                          CONF_LIVE, MTA_STS_SHOW(line->words[0].text),
                          MTA_STS_SHOW(request.domain));
        return;
    }

    conf_file(&request, location);
}
