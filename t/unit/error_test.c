/*
 * Errors and warnings show untrusted input: it must not steer the terminal, nor
 * push the rule out of the message.
 */

#include "base/base.h"
#include "tap.h"


static void
test_error(void)
{
    int              rc;
    mta_sts_value_t  value;

    test_begin(0);

    value = test_value(mta_sts_str("x"), 3, 7);

    rc = mta_sts_error(&test.err, value.place, "invalid \"%.*s\", %d",
                       MTA_STS_SHOW(value.text), 5);

    is_int(rc, MTA_STS_ERROR, "an error returns MTA_STS_ERROR");
    is_err(&test.err, 3, 7, "invalid \"x\", 5");

    is_int(mta_sts_error_memory(&test.err), MTA_STS_ERROR,
           "so does a failed allocation");
    is_err(&test.err, 0, 0, "out of memory");

    value.text.data = NULL;
    value.text.len = 0;

    (void) mta_sts_error(&test.err, value.place, "\"%.*s\"",
                         MTA_STS_SHOW(value.text));
    is_err(&test.err, 3, 7, "\"\"");

    mta_sts_warn(&test.env, value.place, "%s", "first");
    mta_sts_warn(&test.env, value.place, "second\n");

    test.env.warn = NULL;
    mta_sts_warn(&test.env, value.place, "%s", "nobody listens");

    is_int((long long) test.n_warnings, 2, "two warnings");
    is_err(&test.warnings[0], 3, 7, "first");
    is_err(&test.warnings[1], 3, 7, "second?");
    is_err(&test.err, 3, 7, "\"\"");
}


static void
test_printable(void)
{
    int              ch;
    char             in[34];
    mta_sts_place_t  place = test_value(mta_sts_str(""), 1, 1).place;

    for (ch = 1; ch < ' '; ch++) {
        in[ch - 1] = (char) ch;
    }

    in[31] = 0x7f;
    in[32] = '~';
    in[33] = '\0';

    (void) mta_sts_error(&test.err, place, "%s", in);
    is_err(&test.err, 1, 1, "????????????????????????????????~");

    (void) mta_sts_error(&test.err, place, "%s", "b\xc3\xbc" "cher \xe2\x82");
    is_err(&test.err, 1, 1, "b\xc3\xbc" "cher ??");

    /* U+009B begins a control sequence, as ESC "[" does */

    (void) mta_sts_error(&test.err, place, "%s", "a\xc2\x9b" "2Jb");
    ok(strstr(test.err.text, "\xc2\x9b") == NULL, "no C1 control characters");
}


static void
test_long(void)
{
    char           in[600];
    mta_sts_str_t  str;

    memset(in, 'a', sizeof(in));

    str.data = in;
    str.len = 100;

    (void) mta_sts_error(&test.err, test_value(str, 0, 0).place, "%.*s.",
                         MTA_STS_SHOW(str));
    is_int((long long) strlen(test.err.text), 101, "100 bytes are shown");

    str.len = 101;

    (void) mta_sts_error(&test.err, test_value(str, 0, 0).place, "%.*s.",
                         MTA_STS_SHOW(str));
    is_int((long long) strlen(test.err.text), 101, "and no more");
    is_int(test.err.text[100], '.', "with the rule after them");

    in[sizeof(in) - 1] = '\0';

    (void) mta_sts_error(&test.err, test_value(str, 0, 0).place, "%s", in);
    is_int((long long) strlen(test.err.text), sizeof(test.err.text) - 1,
           "a text that is too long is cut");
}


int
main(void)
{
    test_error();
    test_printable();
    test_long();

    return done();
}
