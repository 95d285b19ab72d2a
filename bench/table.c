/*
 * What the table of domains costs, without nginx.
 *
 * usage: table DOMAINS LOOKUPS hit|miss [FILE]
 *        table open FILE
 *
 * Prints: seconds to build, nanoseconds per look-up of names that are there or
 * not, bytes per domain above the names.  With FILE, the table is written to it
 * and looked up in it.  Under
 * callgrind with --instr-atstart=no, only the look-ups are counted.
 *
 * "open" prints the CPU seconds to map and verify a compiled table.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include "base/base.h"
#include "serve/image.h"


#define NAME_LEN  25                       /* customer-00000001.example */
#define NAMES     100000000                /* different ones */
#define POLICIES  10


typedef struct {
    mta_sts_arena_t  arena;
    size_t           bytes;
} counted_t;


static void *
counted_alloc(void *ctx, size_t size)
{
    counted_t  *counted = ctx;

    counted->bytes += size;

    return mta_sts_arena_alloc(&counted->arena, size);
}


static double
now(clockid_t clock)
{
    struct timespec  ts;

    (void) clock_gettime(clock, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static mta_sts_str_t
name(char *data, size_t i)
{
    mta_sts_str_t  str;

    (void) snprintf(data, NAME_LEN + 1, "customer-%08zu.example",
                    i % NAMES);

    str.data = data;
    str.len = NAME_LEN;

    return str;
}


static int
build(mta_sts_table_t *table, char *names, size_t n, const mta_sts_env_t *env)
{
    size_t                   i;
    uint32_t                 index;
    mta_sts_str_t            domain;
    mta_sts_err_t            err;
    mta_sts_place_t          place = { { "bench", 5 }, 1, 0 };
    mta_sts_table_builder_t  builder;

    static mta_sts_policy_t    policies[POLICIES];
    static const mta_sts_str_t none;

    memset(&builder, 0, sizeof(builder));

    builder.env = env;

    for (i = 0; i < POLICIES; i++) {
        if (mta_sts_table_add_policy(&builder, &policies[i], none, &index, &err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    domain.len = NAME_LEN;

    for (i = 0; i < n; i++) {
        domain.data = names + i * (NAME_LEN + 1);
        place.line++;

        if (mta_sts_table_add(&builder, domain, (uint32_t) (i % POLICIES),
                              place, &err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_table_end(&builder, table, &err);
}


/* Replaces the table by that of a file. */

static int
map(const char *file, mta_sts_table_t *table)
{
    int                fd, rc;
    mta_sts_err_t      err;
    mta_sts_image_t    image;
    mta_sts_domains_t  domains;

    memset(&domains, 0, sizeof(domains));
    domains.table = *table;

    fd = open(file, O_RDWR|O_CREAT|O_TRUNC, 0600);
    rc = mta_sts_image_write(fd, mta_sts_str_from(file), &domains, 1, 0, &err);
    (void) close(fd);

    if (rc == MTA_STS_OK) {
        rc = mta_sts_image_open(&image, mta_sts_str_from(file),
                                MTA_STS_IMAGE_ALL, MTA_STS_NOWHERE, &domains,
                                &err);
    }

    *table = domains.table;

    return rc;
}


static int
open_only(const char *file)
{
    double             start;
    mta_sts_err_t      err;
    mta_sts_image_t    image;
    mta_sts_domains_t  domains;

    start = now(CLOCK_PROCESS_CPUTIME_ID);

    if (mta_sts_image_open(&image, mta_sts_str_from(file), MTA_STS_IMAGE_ALL,
                           MTA_STS_NOWHERE, &domains, &err)
        != MTA_STS_OK)
    {
        fprintf(stderr, "table: %s\n", err.text);
        return 1;
    }

    mta_sts_image_close(&image);

    printf("%.4f\n", now(CLOCK_PROCESS_CPUTIME_ID) - start);

    return 0;
}


/* Builds a table, writes it to file if there is one, and looks names up. */

static int
look_up(size_t n, size_t lookups, int hit, const char *file)
{
    char             *names, *wanted;
    size_t            i, found;
    double            start, built, looked;
    counted_t         counted;
    mta_sts_str_t     domain;
    mta_sts_env_t     env = { counted_alloc, NULL, NULL, NULL };
    mta_sts_table_t   table;

    memset(&counted, 0, sizeof(counted));
    env.ctx = &counted;

    /* neither making a name nor choosing one is to be measured */

    names = malloc(n * (NAME_LEN + 1));
    wanted = malloc(lookups * (NAME_LEN + 1));

    if (names == NULL || wanted == NULL) {
        return 1;
    }

    for (i = 0; i < n; i++) {
        (void) name(names + i * (NAME_LEN + 1), i);
    }

    srandom(1);

    for (i = 0; i < lookups; i++) {
        (void) name(wanted + i * (NAME_LEN + 1),
                    (size_t) random() % n + (hit ? 0 : n));
    }

    start = now(CLOCK_MONOTONIC);

    if (build(&table, names, n, &env) != MTA_STS_OK) {
        fprintf(stderr, "table: no table of %zu domains\n", n);
        return 1;
    }

    built = now(CLOCK_MONOTONIC);

    if (file && map(file, &table) != MTA_STS_OK) {
        fprintf(stderr, "table: no table in %s\n", file);
        return 1;
    }

    free(names);

    domain.len = NAME_LEN;
    found = 0;
    looked = now(CLOCK_MONOTONIC);
    CALLGRIND_START_INSTRUMENTATION;

    for (i = 0; i < lookups; i++) {
        domain.data = wanted + i * (NAME_LEN + 1);
        found += mta_sts_table_policy(&table, domain) != NULL;
    }

    CALLGRIND_STOP_INSTRUMENTATION;

    looked = now(CLOCK_MONOTONIC) - looked;

    if (found != (hit ? lookups : 0)) {
        return 1;
    }

    printf("%.3f %.1f %.2f\n", built - start, looked * 1e9 / (double) lookups,
           (double) counted.bytes / (double) n - NAME_LEN);

    free(wanted);
    mta_sts_arena_free(&counted.arena);

    return 0;
}


int
main(int argc, char **argv)
{
    int     hit;
    size_t  n, lookups;

    if (argc == 3 && strcmp(argv[1], "open") == 0) {
        return open_only(argv[2]);
    }

    n = argc >= 4 ? strtoul(argv[1], NULL, 10) : 0;
    lookups = argc >= 4 ? strtoul(argv[2], NULL, 10) : 0;
    hit = argc >= 4 && strcmp(argv[3], "hit") == 0;

    if (n == 0 || n > NAMES / 2 || lookups == 0) {
        fprintf(stderr, "usage: table DOMAINS LOOKUPS hit|miss [FILE]\n");
        return 2;
    }

    return look_up(n, lookups, hit, argc > 4 ? argv[4] : NULL);
}
