/*
 * max_age is read as nginx reads a time with a resolution of seconds, to the
 * letter: a time that nginx's users know must mean the same here.  What is
 * expected is what ngx_parse_time(..., 1) of nginx 1.22.1 returns.
 */

#include "policy/policy.h"
#include "tap.h"


static const struct {
    const char  *text;
    int64_t      seconds;
} tests[] = {

    /* bare numbers */

    { "", -1 },
    { "0", 0 },
    { "1", 1 },
    { "604800", 604800 },
    { "31557600", 31557600 },
    { "000000000000000000000000000000007", 7 },
    { "4294967296", INT64_C(4294967296) },
    { "9223372036854775799", INT64_C(9223372036854775799) },
    { "9223372036854775807", INT64_MAX },
    { "9223372036854775808", -1 },
    { "18446744073709551617", -1 },
    { "99999999999999999999999999", -1 },

    /* one unit */

    { "1s", 1 },
    { "1m", 60 },
    { "1h", 3600 },
    { "1d", 86400 },
    { "1w", 604800 },
    { "1M", 2592000 },
    { "1y", 31536000 },
    { "0y", 0 },
    { "52w", 31449600 },
    { "106751991167300d", INT64_C(9223372036854720000) },
    { "106751991167301d", -1 },
    { "292471208678y", -1 },

    /* several, from large to small */

    { "1y1M1w1d1h1m1s", 34822861 },
    { "1y 1M 1w 1d 1h 1m 1s", 34822861 },
    { "1y1", 31536001 },
    { "1w 2", 604802 },
    { "1d12h30m", 131400 },
    { "1h60m", 7200 },
    { "1d   5", 86405 },
    { "1d ", 86400 },
    { "1w1y", -1 },
    { "1m1h", -1 },
    { "1m1M", -1 },
    { "1s1m", -1 },
    { "1w1w", -1 },
    { "1y1y", -1 },
    { "1s1s", -1 },
    { "292471208677y 106751991167300d", -1 },
    { "106751991167300d 9223372036854775799", -1 },

    /* a space is a unit, too; after it comes nothing but a number */

    { "1 ", 1 },
    { "1 2", 3 },
    { " 1", 1 },
    { "1s 2", 3 },
    { "1s ", 1 },
    { "1 2s", -1 },
    { "1 2 3", -1 },
    { "1s 2 3", -1 },
    { " ", -1 },
    { "   ", -1 },

    /* a unit without a number counts nothing, but is there */

    { "y", -1 },
    { "wd", -1 },
    { "w1", 1 },
    { "yd5h", 18000 },
    { "1dm", 86400 },

    /* no times */

    { "1ms", -1 },
    { "1d5ms", -1 },
    { "ms", -1 },
    { "1msx", -1 },
    { "-1", -1 },
    { "+1", -1 },
    { "1.5d", -1 },
    { "1e5", -1 },
    { "0x10", -1 },
    { "1W", -1 },
    { "1D", -1 },
    { "1Y", -1 },
    { "1week", -1 },
    { "one", -1 },
    { "1,000", -1 },
    { "\t1", -1 },
    { "1\n", -1 },
    { "1d\t", -1 },
    { "\xc2\xb2", -1 }
};


int
main(void)
{
    size_t         i;
    mta_sts_str_t  none = { NULL, 0 };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        is_int(mta_sts_duration_parse(mta_sts_str_from(tests[i].text)),
               tests[i].seconds, "\"%s\"", tests[i].text);
    }

    is_int(mta_sts_duration_parse(none), -1, "no text");
    is_int(mta_sts_duration_parse(mta_sts_str("1\0")), -1, "a NUL behind");
    is_int(mta_sts_duration_parse(mta_sts_str("1d\0" "5")), -1, "a NUL inside");

    return done();
}
