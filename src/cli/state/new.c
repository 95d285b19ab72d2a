/*
 * Which findings are new.
 */

#include <ctype.h>

#include "state.h"


/* Takes the next word, up to a space. */

static mta_sts_str_t
new_word(mta_sts_str_t *text)
{
    size_t         n;
    mta_sts_str_t  word;

    for (n = 0; n < text->len && text->data[n] != ' '; n++) {
        /* void */
    }

    word.data = text->data;
    word.len = n;

    *text = mta_sts_str_after(*text, n < text->len ? n + 1 : n);

    return word;
}


/* Is a word a number, possibly with punctuation? */

static int
new_is_number(mta_sts_str_t word)
{
    size_t  i;

    for (i = 0; i < word.len && isdigit((unsigned char) word.data[i]); i++) {
        /* void */
    }

    return i && i + 1 >= word.len;
}


static int
new_is_same(mta_sts_str_t a, mta_sts_str_t b)
{
    mta_sts_str_t  x, y;

    while (a.len && b.len) {
        x = new_word(&a);
        y = new_word(&b);

        if (!mta_sts_str_eq(x, y)
            && !(new_is_number(x) && new_is_number(y)))
        {
            return 0;
        }
    }

    return a.len == b.len;
}


/* Is a line in the text? */

static int
new_has(mta_sts_str_t text, mta_sts_str_t line)
{
    const char     *end;
    mta_sts_str_t   other;

    while (text.len) {
        end = memchr(text.data, '\n', text.len);

        other.data = text.data;
        other.len = end ? (size_t) (end - text.data) : text.len;

        if (new_is_same(other, line)) {
            return 1;
        }

        text = mta_sts_str_after(text, end ? other.len + 1 : other.len);
    }

    return 0;
}


void
state_new_findings(state_t *state, const result_t *result,
    const mta_sts_env_t *env, findings_t *only)
{
    size_t           i;
    findings_t       one;
    mta_sts_str_t    line;
    state_domain_t   domain;

    memset(only, 0, sizeof(findings_t));
    only->env = env;

    (void) state_get(state, result->entry->domain, env, &domain);

    for (i = 0; i < result->findings.n; i++) {

        one = result->findings;
        one.elts = &result->findings.elts[i];
        one.n = 1;

        line = state_findings(&one, env);
        line.len--;

        if (new_has(domain.findings, line)) {
            continue;
        }

        only->elts = mta_sts_env_grow(env, only->elts, only->n, &only->size,
                                      sizeof(finding_t));
        only->elts[only->n++] = *one.elts;
    }
}
