/*
 * Settings and policies for the tests, from lines as they stand in a
 * configuration.
 */

#ifndef MTA_STS_SET_H
#define MTA_STS_SET_H


#include "policy/policy.h"
#include "tap.h"


#define SET_WORDS  8


/*
 * Sets what a line such as "mx a.example b.example" says; a word's column is
 * the one it has in text.  Returns what mta_sts_settings_set() does.
 */

static inline int
set_line(mta_sts_settings_t *settings, unsigned line, const char *text)
{
    size_t           n, len;
    const char      *p;
    mta_sts_str_t    str;
    mta_sts_value_t  words[SET_WORDS];

    for (n = 0, p = text; *p && n < SET_WORDS; n++) {
        len = strcspn(p, " ");

        str.data = p;
        str.len = len;

        words[n] = test_value(str, line, (unsigned) (p - text) + 1);

        p += len + (p[len] == ' ');
    }

    if (*p || n < 2) {
        abort();
    }

    return mta_sts_settings_set(settings, words, words + 1, n - 1, &test.env,
                                &test.err);
}


/* Zeroes settings and sets its lines, which are separated by "\n". */

static inline int
set_lines(mta_sts_settings_t *settings, const char *lines)
{
    char      text[512];
    size_t    len;
    unsigned  line;

    memset(settings, 0, sizeof(mta_sts_settings_t));

    for (line = 1; *lines; line++) {
        len = strcspn(lines, "\n");

        if (len >= sizeof(text)) {
            abort();
        }

        memcpy(text, lines, len);
        text[len] = '\0';

        if (len && set_line(settings, line, text) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        lines += len + (lines[len] == '\n');
    }

    return MTA_STS_OK;
}


/* Renders the policy of settings; NULL where that fails. */

static inline const mta_sts_policy_t *
set_render(mta_sts_settings_t *settings)
{
    int                      rc;
    mta_sts_digest_t         digest = { NULL };
    const mta_sts_policy_t  *policy;

    rc = mta_sts_policy_render(settings, &digest, &test.env, &policy,
                               &test.err);

    mta_sts_digest_free(&digest);

    return rc == MTA_STS_OK ? policy : NULL;
}


/* The policy of lines; NULL where they are refused. */

static inline const mta_sts_policy_t *
set_policy(const char *lines)
{
    mta_sts_settings_t  *settings;

    settings = test_alloc(&test, sizeof(mta_sts_settings_t));

    if (settings == NULL || set_lines(settings, lines) != MTA_STS_OK) {
        return NULL;
    }

    return set_render(settings);
}


#endif /* MTA_STS_SET_H */
