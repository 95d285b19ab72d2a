/*
 * Any allocation may fail while a domains file is read, in our code and in
 * libyaml: each failure must be reported as such, and nothing may leak.
 *
 * The test is linked with --wrap for malloc() and its kin, and with libyaml's
 * objects, so that their calls come here, too.
 */

#include "files.h"


void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);


static size_t  calls;           /* since counting began */
static size_t  fail_at;         /* the one that fails, from 1; 0: none */


static int
is_over(void)
{
    return fail_at && ++calls == fail_at;
}


void *
__wrap_malloc(size_t size)
{
    return is_over() ? NULL : __real_malloc(size);
}


void *
__wrap_calloc(size_t n, size_t size)
{
    return is_over() ? NULL : __real_calloc(n, size);
}


void *
__wrap_realloc(void *p, size_t size)
{
    return is_over() ? NULL : __real_realloc(p, size);
}


/* What env gives does not come from the wrapped calls. */

static void *
plain_alloc(void *ctx, size_t size)
{
    void    *p;
    size_t   fail;

    fail = fail_at;
    fail_at = 0;
    p = test_alloc(ctx, size);
    fail_at = fail;

    return p;
}


/* The last key makes the file be read twice. */

static const char  text[] =
    "max_age: 2w\n"
    "tlsrpt_rua: [mailto:a@b.example, https://b.example/]\n"
    "policies:\n"
    "  hosted: { mode: enforce, mx: [a.example, '*.b.example'] }\n"
    "  other: { mx: c.example, tlsrpt_rua: mailto:c@d.example }\n"
    "domains:\n"
    "  one.example: hosted\n"
    "  two.example: { policy: hosted, mode: testing }\n"
    "  three.example: { mx: d.example, tlsrpt_rua: mailto:e@f.example }\n"
    "  four.example: other\n"
    "default: other\n"
    "mode: testing\n";


static int
memory_read(void)
{
    mta_sts_domains_t  domains;

    return files_read(&domains, text);
}


/* It has no place in the file. */

static int
is_memory(int rc)
{
    return rc == MTA_STS_ERROR && test.err.place.line == 0
           && strcmp(test.err.text, "out of memory") == 0;
}


int
main(void)
{
    int     rc;
    size_t  n, fail, bad;

    test_begin(0);

    is_int(memory_read(), MTA_STS_OK, "the file is read");
    n = test.n;

    for (fail = 1, bad = 0; fail <= n; fail++) {
        test_begin(fail);

        rc = memory_read();

        bad += !is_memory(rc);
    }

    ok(n > 5 && bad == 0, "each of env's %zu allocations may fail", n);

    for (fail = 1, bad = 0; fail < 100000; fail++) {
        test_begin(0);
        test.env.alloc = plain_alloc;
        calls = 0;
        fail_at = fail;

        rc = memory_read();

        fail_at = 0;

        if (rc == MTA_STS_OK) {
            break;
        }

        if (!is_memory(rc)) {
            printf("# %zu: %u: %s\n", fail, test.err.place.line,
                   test.err.text);
            bad++;
        }
    }

    ok(rc == MTA_STS_OK && fail > 20, "each of %zu allocations may fail",
       fail - 1);
    is_int((long long) bad, 0, "and is reported as such");

    return done();
}
