/*
 * The warnings of a domains file: each once, though a file may be read twice,
 * and not a million of them.
 */

#include "base/base.h"
#include "files.h"


static mta_sts_err_t  last;           /* the last warning */


static void
keep_last(void *ctx, const mta_sts_err_t *warning)
{
    last = *warning;
    test_warn(ctx, warning);
}


/* Each file and what it is warned of first, and how often. */

static const struct {
    const char  *text;
    size_t       n;
    unsigned     line;
    unsigned     column;
    const char  *warning;
} warned[] = {
    { "domains:\n  a.b: {mx: [m.c, m.c]}\n",
      1, 2, 19, "duplicate mx \"m.c\"" },
    { "domains:\n  a.b: {mx: [m.c, m.c]}\nmode: enforce\n",
      1, 2, 19, "duplicate mx \"m.c\"" },
    { "max_age: 2w\ndomains:\n  a.b: {mx: [m.c, m.c]}\nmode: enforce\n",
      1, 3, 19, "duplicate mx \"m.c\"" },
    { "max_age: 2w\ndomains:\n  a.b: {mx: [m.c, m.c]}\nmode: enforce\n"
      "policies: {}\ntlsrpt_rua: mailto:a@b.c\n",
      1, 3, 19, "duplicate mx \"m.c\"" },
    { "policies:\n  p: {mode: none}\ndomains: {a.b: p, b.b: p}\n"
      "default: p\n",
      1, 2, 7, "mode \"none\" without mx is rejected by some senders, keep "
      "the mx" },
    { "policies:\n  p: {mode: none}\ndomains: {a.b: p, b.b: p}\n"
      "default: p\nmax_age: 2w\n",
      1, 2, 7, "mode \"none\" without mx is rejected by some senders, keep "
      "the mx" },
    { "max_age: 60\ndomains: {a.b: {mx: a.c}}\nmode: enforce\n",
      1, 1, 10, "max_age \"60\" is less than a day, some senders ignore such "
      "a policy" },
    { "max_age: 60\ndomains: {a.b: {mx: '*.a.b'}}\nmode: enforce\n"
      "policies: {p: {mx: [a.c, a.c]}}\n",
      3, 1, 10, "max_age \"60\" is less than a day, some senders ignore such "
      "a policy" }
};


static void
test_warned(void)
{
    size_t             i;
    mta_sts_domains_t  domains;

    static const char  *empty[] = {
        "domains: {}\n", "mode: none\n", "policies: {p: {mx: a.b}}\n"
    };

    for (i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
        test_begin(0);

        is_int(files_read(&domains, warned[i].text), MTA_STS_OK,
               "warned of: %s", warned[i].text);
        is_int((long long) test.n_warnings, (long long) warned[i].n,
               "so often");
        is_err(&test.warnings[0], warned[i].line, warned[i].column,
               warned[i].warning);
    }

    for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        test_begin(0);

        is_int(files_read(&domains, empty[i]), MTA_STS_OK, "without domains: "
               "%s", empty[i]);
        is_int(domains.table.n, 0, "has none");
        is_int((long long) test.n_warnings, 1, "one warning");
        is_str(mta_sts_str_from(test.warnings[0].text),
               mta_sts_str("no domains are configured"), "the warning");
        is_str(test.warnings[0].place.file, TEST_FILE, "its file");
        is_int(test.warnings[0].place.line, 0, "which has no line for it");
    }
}


/* 25 domains that are warned of, in two files, the second read twice. */

static void
test_many(void)
{
    char               text[2048];
    size_t             len, i;
    mta_sts_domains_t  domains;

    len = (size_t) sprintf(text, "mx: m.example\ndomains:\n");

    for (i = 0; i < MTA_STS_WARNINGS_MAX + 5; i++) {
        len += (size_t) sprintf(text + len, "%s  d%zu.example: {max_age: 60}"
                                "\n", i == 7 ? "\fmx: m.example\ndomains:\n"
                                             : "", i);
    }

    (void) sprintf(text + len, "mode: enforce\n");

    test_begin(0);
    test.env.warn = keep_last;

    is_int(files_read(&domains, text), MTA_STS_OK, "25 domains");
    is_int(domains.table.n, MTA_STS_WARNINGS_MAX + 5, "are there");
    is_int((long long) test.n_warnings, MTA_STS_WARNINGS_MAX + 1,
           "warnings, and one that counts the rest");
    is_err(&last, 0, 0, "5 more warnings about domains");
    is_str(test.warnings[6].place.file, mta_sts_str("1.yaml"),
           "the first file's come first");
    is_err(&test.warnings[7], 3, 25, "max_age \"60\" is less than a day, some "
           "senders ignore such a policy");
}


int
main(void)
{
    test_warned();
    test_many();

    return done();
}
