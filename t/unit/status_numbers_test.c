/*
 * Counters are 64 bits wide, and so is what is shown of them, also where a long
 * has 32: t/numbers.t compiles this for such a machine, too.  Bars have the
 * right heights.
 */

#include "status/status.h"
#include "tap.h"


#define EXACT  9007199254740993u          /* 2^53 + 1: no double has it */


static mta_sts_status_view_t    view;
static mta_sts_status_policy_t  policies[] = {
    { { "hosted", 6 }, EXACT }
};
static mta_sts_status_file_t    files[] = {
    { { "a.table", 7 }, 5000000000u, EXACT, 5000000000 }
};


/* How often the answer has a text. */

static long long
count(mta_sts_status_format_e format, const char *text)
{
    size_t         len;
    long long      n;
    const char    *p, *end;
    mta_sts_str_t  answer;

    if (mta_sts_status_text(&view, format, mta_sts_str("v1"), &answer,
                            &test.err)
        != MTA_STS_OK)
    {
        abort();
    }

    n = 0;
    len = strlen(text);
    p = answer.data;
    end = p + answer.len;

    while ((p = memmem(p, (size_t) (end - p), text, len))) {
        p += len;
        n++;
    }

    return n;
}


static void
test_numbers(void)
{
    test_begin(0);

    view.fetches = UINT64_MAX;
    view.bytes = EXACT;
    view.uncounted = 4294967296u;
    view.requests[MTA_STS_STATUS_200][MTA_STS_ENFORCE] = UINT64_MAX;

    is_int(count(MTA_STS_STATUS_JSON, "\"fetches\": 18446744073709551615,"), 1,
           "JSON: 2^64 - 1");
    is_int(count(MTA_STS_STATUS_JSON, "\"bytes\": 9007199254740993,\n"), 1,
           "... 2^53 + 1");
    is_int(count(MTA_STS_STATUS_JSON, "\"uncounted\": 4294967296\n"), 1,
           "... 2^32");
    is_int(count(MTA_STS_STATUS_JSON, "\"fetches\": 9007199254740993}"), 1,
           "... of a policy");
    is_int(count(MTA_STS_STATUS_JSON, "\"domains\": 5000000000, "
                 "\"bytes\": 9007199254740993, \"modified\": 5000000000}"), 1,
           "... of a file");

    is_int(count(MTA_STS_STATUS_PROMETHEUS, " 18446744073709551615\n"), 1,
           "metrics: 2^64 - 1");
    is_int(count(MTA_STS_STATUS_PROMETHEUS, " 9007199254740993\n"), 3,
           "... 2^53 + 1");

    is_int(count(MTA_STS_STATUS_HTML, "18,446,744,073,709,551,615"), 2,
           "page: 2^64 - 1");
    is_int(count(MTA_STS_STATUS_HTML, "9,007,199,254,740,993"), 1,
           "... 2^53 + 1");
}


static void
test_bars(void)
{
    test_begin(0);

    is_int(count(MTA_STS_STATUS_HTML, " height=\"0\""), MTA_STS_STATUS_HOURS,
           "hours without fetches");

    view.hours[0] = 1;
    view.hours[1] = 1u << 31;
    view.hours[2] = 1ull << 32;
    view.hours[3] = 1ull << 32;

    is_int(count(MTA_STS_STATUS_HTML, "y=\"149\" width=\"24\" height=\"1\""),
           1, "few fetches can be seen");
    is_int(count(MTA_STS_STATUS_HTML, "y=\"85\" width=\"24\" height=\"65\""), 1,
           "half as many, half as high");
    is_int(count(MTA_STS_STATUS_HTML, "y=\"20\" width=\"24\" height=\"130\""),
           2, "the highest");
    is_int(count(MTA_STS_STATUS_HTML, ">4,294,967,296</text>"), 1,
           "... has its number");
}


int
main(void)
{
    view.env = &test.env;
    view.policies = policies;
    view.n_policies = 1;
    view.files = files;
    view.n_files = 1;

    test_numbers();
    test_bars();

    return done();
}
