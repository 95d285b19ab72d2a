/*
 * Names decide what is served and found.  All spellings of a name must become
 * the same one, and what is no host name must be refused with the reason that
 * helps its author.
 */

#include <idn2.h>

#include "policy/policy.h"
#include "tap.h"


#define CHARS_FAULT  "a host name has only letters, digits, \"-\" and \".\""
#define IP_FAULT     "must be a host name, not an IP address"
#define LIST_FAULT   "must be one host name, not a list"
#define PORT_FAULT   "must be a host name without a port"
#define URL_FAULT    "must be a host name, not a URL"
#define ALABEL_FAULT "a label that begins with \"xn--\" must be an A-label"
#define PREFERENCE_FAULT  "must be a host name, without the preference of an " \
                          "MX record"
#define STAR_FAULT   "\"*\" must be the whole leftmost label"
#define HYPHEN_FAULT "a label must not begin or end with \"-\""

#define L61  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L63  L61 "aa"

/* 4 labels with 3 dots: 192 and the last one */

#define N253  L63 "." L63 "." L63 "." L61
#define N242  L63 "." L63 "." L63 "." "bbbbbbbbbbbbbbbbbbbbbbbbb" \
              "bbbbbbbbbbbbbbbbbbbbbbbbb"


typedef int (*name_fn)(const mta_sts_value_t *value, mta_sts_str_t *name);


static int
name_host(const mta_sts_value_t *value, mta_sts_str_t *name)
{
    return mta_sts_name_host("server name", value, &test.env, name, &test.err);
}


static int
name_domain(const mta_sts_value_t *value, mta_sts_str_t *name)
{
    return mta_sts_name_domain("domain", value, &test.env, name, &test.err);
}


static int
name_mx(const mta_sts_value_t *value, mta_sts_str_t *name)
{
    return mta_sts_name_mx(value, &test.env, name, &test.err);
}


/* Each name, and what it is normalised to. */

