/*
 * The parser of policies that others serve: its verdict is that of the RFC's
 * grammar, here as regular expressions, and what it takes from a valid policy
 * makes a policy of our own in which it finds nothing.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>

#include "cli/judge/judge.h"
#include "generator/generator.h"
#include "policy/policy.h"
#include "again.h"
#include "fuzz.h"


#define LABEL  "(?!-)[A-Za-z0-9-]{1,63}+(?<!-)"

/* the first line of a key has such a value */

#define FIRST(key, value)                                                     \
    "(?m)\\A(?:(?!" key ":).*\\n)*+" key ":[ \\t]*" value "[ \\t]*\\r?$"

/* RFC 8461, 3.2, with erratum 6253; the first of two equal keys counts */

static const char *const  grammar[] = {

    /* every line, and the end of the last; one that is ignored may be empty */

    "^(?:(?:version|mode|max_age|(?=[^:]*:[ \\t]*+[!-~\\x80-\\xff])"
    "[A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[\\t -~\\x80-\\xff]*+"
    "(?:\\r?\\n|$(?!\\n)))++$(?!\\n)",

    /* the first of each key that must be there */

    FIRST("version", "STSv1"),
    FIRST("mode", "(?:enforce|testing|none)"),
    FIRST("max_age", "\\d{1,10}"),
};

/* what must not be there: another mx; what ends in a number is an address */

static const char  no_mx[] =
    "(?m)^mx:(?![ \\t]*(?:\\*\\.)?(?![!-~]{254})(?:" LABEL "\\.)*+"
    "(?![0-9]+[ \\t\\r\\n]|[0-9]+\\z)" LABEL "[ \\t]*\\r?$)";

static const char  any_mx[] = "(?m)^mx:";
static const char  none[] = FIRST("mode", "none");


static int
matches(const char *pattern, mta_sts_str_t text)
{
    int                rc, error;
    size_t             i, offset;
    pcre2_match_data  *match;

    static struct {
        const char    *pattern;
        pcre2_code    *code;
    } cache[16];

    for (i = 0; cache[i].pattern && cache[i].pattern != pattern; i++) {
        /* void */
    }

    if (cache[i].pattern == NULL) {
        cache[i].pattern = pattern;
        cache[i].code = pcre2_compile((PCRE2_SPTR) pattern,
                                      PCRE2_ZERO_TERMINATED, 0, &error,
                                      &offset, NULL);
        if (cache[i].code == NULL) {
            fprintf(stderr, "%s: error %d at %zu\n", pattern, error, offset);
            exit(1);
        }
    }

    match = pcre2_match_data_create_from_pattern(cache[i].code, NULL);
    rc = pcre2_match(cache[i].code, (PCRE2_SPTR) text.data, text.len, 0, 0,
                     match, NULL);
    pcre2_match_data_free(match);

    fuzz_check(rc >= PCRE2_ERROR_NOMATCH, text, mta_sts_str_from(pattern));

    return rc >= 0;
}


/* The number is small enough; only asked where there is one. */

static int
is_age(mta_sts_str_t text)
{
    const char  *p;

    p = memmem(text.data, text.len, "max_age:", 8);

    while (p && p != text.data && p[-1] != '\n') {
        p = memmem(p + 1, text.len - (size_t) (p + 1 - text.data),
                   "max_age:", 8);
    }

    return p && strtoull(p + 8, NULL, 10) <= MTA_STS_MAX_AGE_MAX;
}


static int
body_judge(mta_sts_str_t text, const mta_sts_env_t *env)
{
    size_t         i;
    mta_sts_str_t  copy;

    for (i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++) {
        if (!matches(grammar[i], text)) {
            return 0;
        }
    }

    /* followed by a NUL */

    copy = mta_sts_str_copy(env, text);

    return is_age(copy) && !matches(no_mx, text)
           && (matches(any_mx, text) || matches(none, text));
}


/* A policy of our own, made of what was found. */

static void
check_again(const body_t *body, const mta_sts_env_t *env)
{
    size_t            i;
    mta_sts_err_t     err;
    mta_sts_value_t   value;
    mta_sts_result_t  result, again;

    static mta_sts_digest_t  digest;

    memset(&result, 0, sizeof(mta_sts_result_t));

    result.entry.domain = mta_sts_str("example.com");

    value = fuzz_value(FUZZ_NONE);
    value.text = mta_sts_mode_str((mta_sts_mode_e) body->mode);

    (void) mta_sts_result_set(&result, MTA_STS_SET_MODE, &value, env, &err);

    for (i = 0; i < body->n; i++) {
        value.text = body->mx[i];

        /* our own rules are narrower: no address, no bad A-label */

        if (mta_sts_result_set(&result, MTA_STS_SET_MX, &value, env, &err)
            != MTA_STS_OK)
        {
            fuzz_check_error(&err);
            return;
        }
    }

    if (mta_sts_result_make(&result, &digest, env, &err) == MTA_STS_OK) {
        again_entry(&result.entry, env, &again);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                i, j;
    body_t                body;
    findings_t            findings = { NULL, NULL, 0, 0, 0, 0 };
    mta_sts_str_t         text;
    const mta_sts_env_t  *env;

    env = fuzz_begin();
    text = fuzz_str(data, size);
    findings.env = env;

    body_parse(&body, text, &findings);

    fuzz_check(body.valid == body_judge(text, env), text,
               findings.n ? findings.elts[0].text : FUZZ_NONE);

    for (i = 0; i < findings.n; i++) {
        for (j = 0; j < i; j++) {
            fuzz_check(findings.elts[i].kind != findings.elts[j].kind
                       || findings.elts[i].severity
                          != findings.elts[j].severity,
                       findings.elts[i].text, findings.elts[j].text);
        }
    }

    for (i = 0; i < body.n; i++) {
        fuzz_check(mta_sts_name_is_mx(body.mx[i]), text, body.mx[i]);
    }

    if (body.valid) {
        check_again(&body, env);
    }

    return 0;
}
