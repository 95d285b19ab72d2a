/*
 * Names of a server for the tests, from one text.
 */

#ifndef MTA_STS_TEST_NAMES_H
#define MTA_STS_TEST_NAMES_H


#include "serve/serve.h"
#include "tap.h"


#define NAMES_MAX  8


/* A test's regex matches the hosts that have its text in them. */

static inline int
names_match(void *regex, mta_sts_str_t host)
{
    size_t               i;
    const mta_sts_str_t  *text = regex;

    for (i = 0; i + text->len <= host.len; i++) {
        if (memcmp(host.data + i, text->data, text->len) == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * The names that " " separates in text, at line 7; a regex name begins with
 * "~".  A name's column is the one it has in text.  Returns how many.  At most
 * NAMES_MAX are valid at a time.
 */

static inline size_t
names_of(const char *text, mta_sts_server_name_t *names)
{
    size_t          n, len;
    const char     *p;
    mta_sts_str_t   str;

    static mta_sts_str_t  regexes[NAMES_MAX];

    for (n = 0, p = text; *p && n < NAMES_MAX; n++) {
        len = strcspn(p, " ");

        str.data = p;
        str.len = len;

        if (*p == '~') {
            str = mta_sts_str_after(str, 1);
        }

        regexes[n] = str;

        names[n].regex = *p == '~' ? &regexes[n] : NULL;
        names[n].match = names_match;
        names[n].value = test_value(str, 7, (unsigned) (p - text) + 1);

        p += len + (p[len] == ' ');
    }

    return n;
}


#endif /* MTA_STS_TEST_NAMES_H */
