/*
 * A policy host at a wrong address has no policy.  All spellings of an address
 * must become the same one, in an order that does not change between runs.
 */

#include "records/records.h"
#include "values.h"


#define IP_FAULT     "is neither an IP address nor a host name"
#define CHARS_FAULT  "a host name has only letters, digits, \"-\" and \".\""


/* Values, and the targets that they are. */

static const struct {
    const char  *values;
    const char  *targets;
} good[] = {
    { "", "" },

    { "192.0.2.1", "A 192.0.2.1\n" },
    { "0.0.0.0", "A 0.0.0.0\n" },
    { "255.255.255.255", "A 255.255.255.255\n" },

    { "2001:db8::1", "AAAA 2001:db8::1\n" },
    { "2001:DB8::ABCD", "AAAA 2001:db8::abcd\n" },
    { "2001:0db8:0000:0000:0000:0000:0000:0001", "AAAA 2001:db8::1\n" },
    { "2001:db8:0:0:1:0:0:1", "AAAA 2001:db8::1:0:0:1\n" },
    { "2001:db8:0:0:0:1::", "AAAA 2001:db8::1:0:0\n" },
    { "2001:db8::1:1:1:1:1", "AAAA 2001:db8:0:1:1:1:1:1\n" },
    { "0:0:0:0:0:0:0:0", "AAAA ::\n" },
    { "::1", "AAAA ::1\n" },
    { "::ffff:192.0.2.1", "AAAA ::ffff:192.0.2.1\n" },
    { "::FFFF:c000:0201", "AAAA ::ffff:192.0.2.1\n" },
    { "2001:db8::192.0.2.1", "AAAA 2001:db8::c000:201\n" },
    { "1111:2222:3333:4444:5555:6666:123.123.123.123",
      "AAAA 1111:2222:3333:4444:5555:6666:7b7b:7b7b\n" },

    /* A first, otherwise as they came */

    { "192.0.2.2 192.0.2.1", "A 192.0.2.2\nA 192.0.2.1\n" },
    { "2001:db8::2 2001:db8::1", "AAAA 2001:db8::2\nAAAA 2001:db8::1\n" },
    { "2001:db8::1 192.0.2.1", "A 192.0.2.1\nAAAA 2001:db8::1\n" },
    { "2001:db8::2 192.0.2.2 2001:db8::1 192.0.2.1 2001:db8::3 192.0.2.3",
      "A 192.0.2.2\nA 192.0.2.1\nA 192.0.2.3\n"
      "AAAA 2001:db8::2\nAAAA 2001:db8::1\nAAAA 2001:db8::3\n" },

    /* each once */

    { "192.0.2.1 192.0.2.1", "A 192.0.2.1\n" },
    { "2001:db8::1 192.0.2.1 2001:DB8:0::1 192.0.2.2 192.0.2.1 2001:db8::2",
      "A 192.0.2.1\nA 192.0.2.2\nAAAA 2001:db8::1\nAAAA 2001:db8::2\n" },
    { "::ffff:192.0.2.1 192.0.2.1",
      "A 192.0.2.1\nAAAA ::ffff:192.0.2.1\n" },

    { "mx.example.net", "CNAME mx.example.net\n" },
    { "MX.Example.NET.", "CNAME mx.example.net\n" },
    { "b\xc3\xbc" "cher.example", "CNAME xn--bcher-kva.example\n" },
    { "1.2.3.4.example", "CNAME 1.2.3.4.example\n" },
    { "localhost", "CNAME localhost\n" }
};


/* A value that is refused, and why. */

