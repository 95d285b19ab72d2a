/*
 * Slices and growing texts: every other room relies on them for empty slices,
 * for bytes that are no characters, and for running out of memory halfway.
 */

#include "base/base.h"
#include "tap.h"


#define EMPTY  ((mta_sts_str_t) { NULL, 0 })


static void
test_compare(void)
{
    size_t  i;

    static const struct {
        const char  *a;
        const char  *b;
        int          cmp;
        int          caseeq;
        int          starts;             /* a with b */
        int          ends;
    } tests[] = {
        { "", "", 0, 1, 1, 1 },
        { "a", "", 1, 0, 1, 1 },
        { "", "a", -1, 0, 0, 0 },
        { "abc", "abc", 0, 1, 1, 1 },
        { "abc", "ab", 1, 0, 1, 0 },
        { "abc", "bc", -1, 0, 0, 1 },
        { "ab", "abc", -1, 0, 0, 0 },
        { "abc", "abd", -1, 0, 0, 0 },
        { "b", "abc", 1, 0, 0, 0 },
        { "Abc", "aBC", -1, 1, 0, 0 },
        { "[bc", "{bc", -1, 0, 0, 0 },
        { "@", "`", -1, 0, 0, 0 },
        { "\xff", "a", 1, 0, 0, 0 },
        { "\xc3\x84", "\xc3\xa4", -1, 0, 0, 0 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        mta_sts_str_t  a = mta_sts_str_from(tests[i].a);
        mta_sts_str_t  b = mta_sts_str_from(tests[i].b);
        int            cmp = mta_sts_str_cmp(a, b);

        is_int((cmp > 0) - (cmp < 0), tests[i].cmp, "cmp %s %s", tests[i].a,
               tests[i].b);
        is_int(mta_sts_str_eq(a, b), tests[i].cmp == 0, "eq %s %s",
               tests[i].a, tests[i].b);
        is_int(mta_sts_str_caseeq(a, b), tests[i].caseeq, "caseeq %s %s",
               tests[i].a, tests[i].b);
        is_int(mta_sts_str_starts(a, b), tests[i].starts, "starts %s %s",
               tests[i].a, tests[i].b);
        is_int(mta_sts_str_ends(a, b), tests[i].ends, "ends %s %s",
               tests[i].a, tests[i].b);
    }
}


static void
test_slices(void)
{
    mta_sts_str_t  nul;

    nul = mta_sts_str("a\0b");

    is_int((long long) nul.len, 3, "a literal counts its NUL");
    ok(!mta_sts_str_eq(nul, mta_sts_str("a\0c")), "bytes behind a NUL differ");
    ok(mta_sts_str_cmp(nul, mta_sts_str("a\0c")) < 0, "and have an order");

    ok(mta_sts_str_eq(EMPTY, mta_sts_str("")), "no data equals empty");
    ok(mta_sts_str_caseeq(EMPTY, mta_sts_str("")), "also without case");
    is_int(mta_sts_str_cmp(EMPTY, mta_sts_str("")), 0, "and in order");

    is_str(mta_sts_str_after(mta_sts_str("abc"), 0), mta_sts_str("abc"),
           "after 0");
    is_str(mta_sts_str_after(mta_sts_str("abc"), 2), mta_sts_str("c"),
           "after 2");
    is_str(mta_sts_str_after(mta_sts_str("abc"), 3), mta_sts_str(""),
           "after all");
    is_str(mta_sts_str_from("a\0b"), mta_sts_str("a"), "from ends at NUL");

    ok(mta_sts_str_is_ascii(EMPTY), "empty is ASCII");
    ok(mta_sts_str_is_ascii(mta_sts_str("\0 ~\x7f")), "0x00 to 0x7f is");
    ok(!mta_sts_str_is_ascii(mta_sts_str("a\x80")), "0x80 is not");
    ok(!mta_sts_str_is_ascii(mta_sts_str("\xff" "a")), "0xff is not");
}


static void
test_clean(void)
{
    size_t         i;
    char           text[64];
    mta_sts_str_t  cleaned;

    static const struct {
        mta_sts_str_t  text;
        mta_sts_str_t  cleaned;
    } tests[] = {
#define TEST(text, cleaned)  { { text, sizeof(text) - 1 },                    \
                               { cleaned, sizeof(cleaned) - 1 } }

        TEST("", ""),
        TEST("a \t\r\n\0\x1b\x7f~", "a ??????~"),

        /* characters, whose bytes may be those of C1 */

        TEST("b\xc3\xbc\xc4\x9b\xc2\xa0", "b\xc3\xbc\xc4\x9b\xc2\xa0"),
        TEST("\xe0\xa4\x9b\xed\x9f\xbf\xe2\x82\xac",
             "\xe0\xa4\x9b\xed\x9f\xbf\xe2\x82\xac"),
        TEST("\xf0\x9f\x93\xa7\xf4\x8f\xbf\xbf",
             "\xf0\x9f\x93\xa7\xf4\x8f\xbf\xbf"),
        TEST("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5",
             "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5"),
        TEST("\xef\xbf\xbd\xee\x80\x80", "\xef\xbf\xbd\xee\x80\x80"),

        /* C1, ends of lines, and directions */

        TEST("\xc2\x80\xc2\x85\xc2\x9b" "2J", "??????2J"),
        TEST("\xe2\x80\xa8" "a\xe2\x80\xa9", "???a???"),
        TEST("\xe2\x80\xae" "a\xe2\x81\xa6", "???a???"),

        /* bytes that are no character */

        TEST("\x80 \x9b" "31m\x9f", "? ?31m?"),
        TEST("\xfc\x9b\xa0\xff", "????"),
        TEST("\xc0\x9b\xc1\x9b", "????"),
        TEST("\xe0\x82\x9b\xf0\x80\x82\x9b", "???????"),
        TEST("\xed\xa0\x9b\xf4\x90\x9b\xf5\x9b", "????????"),
        TEST("\xc4" "a\x9b\xc4\x9b\x9b", "?a?\xc4\x9b?"),
        TEST("\xc4\x1b[", "??["),
        TEST("kund\xe9/\xe9t\xe9.txt", "kund?/?t?.txt"),
        TEST("a\xe2\x82 \xf0\x9f\x93 \xe2\x82", "a?? ??? ??"),
        TEST("\xef\xbf\xbe\xef\xbf\xbf", "??????")
#undef TEST
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        memcpy(text, tests[i].text.data, tests[i].text.len);
        mta_sts_str_clean(text, tests[i].text.len);

        cleaned.data = text;
        cleaned.len = tests[i].text.len;

        is_str(cleaned, tests[i].cleaned, "clean %zu", i);
    }
}


