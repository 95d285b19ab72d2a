/*
 * What keeps senders from a policy that an nginx.conf has: its media type, or
 * who may read its file.
 */

#include "conf.h"


/* The type of a file, as ngx_http_set_content_type() finds it. */

static mta_sts_str_t
reach_type(const conf_block_t *block, mta_sts_str_t uri, mta_sts_place_t *place)
{
    int                  txt;
    const conf_block_t  *types, *type;

    txt = mta_sts_str_ends(uri, mta_sts_str(".txt"));

    for (types = block; types && !types->types; types = types->parent) {
        /* void */
    }

    if (txt && types && types->txt.text.len) {
        *place = types->txt.place;
        return types->txt.text;
    }

    for (type = block; type && type->default_type.n == 0; type = type->parent) {
        /* void */
    }

    if (type == NULL) {
        return mta_sts_str("text/plain");
    }

    *place = type->default_type.words[1].place;

    return type->default_type.words[1].text;
}


int
conf_is_all(mta_sts_str_t address)
{
    return mta_sts_str_eq(address, mta_sts_str("all"))
           || mta_sts_str_eq(address, mta_sts_str("0.0.0.0/0"))
           || mta_sts_str_eq(address, mta_sts_str("::/0"));
}


/* The directive that keeps everybody from the files of a block, or NULL. */

static const mta_sts_value_t *
reach_access(const conf_block_t *block)
{
    int                  any;
    const conf_line_t   *satisfy, *rule, *auth;
    const conf_block_t  *up;

    rule = auth = satisfy = NULL;

    for (up = block; up; up = up->parent) {

        if (rule == NULL && up->access.n) {
            rule = &up->access;
        }

        if (auth == NULL && up->auth.n) {
            auth = &up->auth;
        }

        if (satisfy == NULL && up->satisfy.n) {
            satisfy = &up->satisfy;
        }
    }

    any = satisfy && mta_sts_str_eq(satisfy->words[1].text, mta_sts_str("any"));

    if (rule && conf_is_all(rule->words[1].text)) {

        if (mta_sts_str_eq(rule->words[0].text, mta_sts_str("deny"))) {
            return rule->words;
        }

        if (any) {
            return NULL;
        }
    }

    return auth && !mta_sts_str_eq(auth->words[1].text, mta_sts_str("off"))
           ? auth->words : NULL;
}


unsigned
conf_reach(const conf_block_t *block, mta_sts_str_t uri, int file,
    const mta_sts_env_t *env, mta_sts_err_t *why)
{
    fetch_t                 fetch;
    mta_sts_place_t         place;
    const mta_sts_value_t  *words;

    /* "return" answers before anybody is denied */

    words = file ? reach_access(block) : NULL;

    if (words) {
        (void) mta_sts_error(why, words[0].place, "\"%.*s %.*s\" keeps senders "
                             "from the policy", MTA_STS_SHOW(words[0].text),
                             MTA_STS_SHOW(words[1].text));
        return IMPORT(ACCESS);
    }

    place = block->place;

    memset(&fetch, 0, sizeof(fetch_t));
    fetch.type = mta_sts_str_copy(env, reach_type(block, uri, &place));

    if (!media_is_plain(&fetch)) {
        (void) mta_sts_error(why, place, "the media type is \"%.*s\", must be "
                             "text/plain", MTA_STS_SHOW(fetch.type));
        return IMPORT(TYPE);
    }

    return 0;
}