static const struct {
    const char  *name;
    const char  *normal;
} good[] = {
    { "example.com", "example.com" },
    { "Example.COM", "example.com" },
    { "example.com.", "example.com" },
    { "localhost", "localhost" },
    { "a", "a" },
    { "A.", "a" },
    { "a-b.c--d.0e", "a-b.c--d.0e" },
    { "1.2.3.4.example", "1.2.3.4.example" },
    { "1.example.2a", "1.example.2a" },
    { "mta-sts.example.com", "mta-sts.example.com" },
    { "xn--bcher-kva.example", "xn--bcher-kva.example" },
    { "XN--BCHER-KVA.example", "xn--bcher-kva.example" },
    { L63, L63 },
    { L63 ".example.", L63 ".example" },

    { "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
    { "B\xc3\x9c" "CHER.Example", "xn--bcher-kva.example" },
    { "b\xc3\xbc" "cher.example.", "xn--bcher-kva.example" },
    { "bu\xcc\x88" "cher.example", "xn--bcher-kva.example" },
    { "b\xc3\xbc" "cher\xe3\x80\x82" "example", "xn--bcher-kva.example" },
    { "b\xc3\xbc" "cher\xe3\x80\x82" "example\xe3\x80\x82",
      "xn--bcher-kva.example" },
    { "example\xe3\x80\x82" "com", "example.com" },
    { "\xef\xbc\xa5xample.com", "example.com" },
    { "stra\xc3\x9f" "e.example", "xn--strae-oqa.example" },
    { "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
      "xn--r8jz45g.xn--zckzah" },

    /* registered, though IDNA 2008 forbids it; and no A-label at all */

    { "xn--i-7iq.ws", "xn--i-7iq.ws" },
    { "ab--c.example", "ab--c.example" },
    { "axn--0.example", "axn--0.example" }
};


/* Each value that is no host name, be it mx or not, and why. */

static const struct {
    const char  *name;
    const char  *fault;
} bad[] = {
    { "", "must not be empty" },
    { ".", "must not be empty" },
    { "..", "has an empty label" },
    { "example..com", "has an empty label" },
    { "example.com..", "has an empty label" },
    { "-a.example", HYPHEN_FAULT },
    { "a-.example", HYPHEN_FAULT },
    { "a.-", HYPHEN_FAULT },
    { L63 "a.com", "has a label of more than 63 characters" },
    { "example." L63 "a", "has a label of more than 63 characters" },
    { "_mta-sts.example.com", "\"_\" is not allowed in a host name" },
    { "a_b", "\"_\" is not allowed in a host name" },
    { "_b\xc3\xbc" "cher.example", "\"_\" is not allowed in a host name" },

    { "post@example.com", "must be a host name, not an e-mail address" },
    { "a@b, c@d", "must be a host name, not an e-mail address" },
    { "a.example,b.example", LIST_FAULT },
    { "a.example b.example", LIST_FAULT },
    { " a.example", LIST_FAULT },

    { "192.0.2.1", IP_FAULT },
    { "192.0.2.1.", IP_FAULT },
    { "[192.0.2.1]", IP_FAULT },
    { "1.2.3", IP_FAULT },
    { "example.25", IP_FAULT },
    { "::", IP_FAULT },
    { "2001:db8::1", IP_FAULT },
    { "[2001:DB8::1]", IP_FAULT },
    { "::ffff:192.0.2.1", IP_FAULT },
    { "\xef\xbc\x91.\xef\xbc\x92", IP_FAULT },

    { "[]", CHARS_FAULT },
    { "[", CHARS_FAULT },
    { "]", CHARS_FAULT },
    { "[::1", CHARS_FAULT },
    { "mx.example.com:25", PORT_FAULT },
    { "192.0.2.1:25", PORT_FAULT },
    { "mx.example.com:", CHARS_FAULT },
    { "mx.example.com:smtp", CHARS_FAULT },
    { "https://example.com", URL_FAULT },
    { "https://example.com:443/x", URL_FAULT },
    { "smtp://a@example.com", URL_FAULT },
    { "example.com/", CHARS_FAULT },
    { "exa\\mple", CHARS_FAULT },
    { "\"a.example\"", CHARS_FAULT },
    { "~a", CHARS_FAULT },
    { "a`", CHARS_FAULT },
    { "a{", CHARS_FAULT },
    { "a/b:", CHARS_FAULT },

    { "\xc2\xad", "must not be empty" },
    { "a.\xc2\xad.example", "has an empty label" },

    { "xn--a.example", ALABEL_FAULT },
    { "mx.xn--0.example", ALABEL_FAULT },
    { "a.xn--99999999", ALABEL_FAULT }
};


/* Invalid UTF-8, and what IDNA 2008 forbids: libidn2 says why. */

static const char  *no_idn[] = {
    "b\xfc" "cher.example",
    "b\xc3.example",
    "a\xed\xa0\x80.example",
    "\xc0\xaf",
    "-b\xc3\xbc.example",
    "\xcc\x88.example",
    "\xe2\x98\x83.\xf3\xa0\x80\x81",
    L61 "\xc3\xbc.example",
    "\xc3\xbc." N253
};


static void
test_good(const char *what, name_fn fn)
{
    size_t           i;
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        test_begin(0);

        value = test_value(mta_sts_str_from(good[i].name), 3, 7);

        if (ok(fn(&value, &name) == MTA_STS_OK, "%s %s", what, good[i].name)) {
            is_str(name, mta_sts_str_from(good[i].normal), "is normalised");
            ok(name.data != good[i].name && name.data[name.len] == '\0',
               "to a copy with a NUL behind");
        }
    }
}


/* An error shows the first 100 bytes of the value. */

static void
is_refused(const char *what, name_fn fn, mta_sts_str_t text,
    const char *fault)
{
    char             expected[512];
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    test_begin(0);

    value = test_value(text, 3, 7);

    (void) snprintf(expected, sizeof(expected), "invalid %s \"%.*s\", %s",
                    what, MTA_STS_SHOW(text), fault);

    /* no bytes that are not UTF-8 */

    mta_sts_str_clean(expected, strlen(expected));

    is_int(fn(&value, &name), MTA_STS_ERROR, "%s is refused", what);
    is_err(&test.err, 3, 7, expected);
}


static void
test_bad(const char *what, name_fn fn)
{
    int     rc;
    size_t  i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_refused(what, fn, mta_sts_str_from(bad[i].name), bad[i].fault);
    }

    is_refused(what, fn, (mta_sts_str_t) { NULL, 0 }, "must not be empty");
    is_refused(what, fn, mta_sts_str("\0"), "must not have a NUL");
    is_refused(what, fn, mta_sts_str("a.example\0"), "must not have a NUL");
    is_refused(what, fn, mta_sts_str("b\xc3\xbc\0.example"),
               "must not have a NUL");

    for (i = 0; i < sizeof(no_idn) / sizeof(no_idn[0]); i++) {
        rc = idn2_to_ascii_8z(no_idn[i], NULL, IDN2_NONTRANSITIONAL);

        ok(rc != IDN2_OK, "libidn2 refuses %s", no_idn[i]);
        is_refused(what, fn, mta_sts_str_from(no_idn[i]), idn2_strerror(rc));
    }
}