static const struct {
    const char  *value;
    const char  *fault;
} bad[] = {
    { "192.0.2.01", IP_FAULT },
    { "192.0.2.001", IP_FAULT },
    { "192.0.2.256", IP_FAULT },
    { "192.0.2", IP_FAULT },
    { "192.0.2.1.5", IP_FAULT },
    { "1", IP_FAULT },
    { "192.0.2.1.", IP_FAULT },
    { "[2001:db8::1]", IP_FAULT },
    { "[192.0.2.1]", IP_FAULT },

    { "2001:db8::1::", IP_FAULT },
    { "2001:db8::12345", IP_FAULT },
    { "2001:db8::g", IP_FAULT },
    { "fe80::1%eth0", IP_FAULT },
    { "2001:db8::/32", IP_FAULT },
    { "192.0.2.1/32", CHARS_FAULT },
    { "192.0.2.1:443", IP_FAULT },
    { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", IP_FAULT },

    { "*.example.net", CHARS_FAULT },
    { "https://example.net", IP_FAULT },
    { "_mta-sts.example.net", "\"_\" is not allowed in a host name" },
    { ".", "must not be empty" },
    { "mx..example.net", "has an empty label" },
    { "192.0.2.1,192.0.2.2", "must be one host name, not a list" },
    { "a@example.net", "must be a host name, not an e-mail address" }
};


static int
set(const mta_sts_value_t *values, size_t n, mta_sts_target_t *targets,
    size_t *count)
{
    *count = 99;

    return mta_sts_target_set("policy host", values, n, &test.env, targets,
                              count, &test.err);
}


static void
test_good(void)
{
    size_t            i, k, n, count;
    mta_sts_buf_t    text;
    mta_sts_value_t   values[VALUES_MAX];
    mta_sts_target_t  targets[VALUES_MAX];

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        test_begin(0);

        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = &test.env;

        n = values_of(good[i].values, values);

        if (!is_int(set(values, n, targets, &count), MTA_STS_OK,
                    "targets of \"%s\"", good[i].values))
        {
            continue;
        }

        for (k = 0; k < count; k++) {
            mta_sts_buf_add(&text, targets[k].type);
            mta_sts_buf_add_cstr(&text, " ");
            mta_sts_buf_add(&text, targets[k].value);
            mta_sts_buf_add_cstr(&text, "\n");
        }

        is_str(mta_sts_buf_str(&text), mta_sts_str_from(good[i].targets),
               "are these");
    }
}


static void
is_refused(mta_sts_str_t text, const char *fault)
{
    char              expected[512];
    size_t            count;
    mta_sts_value_t   value;
    mta_sts_target_t  target;

    test_begin(0);

    value = test_value(text, 3, 7);

    (void) snprintf(expected, sizeof(expected), "invalid policy host "
                    "\"%.*s\", %s", MTA_STS_SHOW(text), fault);

    is_int(set(&value, 1, &target, &count), MTA_STS_ERROR, "it is refused");
    is_err(&test.err, 3, 7, expected);
}


static void
test_bad(void)
{
    size_t  i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_refused(mta_sts_str_from(bad[i].value), bad[i].fault);
    }

    is_refused(mta_sts_str(""), "must not be empty");
    is_refused((mta_sts_str_t) { NULL, 0 }, "must not be empty");
    is_refused(mta_sts_str("\0"), "must not have a NUL");
    is_refused(mta_sts_str("192.0.2.1\0"), "must not have a NUL");
    is_refused(mta_sts_str("2001:db8::1\0x"), IP_FAULT);
    is_refused(mta_sts_str("mx\0.example.net"), "must not have a NUL");
}


/* Values of which the one at a column is refused. */

static void
are_refused(const char *text, unsigned column, const char *fault)
{
    size_t            n, count;
    mta_sts_value_t   values[VALUES_MAX];
    mta_sts_target_t  targets[VALUES_MAX];

    test_begin(0);

    n = values_of(text, values);

    is_int(set(values, n, targets, &count), MTA_STS_ERROR,
           "\"%s\" are refused", text);
    is_err(&test.err, 7, column, fault);
}


static void
test_alone(void)
{
    are_refused("mx.example.net 192.0.2.1", 1, "policy host "
                "\"mx.example.net\" is a name and must be the only one");
    are_refused("192.0.2.1 MX.example.net.", 11, "policy host "
                "\"MX.example.net.\" is a name and must be the only one");
    are_refused("a.example b.example", 1, "policy host \"a.example\" is a "
                "name and must be the only one");
    are_refused("a.example a.example", 1, "policy host \"a.example\" is a "
                "name and must be the only one");

    /* what is no name at all has its own fault */

    are_refused("192.0.2.1 192.0.2.1 a..b", 21, "invalid policy host "
                "\"a..b\", has an empty label");
}


/* What the values are, the caller says. */

static void
test_what(void)
{
    size_t            count;
    mta_sts_value_t   value;
    mta_sts_target_t  target;

    test_begin(0);

    value = test_value(mta_sts_str("a b"), 3, 7);

    is_int(mta_sts_target_set("host", &value, 1, &test.env, &target, &count,
                              &test.err), MTA_STS_ERROR, "a host");
    is_err(&test.err, 3, 7, "invalid host \"a b\", must be one host name, not "
           "a list");
}


static int
memory(const char *text)
{
    size_t            n, count;
    mta_sts_value_t   values[VALUES_MAX];
    mta_sts_target_t  targets[VALUES_MAX];

    n = values_of(text, values);

    return set(values, n, targets, &count);
}


static int
memory_addresses(void)
{
    return memory("2001:db8::1 192.0.2.1 192.0.2.1");
}


static int
memory_name(void)
{
    return memory("b\xc3\xbc" "cher.example");
}


int
main(void)
{
    test_good();
    test_bad();
    test_alone();
    test_what();
    test_memory(memory_addresses, "addresses");
    test_memory(memory_name, "a name");

    return done();
}