static void
test_copy(void)
{
    mta_sts_str_t  str, copy;

    test_begin(0);

    str = mta_sts_str("a\0b");
    copy = mta_sts_str_copy(&test.env, str);

    is_str(copy, str, "copy");
    ok(copy.data != str.data && copy.data[3] == '\0', "with a NUL behind");

    copy = mta_sts_str_copy(&test.env, EMPTY);

    ok(copy.data && copy.len == 0 && copy.data[0] == '\0', "copy of nothing");

    test_begin(1);

    copy = mta_sts_str_copy(&test.env, str);

    ok(copy.data == NULL && copy.len == 0, "copy without memory");
}


static void
test_grow(void)
{
    char             big[5000];
    size_t           i;
    mta_sts_str_t    str;
    mta_sts_buf_t   text = { &test.env, NULL, 0, 0, 0 };

    test_begin(0);

    is_str(mta_sts_buf_str(&text), EMPTY, "a text begins empty");

    mta_sts_buf_add(&text, EMPTY);
    mta_sts_buf_add_cstr(&text, "");

    is_int((long long) test.n, 0, "nothing added, nothing allocated");

    mta_sts_buf_add(&text, mta_sts_str("a\0"));
    mta_sts_buf_add_cstr(&text, "-");
    mta_sts_buf_add_uint(&text, 0);
    mta_sts_buf_add_cstr(&text, "-");
    mta_sts_buf_add_uint(&text, UINT64_MAX);

    is_str(mta_sts_buf_str(&text), mta_sts_str("a\0-0-18446744073709551615"),
           "all that was added");

    text.len = 0;

    for (i = 0; i < sizeof(big); i++) {
        big[i] = (char) ('a' + i % 26);
        str.data = &big[i];
        str.len = 1;
        mta_sts_buf_add(&text, str);
    }

    str.data = big;
    str.len = sizeof(big);

    is_str(mta_sts_buf_str(&text), str, "5000 bytes, one by one");
    ok(test.n < 10, "in %zu allocations", test.n);

    mta_sts_buf_add(&text, str);

    is_int((long long) text.len, 10000, "5000 more at once");
    ok(memcmp(text.data, big, sizeof(big)) == 0
       && memcmp(text.data + sizeof(big), big, sizeof(big)) == 0,
       "with what was there kept");
    is_int(text.failed, 0, "not failed");
}


static void
test_grow_memory(void)
{
    size_t           len;
    mta_sts_buf_t   text = { &test.env, NULL, 0, 0, 0 };

    test_begin(1);

    mta_sts_buf_add_cstr(&text, "a");

    ok(text.failed && text.len == 0, "no memory for the first byte");

    mta_sts_buf_add_cstr(&text, "b");

    ok(text.failed && text.len == 0 && test.n == 1, "nor asked for again");

    test_begin(2);
    memset(&text, 0, sizeof(mta_sts_buf_t));
    text.env = &test.env;

    do {
        len = text.len;
        mta_sts_buf_add_cstr(&text, "0123456789");
    } while (!text.failed && len < 100000);

    is_int(text.failed, 1, "no memory to grow");
    ok(len > 0 && text.len == len, "what was there is not lost");

    mta_sts_buf_add_uint(&text, 1);

    is_int((long long) text.len, (long long) len, "a short one is not added");
}


int
main(void)
{
    test_compare();
    test_slices();
    test_clean();
    test_copy();
    test_grow();
    test_grow_memory();

    return done();
}
