/*
 * Names of a server for the tests, from one text.
 */

#ifndef MTA_STS_TEST_NAMES_H
#define MTA_STS_TEST_NAMES_H


#include "serve/serve.h"
#include "tap.h"


#define NAMES_MAX  8


/*
 * The names that " " separates in text, at line 7; a regex name begins with
 * "~".  A name's column is the one it has in text.  Returns how many.
 */

static inline size_t
names_of(const char *text, mta_sts_server_name_t *names)
{
    size_t          n, len;
    const char     *p;
    mta_sts_str_t   str;

    for (n = 0, p = text; *p && n < NAMES_MAX; n++) {
        len = strcspn(p, " ");

        names[n].regex = *p == '~';

        str.data = p + names[n].regex;
        str.len = len - (size_t) names[n].regex;

        names[n].value = test_value(str, 7, (unsigned) (p - text) + 1);

        p += len + (p[len] == ' ');
    }

    return n;
}


#endif /* MTA_STS_TEST_NAMES_H */
