/*
 * A zone is where records go: its name may have "_", which no host name has,
 * and what ends like it is not for that reason in it.
 */

#include "policy/policy.h"
#include "tap.h"


#define CHARS_FAULT  "a host name has only letters, digits, \"-\" and \".\""
#define IP_FAULT     "must be a host name, not an IP address"
#define HYPHEN_FAULT "a label must not begin or end with \"-\""

#define L61  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L63  L61 "aa"
#define U63  "_a" L61

/* 4 labels with 3 dots: 192 and the last one */

#define N253  U63 "." L63 "." L63 "." L61


/* Each name, and what it is normalised to. */

static const char  *good[][2] = {
    { "example.com", "example.com" },
    { "Example.COM.", "example.com" },
    { "com", "com" },
    { "_mta-sts.example.com", "_mta-sts.example.com" },
    { "_SMTP._Tls.Example.com.", "_smtp._tls.example.com" },
    { "a_b.example.com", "a_b.example.com" },
    { "a_.example.com", "a_.example.com" },
    { "_.example.com", "_.example.com" },
    { "__.a", "__.a" },
    { "_mta-sts", "_mta-sts" },
    { "_25", "_25" },
    { "2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa" },
    { "_mta-sts.b\xc3\xbc" "cher.example", "_mta-sts.xn--bcher-kva.example" },
    { "B\xc3\x9c" "CHER.example.", "xn--bcher-kva.example" },
    { U63, U63 },
    { N253, N253 },
    { N253 ".", N253 }
};


static const char  *bad[][2] = {
    { "", "must not be empty" },
    { ".", "must not be empty" },
    { "_mta-sts..example.com", "has an empty label" },
    { "._mta-sts", "has an empty label" },
    { "-_.example", HYPHEN_FAULT },
    { "_-.example", HYPHEN_FAULT },
    { "-a.example", HYPHEN_FAULT },
    { U63 "a.example", "has a label of more than 63 characters" },
    { N253 "a", "must not be longer than 253 characters" },
    { N253 "_", "must not be longer than 253 characters" },
    { "_a@example.com", "must be a host name, not an e-mail address" },
    { "_a.example,_b.example", "must be one host name, not a list" },
    { "_a.example _b.example", "must be one host name, not a list" },
    { "192.0.2.1", IP_FAULT },
    { "_a.25", IP_FAULT },
    { "2001:db8::1", IP_FAULT },
    { "*.example.com", CHARS_FAULT },
    { "_a:53", "must be a host name without a port" },
    { "_a.xn--0", "a label that begins with \"xn--\" must be an A-label" },
    { "0/25.2.0.192.in-addr.arpa", CHARS_FAULT }
};


/* Each name and zone, and what is before it; NULL: it is not in it. */

static const char  *in_zone[][3] = {
    { "example.com", "example.com", "" },
    { "a.example.com", "example.com", "a" },
    { "a.b.example.com", "example.com", "a.b" },
    { "_mta-sts.example.com", "example.com", "_mta-sts" },
    { "_smtp._tls.example.com", "_tls.example.com", "_smtp" },
    { "x._mta-sts.p.example", "_mta-sts.p.example", "x" },
    { "example.com.example.com", "example.com", "example.com" },
    { "a.b", "b", "a" },
    { "b", "b", "" },

    { "xexample.com", "example.com", NULL },
    { "x-example.com", "example.com", NULL },
    { "a.xexample.com", "example.com", NULL },
    { "example.com", "a.example.com", NULL },
    { "com", "example.com", NULL },
    { "example.com", "xample.com", NULL },
    { "example.com", "example.org", NULL },
    { "example.com.org", "example.com", NULL },
    { "a.example.com", "b.example.com", NULL },
    { "ab", "b", NULL }
};


static int
zone_name(const mta_sts_value_t *value, mta_sts_str_t *name)
{
    return mta_sts_name_zone("zone", value, &test.env, name, &test.err);
}


static void
test_good(void)
{
    size_t           i;
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        test_begin(0);

        value = test_value(mta_sts_str_from(good[i][0]), 3, 7);

        if (is_int(zone_name(&value, &name), MTA_STS_OK, "zone %s",
                   good[i][0]))
        {
            is_str(name, mta_sts_str_from(good[i][1]), "is normalised");
            ok(name.data != good[i][0] && name.data[name.len] == '\0',
               "to a copy with a NUL behind");
        }
    }
}


static void
is_refused(const char *what, mta_sts_str_t text, const char *fault)
{
    char             expected[512];
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    test_begin(0);

    value = test_value(text, 3, 7);

    (void) snprintf(expected, sizeof(expected), "invalid %s \"%.*s\", %s",
                    what, MTA_STS_SHOW(text), fault);

    is_int(mta_sts_name_zone(what, &value, &test.env, &name, &test.err),
           MTA_STS_ERROR, "%s is refused", what);
    is_err(&test.err, 3, 7, expected);
}


static void
test_bad(void)
{
    size_t  i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_refused("zone", mta_sts_str_from(bad[i][0]), bad[i][1]);
    }

    is_refused("zone", (mta_sts_str_t) { NULL, 0 }, "must not be empty");
    is_refused("zone", mta_sts_str("_a\0"), "must not have a NUL");
    is_refused("zone", mta_sts_str("_b\xc3\xbc\0.example"),
               "must not have a NUL");
    is_refused("provider", mta_sts_str("_a.."), "has an empty label");
}


static void
test_in_zone(void)
{
    size_t         i;
    mta_sts_str_t  name, zone, labels;

    for (i = 0; i < sizeof(in_zone) / sizeof(in_zone[0]); i++) {
        name = mta_sts_str_from(in_zone[i][0]);
        zone = mta_sts_str_from(in_zone[i][1]);

        labels = mta_sts_str("nothing");

        if (in_zone[i][2] == NULL) {
            is_int(mta_sts_name_in_zone(name, zone, &labels), 0,
                   "%s is not in %s", in_zone[i][0], in_zone[i][1]);
            continue;
        }

        is_int(mta_sts_name_in_zone(name, zone, &labels), 1, "%s is in %s",
               in_zone[i][0], in_zone[i][1]);
        is_str(labels, mta_sts_str_from(in_zone[i][2]), "what is before it");
        ok(labels.len == 0 || labels.data == name.data, "is a part of it");
    }
}


static int
memory_zone(void)
{
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    value = test_value(mta_sts_str("_mta-sts.example.com"), 3, 7);

    return zone_name(&value, &name);
}


static int
memory_idn(void)
{
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    value = test_value(mta_sts_str("_a.b\xc3\xbc" "cher.example"), 3, 7);

    return zone_name(&value, &name);
}


int
main(void)
{
    test_good();
    test_bad();
    test_in_zone();
    test_memory(memory_zone, "zone");
    test_memory(memory_idn, "zone with a U-label");

    return done();
}
