/*
 * A report URI goes into the DNS as it is: a typing mistake in it means that
 * no report ever comes, and a "," or ";" that is not encoded breaks the whole
 * record.
 */

#include "policy/policy.h"
#include "tap.h"


#define SLASHES  "\"mailto:\" must be followed by an e-mail address, " \
                 "without \"//\""
#define SCHEME   "must begin with \"mailto:\" or \"https:\""
#define CHARS    "must be a URI, other characters percent-encoded"
#define PERCENT  "\"%\" must be followed by two hex digits"
#define LIST     "must be one URI, not a list"
#define ADDRESS  "\"mailto:\" must be followed by an e-mail address"
#define AT_HOST  "must have a host name after \"@\""
#define HOST     "\"https:\" must be followed by \"//\" and a host name"
#define PORT     "must have a port number after \":\""

#define L49   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define N253  L49 "b." L49 "b." L49 "b." L49 "b." L49


/* Each URI, and what is wrong with it, or NULL. */

static const struct {
    const char  *uri;
    const char  *fault;
} tests[] = {
    { "mailto:tls-reports@example.com", NULL },
    { "MailTo:tls@Example.COM", NULL },
    { "mailto:a@localhost", NULL },
    { "mailto:a@example.com.", NULL },
    { "mailto:a!b$&'()*+,;=:/._~-@example.com", NULL },
    { "mailto:a%2Cb%c3%BC@example.com", NULL },
    { "mailto:a@example.com?subject=x&cc=b@c,d", NULL },
    { "mailto:a@example.com?", NULL },
    { "mailto:a@" N253, NULL },
    { "mailto:a@xn--bcher-kva.example", NULL },

    { "https://example.com", NULL },
    { "HTTPS://Example.com/", NULL },
    { "https://example.com/v1/tlsrpt?a=b;c,d!e#f", NULL },
    { "https://example.com?x", NULL },
    { "https://example.com#x", NULL },
    { "https://example.com:8443/x", NULL },
    { "https://example.com:1", NULL },
    { "https://example.com:65535", NULL },
    { "https://example.com/@:[x]", NULL },
    { "https://" N253 "/", NULL },

    { "", SCHEME },
    { "mailto", SCHEME },
    { "https", SCHEME },
    { "tls@example.com", "must be a URI: \"mailto:tls@example.com\"" },
    { "tls@example.com?x", "must be a URI: \"mailto:tls@example.com?x\"" },
    { "tls@", SCHEME },
    { "tls @example.com", SCHEME },
    { "http://example.com/", SCHEME },
    { "httpsx://example.com/", SCHEME },
    { " mailto:a@example.com", SCHEME },
    { "\"mailto:a@example.com\"", SCHEME },
    { "\xc3\xbc", SCHEME },

    { "mailto:a b@example.com", CHARS },
    { "mailto:a@example.com ", CHARS },
    { "mailto:a@example.com\n", CHARS },
    { "mailto:a\t@example.com", CHARS },
    { "mailto:a\x7f@example.com", CHARS },
    { "mailto:a\"@example.com", CHARS },
    { "mailto:<a@example.com>", CHARS },
    { "mailto:a\\@example.com", CHARS },
    { "mailto:a^@example.com", CHARS },
    { "mailto:a`@example.com", CHARS },
    { "mailto:a{@example.com", CHARS },
    { "mailto:a|@example.com", CHARS },
    { "mailto:a}@example.com", CHARS },
    { "mailto:a@b\xc3\xbc" "cher.example", CHARS },
    { "https://example.com/\xff", CHARS },
    { "https://example.com/a b", CHARS },
    { "https:// example.com/", CHARS },

    { "mailto:a%2@example.com", PERCENT },
    { "mailto:a%@example.com", PERCENT },
    { "mailto:a%g0@example.com", PERCENT },
    { "https://example.com/%", PERCENT },
    { "https://example.com/%4", PERCENT },
    { "https://example.com/%4g", PERCENT },
    { "https://example.com/%%41", PERCENT },

    { "mailto:a@example.com,mailto:b@example.com", LIST },
    { "mailto:a@example.com,MAILTO:b@example.com", LIST },
    { "mailto:a@example.com,https://example.com", LIST },
    { "https://example.com/,mailto:b@example.com", LIST },
    { "https://example.com/,HTTPS://example.com", LIST },
    { "mailto:a@example.com, mailto:b@example.com", LIST },
    { "mailto:a@example.com mailto:b@example.com", LIST },
    { "https://example.com/ ,  https://example.net", LIST },

    { "mailto:", ADDRESS },
    { "mailto:a", ADDRESS },
    { "mailto:example.com", ADDRESS },
    { "mailto:@example.com", ADDRESS },
    { "mailto:?to=a@example.com", ADDRESS },
    { "mailto://example.com", SLASHES },
    { "mailto://a@example.com", SLASHES },

    { "mailto:a@", AT_HOST },
    { "mailto:a@?x", AT_HOST },
    { "mailto:a@.", AT_HOST },
    { "mailto:a@b@example.com", AT_HOST },
    { "mailto:a@example.com,b@example.org", AT_HOST },
    { "mailto:a@example..com", AT_HOST },
    { "mailto:a@ex_ample.com", AT_HOST },
    { "mailto:a@192.0.2.1", AT_HOST },
    { "mailto:a@[192.0.2.1]", AT_HOST },
    { "mailto:a@" N253 "b", AT_HOST },
    { "mailto:a@" N253 "." N253, AT_HOST },

    { "https:", HOST },
    { "https:/", HOST },
    { "https:/example.com", HOST },
    { "https:example.com", HOST },
    { "https://", HOST },
    { "https:///x", HOST },
    { "https://?x", HOST },
    { "https://:443/", HOST },
    { "https://user@example.com/", HOST },
    { "https://192.0.2.1/", HOST },
    { "https://ex_ample.com/", HOST },
    { "https://example..com/", HOST },
    { "https://" N253 "b/", HOST },

    { "https://example.com:https/", PORT },
    { "https://example.com:443x/", PORT },
    { "https://example.com:-1/", PORT },
    { "https://example.com:655350/", PORT },
    { "https://example.com:65536/", PORT },
    { "https://example.com:99999", PORT },
    { "https://example.com:0/", PORT },
    { "https://example.com:4294967297/", PORT },
    { "https://example.com:1:2/", PORT },
    { "https://user:secret@example.com/", HOST },
    { "https://[2001:db8::1]/", HOST },
    { "https://[2001:db8::1]:443/", HOST }
};


