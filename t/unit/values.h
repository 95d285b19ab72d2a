/*
 * Values for the tests, as an option of the command line has them, from one
 * text.
 */

#ifndef MTA_STS_TEST_VALUES_H
#define MTA_STS_TEST_VALUES_H


#include "tap.h"


#define VALUES_MAX  8


/*
 * The values that " " separates in text, at line 7; a value's column is the
 * one it has in text.  Returns how many.
 */

static inline size_t
values_of(const char *text, mta_sts_value_t values[VALUES_MAX])
{
    size_t          n, len;
    const char     *p;
    mta_sts_str_t   str;

    for (n = 0, p = text; *p && n < VALUES_MAX; n++) {
        len = strcspn(p, " ");

        str.data = p;
        str.len = len;

        values[n] = test_value(str, 7, (unsigned) (p - text) + 1);

        p += len + (p[len] == ' ');
    }

    if (*p) {
        abort();
    }

    return n;
}


#endif /* MTA_STS_TEST_VALUES_H */