static void
is_name(const char *what, name_fn fn, const char *text, const char *expected)
{
    mta_sts_str_t    name = { NULL, 0 };
    mta_sts_value_t  value;

    test_begin(0);

    value = test_value(mta_sts_str_from(text), 3, 7);

    is_int(fn(&value, &name), MTA_STS_OK, "%s of %zu bytes", what,
           strlen(text));
    if (is_str(name, mta_sts_str_from(expected), "is normalised")) {
        is_int(name.data[name.len], '\0', "with a NUL behind");
    }
}


static void
test_lengths(void)
{
    const char  *fault;

    fault = "must not be longer than 253 characters";

    is_name("host", name_host, N253, N253);
    is_name("host", name_host, N253 ".", N253);
    is_name("mx", name_mx, N253, N253);
    is_refused("server name", name_host, mta_sts_str(N253 "a"), fault);
    is_refused("server name", name_host, mta_sts_str(N253 "a."), fault);
    is_refused("server name", name_host, mta_sts_str(N253 "." L63), fault);
    is_refused("mx", name_mx, mta_sts_str("*." N253 "a"), fault);
    is_refused("domain", name_domain, mta_sts_str(N253 "a"), fault);

    fault = "must not be longer than 242 characters, to leave room for "
            "\"_smtp._tls.\"";

    is_name("domain", name_domain, N242, N242);
    is_name("domain", name_domain, N242 ".", N242);
    is_refused("domain", name_domain, mta_sts_str(N242 "b"), fault);
    is_refused("domain", name_domain, mta_sts_str(N253), fault);
}


static void
test_mx(void)
{
    is_name("mx", name_mx, "*.mx.example.net", "*.mx.example.net");
    is_name("mx", name_mx, "*.MX.example.NET.", "*.mx.example.net");
    is_name("mx", name_mx, "*.net", "*.net");
    is_name("mx", name_mx, "*.b\xc3\x9c" "cher.example",
            "*.xn--bcher-kva.example");

    is_refused("mx", name_mx, mta_sts_str("*."),
               "\"*.\" must be followed by a host name");
    is_refused("mx", name_mx, mta_sts_str("*.."),
               "\"*.\" must be followed by a host name");
    is_refused("mx", name_mx, mta_sts_str("*..example"), "has an empty label");
    is_refused("mx", name_mx, mta_sts_str("*.192.0.2.1"), IP_FAULT);
    is_refused("mx", name_mx, mta_sts_str("*.a@example"),
               "must be a host name, not an e-mail address");
    is_refused("mx", name_mx, mta_sts_str("*.a,b"), LIST_FAULT);
    is_refused("mx", name_mx, mta_sts_str("*.a\0"), "must not have a NUL");

    is_refused("mx", name_mx, mta_sts_str("*"),
               "\"*\" must be followed by \".\" and a host name");
    is_refused("mx", name_mx, mta_sts_str("**"), STAR_FAULT);
    is_refused("mx", name_mx, mta_sts_str("*mx.example"), STAR_FAULT);
    is_refused("mx", name_mx, mta_sts_str("mx*.example"), STAR_FAULT);
    is_refused("mx", name_mx, mta_sts_str("mx.*.example"), STAR_FAULT);
    is_refused("mx", name_mx, mta_sts_str("mx.example.*"), STAR_FAULT);
    is_refused("mx", name_mx, mta_sts_str("*.*.example"), STAR_FAULT);
    is_refused("mx", name_mx, mta_sts_str("\0*"), STAR_FAULT);

    is_refused("mx", name_mx, mta_sts_str("10"), PREFERENCE_FAULT);
    is_refused("mx", name_mx, mta_sts_str("10 mx.example"), PREFERENCE_FAULT);
    is_refused("domain", name_domain, mta_sts_str("10"), IP_FAULT);
    is_refused("domain", name_domain, mta_sts_str("10 a.example"), LIST_FAULT);

    is_refused("mx", name_mx, mta_sts_str(".example.com"),
               "the hosts below a domain are \"*.example.com\"");
    is_refused("mx", name_mx, mta_sts_str("."), "must not be empty");
    is_refused("mx", name_mx, mta_sts_str("..a"), "has an empty label");
    is_refused("mx", name_mx, mta_sts_str("*.xn--a.example"), ALABEL_FAULT);
    is_refused("domain", name_domain, mta_sts_str(".example.com"),
               "has an empty label");

    /* a full-width asterisk becomes one only when it is too late */

    is_refused("mx", name_mx, mta_sts_str("\xef\xbc\x8a.example"),
               CHARS_FAULT);

    is_refused("server name", name_host, mta_sts_str("*.example"),
               CHARS_FAULT);
    is_refused("domain", name_domain, mta_sts_str("*.example"), CHARS_FAULT);
}