static void
is_checked(mta_sts_str_t uri, const char *fault)
{
    int              rc;
    char             expected[512];
    size_t           i;
    mta_sts_value_t  value;

    test_begin(0);

    value = test_value(uri, 3, 7);
    rc = mta_sts_uri_check_rua(&value, &test.err);

    if (fault == NULL) {
        ok(rc == MTA_STS_OK, "accepts %.*s %s", MTA_STS_SHOW(uri),
           test.err.text);
        return;
    }

    (void) snprintf(expected, sizeof(expected),
                    "invalid tlsrpt_rua \"%.*s\", %s", MTA_STS_SHOW(uri),
                    fault);

    for (i = 0; expected[i]; i++) {
        if (strchr("\t\n\x7f\xff", expected[i])) {
            expected[i] = '?';
        }
    }

    is_int(rc, MTA_STS_ERROR, "refuses %.*s", MTA_STS_SHOW(uri));
    is_err(&test.err, 3, 7, expected);
}


static void
test_encode(void)
{
    int              rc;
    size_t           i;
    mta_sts_str_t    uri;
    mta_sts_value_t  value;

    static const char  *uris[][2] = {
        { "mailto:a@example.com", "mailto:a@example.com" },
        { "MAILTO:A@Example.com", "mailto:A@Example.com" },
        { "HttpS://Example.com/A", "https://Example.com/A" },
        { "mailto:a,b!c;d@example.com", "mailto:a%2Cb%21c%3Bd@example.com" },
        { "mailto:a%2Cb@example.com", "mailto:a%2Cb@example.com" },
        { "https://example.com/;;!!,,", "https://example.com/"
          "%3B%3B%21%21%2C%2C" },
        { "https://example.com/?a=b&c#d", "https://example.com/?a=b&c#d" }
    };

    for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        test_begin(0);

        value = test_value(mta_sts_str_from(uris[i][0]), 3, 7);
        rc = mta_sts_uri_rua(&value, &test.env, &uri, &test.err);

        if (is_int(rc, MTA_STS_OK, "takes %s", uris[i][0])) {
            is_str(uri, mta_sts_str_from(uris[i][1]), "... encoded");
            is_int(uri.data[uri.len], '\0', "... followed by a NUL");
        }
    }

    test_begin(0);
    value = test_value(mta_sts_str("mailto:"), 3, 7);
    rc = mta_sts_uri_rua(&value, &test.env, &uri, &test.err);

    is_int(rc, MTA_STS_ERROR, "nothing is encoded but what is right");
    is_err(&test.err, 3, 7, "invalid tlsrpt_rua \"mailto:\", " ADDRESS);

    test_begin(1);
    value = test_value(mta_sts_str("mailto:a,b@example.com"), 3, 7);
    rc = mta_sts_uri_rua(&value, &test.env, &uri, &test.err);

    is_int(rc, MTA_STS_ERROR, "without memory");
    is_str(mta_sts_str_from(test.err.text), mta_sts_str("out of memory"),
           "... it says so");
}


int
main(void)
{
    size_t         i;
    mta_sts_str_t  uri;
    mta_sts_str_t  none = { NULL, 0 };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        is_checked(mta_sts_str_from(tests[i].uri), tests[i].fault);
    }

    is_checked(none, SCHEME);
    is_checked(mta_sts_str("mailto:a\0@example.com"), CHARS);
    is_checked(mta_sts_str("mailto:a@example.com\0"), CHARS);
    is_checked(mta_sts_str("https://example.com\0/"), CHARS);

    /* what follows a slice is no part of it */

    uri = mta_sts_str("https://example.com/%41");

    for (i = 1; i <= 2; i++) {
        uri.len--;
        is_checked(uri, PERCENT);
    }

    uri = mta_sts_str("mailto:a@example.com");
    uri.len = strlen("mailto:a");
    is_checked(uri, ADDRESS);

    test_encode();

    return done();
}
