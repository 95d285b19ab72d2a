/*
 * Regexes of nginx.conf, compiled and executed by PCRE2, as in nginx.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>

#include "nginx_conf.h"


typedef struct {
    pcre2_code        *code;
    pcre2_match_data  *data;
} regex_compiled_t;


static void *
regex_alloc(size_t size, void *ctx)
{
    const mta_sts_env_t *env = ctx;

    return env->alloc(env->ctx, size);
}


static void
regex_free(void *p, void *ctx)
{
    (void) p;
    (void) ctx;
}


int
regex_match(void *regex, mta_sts_str_t text)
{
    regex_compiled_t *re = regex;

    return pcre2_match(re->code, (PCRE2_SPTR) text.data, text.len, 0, 0,
                       re->data, NULL)
           >= 0;
}


void *
regex_compile(const mta_sts_value_t *value, int caseless,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                      code;
    char                     text[128];
    size_t                   offset;
    mta_sts_str_t            rest;
    regex_compiled_t        *re;
    pcre2_compile_context   *compile;
    pcre2_general_context   *general;

    re = env->alloc(env->ctx, sizeof(regex_compiled_t));
    general = pcre2_general_context_create(regex_alloc, regex_free,
                                           (void *) (uintptr_t) env);
    compile = pcre2_compile_context_create(general);

    re->code = pcre2_compile((PCRE2_SPTR) value->text.data, value->text.len,
                             caseless ? PCRE2_CASELESS : 0, &code, &offset,
                             compile);

    if (re->code) {
        re->data = pcre2_match_data_create(1, general);
        return re;
    }

    (void) pcre2_get_error_message(code, (PCRE2_UCHAR *) text, sizeof(text));

    rest = mta_sts_str_after(value->text, offset);

    if (rest.len == 0) {
        (void) mta_sts_error(err, value->place, "pcre2_compile() failed: %s in "
                             "\"%.*s\"", text, MTA_STS_SHOW(value->text));

    } else {
        (void) mta_sts_error(err, value->place, "pcre2_compile() failed: %s in "
                             "\"%.*s\" at \"%.*s\"", text,
                             MTA_STS_SHOW(value->text), MTA_STS_SHOW(rest));
    }

    return NULL;
}
