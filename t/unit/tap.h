/*
 * What every unit test needs: TAP, and the core's environment, whose memory
 * can run out at a chosen moment and whose warnings are kept.
 */

#ifndef MTA_STS_TAP_H
#define MTA_STS_TAP_H


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"


#define TEST_FILE      mta_sts_str("test.conf")
#define TEST_WARNINGS  16


/* The environment that &test.env is, and an error to fill. */

static struct {
    mta_sts_env_t   env;
    mta_sts_err_t   err;
    mta_sts_err_t   warnings[TEST_WARNINGS];
    size_t          n_warnings;
    void          **chunks;
    size_t          n;               /* allocations that were asked for */
    size_t          fail;            /* the one that fails, from 1; 0: none */
} test;

static unsigned  tap_tests;
static unsigned  tap_failures;


/* Prints str so that it can neither break a line nor become a directive. */

static inline void
tap_show(mta_sts_str_t str)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < str.len && i < 600; i++) {
        ch = (unsigned char) str.data[i];

        if (ch < ' ' || ch > '~' || ch == '#' || ch == '\\') {
            printf("\\x%02x", ch);

        } else {
            putchar(ch);
        }
    }

    printf(i < str.len ? "... (%zu bytes)\n" : "\n", str.len);
}


static inline void
tap_result(int pass, const char *fmt, va_list args)
{
    char  name[256];

    (void) vsnprintf(name, sizeof(name), fmt, args);

    tap_failures += !pass;

    printf("%sok %u - ", pass ? "" : "not ", ++tap_tests);
    tap_show(mta_sts_str_from(name));
}


/* The three checks; the last arguments name what is checked. */

static inline int __attribute__((format(printf, 2, 3)))
ok(int pass, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    tap_result(pass, fmt, args);
    va_end(args);

    return pass;
}


static inline int __attribute__((format(printf, 3, 4)))
is_int(long long got, long long expected, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    tap_result(got == expected, fmt, args);
    va_end(args);

    if (got != expected) {
        printf("#      got: %lld\n# expected: %lld\n", got, expected);
    }

    return got == expected;
}


static inline int __attribute__((format(printf, 3, 4)))
is_str(mta_sts_str_t got, mta_sts_str_t expected, const char *fmt, ...)
{
    int      pass;
    va_list  args;

    pass = got.len == expected.len
           && (got.len == 0 || memcmp(got.data, expected.data, got.len) == 0);

    va_start(args, fmt);
    tap_result(pass, fmt, args);
    va_end(args);

    if (!pass) {
        printf("#      got: ");
        tap_show(got);
        printf("# expected: ");
        tap_show(expected);
    }

    return pass;
}


/*
 * Checks the text of an error or a warning and its place, which is in
 * TEST_FILE or, with line 0, unknown.
 */

static inline int
is_err(const mta_sts_err_t *err, unsigned line, unsigned column,
    const char *text)
{
    int            place;
    mta_sts_str_t  file;

    file = err->place.file;

    place = err->place.line == line && err->place.column == column
            && (line ? mta_sts_str_eq(file, TEST_FILE) : file.len == 0);

    if (!place) {
        printf("# place, got: %u:%u in \"%.*s\", expected: %u:%u\n",
               err->place.line, err->place.column, (int) file.len,
               file.len ? file.data : "", line, column);
    }

    return is_str(mta_sts_str_from(place ? err->text : "another place"),
                  mta_sts_str_from(text), "%u:%u: %s", line, column, text);
}


static inline void *
test_alloc(void *ctx, size_t size)
{
    void  *p;

    if (ctx != &test || ++test.n == test.fail) {
        return NULL;
    }

    test.chunks = realloc(test.chunks, test.n * sizeof(void *));
    p = malloc(size);

    if (test.chunks == NULL || p == NULL) {
        abort();
    }

    /* memory that comes zeroed would hide who relies on that */

    test.chunks[test.n - 1] = memset(p, 0xa5, size);

    return p;
}


static inline void
test_warn(void *ctx, const mta_sts_err_t *warning)
{
    if (ctx == &test && test.n_warnings++ < TEST_WARNINGS) {
        test.warnings[test.n_warnings - 1] = *warning;
    }
}


/*
 * Begins anew, with all memory given back; the fail-th allocation from now on
 * fails.
 */

static inline void
test_begin(size_t fail)
{
    while (test.n > 0) {
        if (test.n-- != test.fail) {
            free(test.chunks[test.n]);
        }
    }

    free(test.chunks);

    memset(&test, 0, sizeof(test));

    test.env.alloc = test_alloc;
    test.env.warn = test_warn;
    test.env.ctx = &test;
    test.fail = fail;
}


/*
 * Runs fn with the first allocation failing, then the second, and so on until
 * it runs through.  Each failure must come out as "out of memory".
 */

static inline void
test_memory(int (*fn)(void), const char *name)
{
    int     rc;
    size_t  fail;

    for (fail = 1; /* void */ ; fail++) {
        test_begin(fail);

        rc = fn();

        if (rc != MTA_STS_ERROR || test.err.place.line
            || strcmp(test.err.text, "out of memory") != 0)
        {
            break;
        }
    }

    ok(rc == MTA_STS_OK && fail > 1 && test.n == fail - 1,
       "%s: each of %zu allocations may fail", name, fail - 1);
}


static inline mta_sts_value_t
test_value(mta_sts_str_t text, unsigned line, unsigned column)
{
    mta_sts_value_t  value;

    value.text = text;
    value.place.file = TEST_FILE;
    value.place.line = line;
    value.place.column = column;

    return value;
}


/* Ends the test; what it returns, main() does. */

static inline int
done(void)
{
    test_begin(0);

    printf("1..%u\n", tap_tests);

    return tap_failures != 0;
}


#endif /* MTA_STS_TAP_H */