static int
memory_mx(void)
{
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    value = test_value(mta_sts_str("*.b\xc3\xbc" "cher.example"), 3, 7);

    return name_mx(&value, &name);
}


static int
memory_domain(void)
{
    mta_sts_str_t    name;
    mta_sts_value_t  value;

    value = test_value(mta_sts_str("example.com"), 3, 7);

    return name_domain(&value, &name);
}


static void
test_fold(void)
{
    size_t         i;
    char           buf[300];
    mta_sts_str_t  name;

    static const char  *folds[][2] = {
        { "", "" },
        { ".", "" },
        { "..", "." },
        { "A.Z.", "a.z" },
        { "a.z", "a.z" },
        { "@[`{\xc3\x84", "@[`{\xc3\x84" }
    };

    for (i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
        memset(buf, '#', sizeof(buf));

        name.data = buf;
        name.len = mta_sts_name_fold(mta_sts_str_from(folds[i][0]), buf);

        is_str(name, mta_sts_str_from(folds[i][1]), "fold %s", folds[i][0]);
        is_int(buf[strlen(folds[i][0])], '#', "and nothing after it");
    }
}


static void
test_is_host(void)
{
    size_t  i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is_int(mta_sts_name_is_host(mta_sts_str_from(good[i].name)),
               strcmp(good[i].name, good[i].normal) == 0, "is_host %s",
               good[i].name);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(mta_sts_name_is_host(mta_sts_str_from(bad[i].name)),
               strcmp(bad[i].fault, ALABEL_FAULT) == 0,
               "is_host %s", bad[i].name);
    }

    is_int(mta_sts_name_is_host((mta_sts_str_t) { NULL, 0 }), 0, "nothing");
    is_int(mta_sts_name_is_host(mta_sts_str("a\0b")), 0, "a NUL");
    is_int(mta_sts_name_is_host(mta_sts_str("*.a")), 0, "a wildcard");
    is_int(mta_sts_name_is_host(mta_sts_str(N253)), 1, "253 characters");
    is_int(mta_sts_name_is_host(mta_sts_str(N253 "a")), 0, "254 characters");
}


static void
test_policy_domain(void)
{
    size_t         i;
    mta_sts_str_t  host, domain;

    static const char  *hosts[][2] = {
        { "mta-sts.example.com", "example.com" },
        { "mta-sts.a", "a" },
        { "mta-sts.mta-sts.a", "mta-sts.a" },
        { "mta-sts.", NULL },
        { "mta-sts", NULL },
        { "mta-stsx.example.com", NULL },
        { "mta-sts-example.com", NULL },
        { "www.mta-sts.example.com", NULL },
        { "example.com", NULL },
        { "", NULL }
    };

    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        host = mta_sts_str_from(hosts[i][0]);

        if (hosts[i][1] == NULL) {
            is_int(mta_sts_name_policy_domain(host, &domain), 0,
                   "no policy host: %s", hosts[i][0]);
            continue;
        }

        domain.data = NULL;
        domain.len = 0;

        is_int(mta_sts_name_policy_domain(host, &domain), 1, "policy host %s",
               hosts[i][0]);
        is_str(domain, mta_sts_str_from(hosts[i][1]), "its domain");
        ok(domain.data == host.data + 8, "is a part of it");
    }
}


int
main(void)
{
    test_good("server name", name_host);
    test_good("domain", name_domain);
    test_good("mx", name_mx);

    test_bad("server name", name_host);
    test_bad("domain", name_domain);
    test_bad("mx", name_mx);

    test_lengths();
    test_mx();
    test_memory(memory_mx, "mx");
    test_memory(memory_domain, "domain");
    test_fold();
    test_is_host();
    test_policy_domain();

    return done();
}
