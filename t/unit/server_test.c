/*
 * What a server block serves follows from its names and its effective policy:
 * which of nginx's kinds of names become policy domains, which make the policy
 * the default policy and for which hosts, and when nothing is served.
 */

#include "serve/serve.h"
#include "names.h"
#include "set.h"


#define L63   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define N242  L63 "." L63 "." L63 ".bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
              "bbbbbbbbb"

#define DEFAULT  "mx mail.example.net"


static int
build(mta_sts_server_t *server, mta_sts_settings_t *settings, const char *text)
{
    size_t                 n;
    mta_sts_server_name_t  names[NAMES_MAX];

    n = names_of(text, names);

    return mta_sts_server_build(server, settings, names, n, &test.env,
                                &test.err);
}


/* Each server with its domains, in order, and its default policy. */

static const struct {
    const char  *names;
    const char  *domains;
    int          defaults;
} servers[] = {
    { "mta-sts.a.example", "a.example ", 0 },
    { "MTA-STS.A.Example", "a.example ", 0 },
    { "mta-sts.b.example mta-sts.a.example", "b.example a.example ", 0 },
    { "www.example mta-sts.a.example", "a.example ", 0 },
    { "mta-sts.a.example mta-sts.a.example", "a.example ", 0 },
    { "mta-sts.xn--bcher-kva.example", "xn--bcher-kva.example ", 0 },
    { "mta-sts.a", "a ", 0 },
    { "mta-sts." N242, N242 " ", 0 },
    { ".mta-sts.a.example", "a.example ", 1 },
    { ".a.example", "", 1 },
    { "*.a.example", "", 1 },
    { "mta-sts.*", "", 1 },
    { "~^mta-sts\\.(?<name>.+)$", "", 1 },
    { "~x", "", 1 },
    { "mta-sts.a.example *.b.example", "a.example ", 1 }
};


static void
test_names(void)
{
    char                     domains[512];
    size_t                   i, cursor, bad;
    mta_sts_entry_t          entry;
    mta_sts_server_t         server;
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *served;

    bad = 0;

    for (i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        test_begin(0);
        (void) set_lines(&settings, DEFAULT);

        if (!ok(build(&server, &settings, servers[i].names) == MTA_STS_OK,
                "names %s", servers[i].names))
        {
            continue;
        }

        domains[0] = '\0';
        cursor = 0;
        served = server.default_policy;

        while (mta_sts_table_next(&server.table, &cursor, &entry)) {
            (void) strncat(domains, entry.domain.data, entry.domain.len);
            (void) strcat(domains, " ");
            bad += served && entry.policy != served;
            served = entry.policy;
        }

        is_str(mta_sts_str_from(domains), mta_sts_str_from(servers[i].domains),
               "their domains");
        is_int(server.default_policy != NULL, servers[i].defaults,
               "their default policy");
        is_str(mta_sts_policy_body(served), mta_sts_str("version: STSv1\r\n"
               "mode: testing\r\nmx: mail.example.net\r\n"
               "max_age: 604800\r\n"), "their policy");
        is_int((long long) test.n_warnings, 0, "no warnings");
    }

    is_int((long long) bad, 0, "a server has one policy");
}


/* An inherited policy is not served where no name can match a policy host. */

static void
test_nothing(void)
{
    size_t              i;
    mta_sts_server_t    server;
    mta_sts_settings_t  settings, parent;

    static const char  *names[] = {
        "", "www.example", "mta-sts", "mta-stsx.a.example", "mta-sts.",
        "www.mta-sts.a.example", "_", "www.*", "mta-stsx.*"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        test_begin(0);
        (void) set_lines(&parent, "\n\nmax_age 1\nmx mail.example");
        (void) set_lines(&settings, "");
        mta_sts_settings_inherit(&settings, &parent);

        test.n_warnings = 0;
        memset(&server, 0xa5, sizeof(mta_sts_server_t));

        is_int(build(&server, &settings, names[i]), MTA_STS_OK,
               "inherited for \"%s\"", names[i]);
        ok(server.table.n == 0 && server.default_policy == NULL,
           "serves nothing");
        is_int((long long) test.n_warnings, 0, "no warnings");

        (void) set_lines(&settings, "\n\nmode enforce\nmx mail.example");

        is_int(build(&server, &settings, names[i]), MTA_STS_OK, "its own");
        ok(server.table.n == 0 && server.default_policy == NULL,
           "serves nothing");
        is_int((long long) test.n_warnings, 1, "one warning");
        is_err(&test.warnings[0], 4, 1, "no server name begins with "
               "\"mta-sts.\", the policy is not served");
    }

    test_begin(0);
    (void) set_lines(&settings, "");
    memset(&server, 0xa5, sizeof(mta_sts_server_t));

    is_int(build(&server, &settings, "mta-sts.a.example *.b"), MTA_STS_OK,
           "no policy at all");
    ok(server.table.n == 0 && server.default_policy == NULL, "serves nothing");

    (void) set_lines(&parent, "max_age 1w\nmode enforce");
    mta_sts_settings_inherit(&settings, &parent);

    is_int(build(&server, &settings, "mta-sts.a.example *.b"), MTA_STS_OK,
           "settings without mx, inherited");
    ok(server.table.n == 0 && server.default_policy == NULL, "serve nothing");

    (void) set_lines(&settings, "");
    (void) set_lines(&parent, "mode none");
    mta_sts_settings_inherit(&settings, &parent);

    is_int(build(&server, &settings, "mta-sts.a.example"), MTA_STS_OK,
           "mode none, inherited");
    is_int(server.table.n, 1, "is served");
}


/* Each server that is refused: which policy and names, where, and why. */

static const struct {
    const char  *policy;
    const char  *names;
    unsigned     line;
    unsigned     column;
    const char  *error;
} refused[] = {
    { "\nmode enforce", "mta-sts.a.example", 2, 1,
      "mode \"enforce\" needs at least one mx" },
    { "\nmax_age 1w", "www.example", 2, 1,
      "mode \"testing\" needs at least one mx" },
    { DEFAULT, "www.example mta-sts.a_b.example", 7, 13,
      "invalid server name \"mta-sts.a_b.example\", \"_\" is not allowed in a "
      "host name" },
    { DEFAULT, "mta-sts.a..b", 7, 1,
      "invalid server name \"mta-sts.a..b\", has an empty label" },
    { DEFAULT, ".mta-sts..b", 7, 1,
      "invalid server name \"mta-sts..b\", has an empty label" },
    { DEFAULT, "mta-sts.192.0.2.1", 7, 1,
      "invalid server name \"mta-sts.192.0.2.1\", must be a host name, not an "
      "IP address" },
    { DEFAULT, "mta-sts." N242 "b", 7, 1,
      "invalid server name \"mta-sts." L63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
      "the policy domain must not be longer than 242 characters" },
    { DEFAULT, "mta-sts.b\xc3\xbc" "cher.example", 7, 1,
      "server name \"mta-sts.b\xc3\xbc" "cher.example\" is never matched, must "
      "be \"mta-sts.xn--bcher-kva.example\"" },
    { DEFAULT, "www.example MTA-STS.A.example.", 7, 13,
      "server name \"MTA-STS.A.example.\" is never matched, must be "
      "\"mta-sts.a.example\"" },
    { DEFAULT, "mta-sts.a.example mta-sts.b.example:443", 7, 19,
      "invalid server name \"mta-sts.b.example:443\", must be a host name "
      "without a port" }
};


static void
test_refused(void)
{
    size_t              i;
    mta_sts_server_t    server;
    mta_sts_settings_t  settings;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        test_begin(0);
        (void) set_lines(&settings, refused[i].policy);

        is_int(build(&server, &settings, refused[i].names), MTA_STS_ERROR,
               "refused: %s", refused[i].names);
        is_err(&test.err, refused[i].line, refused[i].column,
               refused[i].error);
    }

    /* the soft hyphen goes, and with it the policy domain */

    test_begin(0);
    (void) set_lines(&settings, DEFAULT);

    is_int(build(&server, &settings, "mta-sts.\xc2\xad"), MTA_STS_ERROR,
           "refused: a name that maps to \"mta-sts\"");
    ok(strncmp(test.err.text, "invalid server name \"mta-sts.", 29) == 0
       && strstr(test.err.text, "longer") == NULL,
       "for what it is: %s", test.err.text);
    is_int(test.err.place.line, 7, "and where");
}


static void
test_warned(void)
{
    mta_sts_server_t    server;
    mta_sts_settings_t  settings;

    test_begin(0);
    (void) set_lines(&settings, "\nmx a.example *.a.example *.mx.a.example");

    is_int(build(&server, &settings, "mta-sts.a.example mta-sts.b.example"),
           MTA_STS_OK, "a wildcard for all hosts of a policy domain");
    is_int((long long) test.n_warnings, 1, "one warning");
    is_err(&test.warnings[0], 2, 14, "mx \"*.a.example\" accepts every host "
           "of the policy domain, see RFC 8461, 10.4");

}


static void
is_found(const mta_sts_server_t *server, const char *host,
    const mta_sts_policy_t *policy)
{
    mta_sts_str_t  str, domain;

    str = mta_sts_str_from(host);

    if (ok(mta_sts_server_find(server, str, &domain) == policy, "find %s: %d",
           host, policy != NULL)
        && policy)
    {
        ok(domain.data == str.data + 8 && domain.len == str.len - 8,
           "its domain is the rest of the host");
    }
}


static void
test_find(void)
{
    mta_sts_str_t            domain;
    mta_sts_server_t         server;
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *policy;

    test_begin(0);
    (void) set_lines(&settings, DEFAULT);
    (void) build(&server, &settings, "mta-sts.a.example www.c.example");
    policy = mta_sts_table_policy(&server.table, mta_sts_str("a.example"));

    ok(policy != NULL, "a server with a domain");

    is_found(&server, "mta-sts.a.example", policy);
    is_found(&server, "mta-sts.b.example", NULL);
    is_found(&server, "mta-sts.c.example", NULL);
    is_found(&server, "www.c.example", NULL);
    is_found(&server, "a.example", NULL);
    is_found(&server, "mta-sts.", NULL);
    is_found(&server, "mta-sts", NULL);
    is_found(&server, "", NULL);

    (void) build(&server, &settings, "mta-sts.a.example *.d.example");
    policy = server.default_policy;

    ok(policy != NULL, "a server with a default policy");

    is_found(&server, "mta-sts.a.example", policy);
    is_found(&server, "mta-sts.d.example", policy);
    is_found(&server, "mta-sts.other", NULL);
    is_found(&server, "www.d.example", NULL);
    is_found(&server, "mta-sts.", NULL);
    is_found(&server, "mta-sts..", NULL);
    is_found(&server, "mta-sts..d", NULL);
    is_found(&server, "mta-sts.a/../b", NULL);
    is_found(&server, "mta-sts.a_b", NULL);
    is_found(&server, "mta-sts.A.example", NULL);
    is_found(&server, "mta-sts.192.0.2.1", NULL);
    is_found(&server, "mta-sts.[::1]", NULL);
    is_found(&server, "mta-sts.\xff", NULL);
    ok(mta_sts_server_find(&server, mta_sts_str("mta-sts.a\0b"), &domain)
       == NULL, "no host with a NUL");

    memset(&server, 0, sizeof(mta_sts_server_t));
    is_found(&server, "mta-sts.a.example", NULL);
}


/*
 * Of other hosts, the default policy is only for those that a wildcard or regex
 * name of the server matches.
 */

static const struct {
    const char  *names;
    const char  *host;
    int          found;
} defaults[] = {
    { "*.d.example", "mta-sts.d.example", 1 },
    { "*.d.example", "mta-sts.e.d.example", 1 },
    { "*.d.example", "mta-sts.dd.example", 0 },
    { "*.d.example", "mta-sts.d.example.com", 0 },
    { "*.mta-sts.d.example", "mta-sts.d.example", 0 },
    { "*.example", "mta-sts.example", 1 },
    { ".d.example", "mta-sts.d.example", 1 },
    { ".d.example", "mta-sts.e.example", 0 },
    { ".mta-sts.d.example", "mta-sts.d.example", 1 },
    { ".mta-sts.d.example", "mta-sts.e.d.example", 0 },
    { "mta-sts.*", "mta-sts.d.example", 1 },
    { "mta-sts.*", "mta-sts.d", 1 },
    { "mta-sts.d.*", "mta-sts.d.example.com", 1 },
    { "mta-sts.d.*", "mta-sts.d", 0 },
    { "mta-sts.d.*", "mta-sts.dd.example", 0 },
    { "~d.example", "mta-sts.d.example", 1 },
    { "~d.example", "mta-sts.e.example", 0 },
    { "*.d.example ~e.example", "mta-sts.e.example", 1 },
    { "mta-sts.a.example www.*", "mta-sts.a.example", 1 },
    { "mta-sts.a.example www.*", "mta-sts.b.example", 0 }
};


static void
test_defaults(void)
{
    size_t              i;
    mta_sts_str_t       domain;
    mta_sts_server_t    server;
    mta_sts_settings_t  settings;

    for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        test_begin(0);
        (void) set_lines(&settings, DEFAULT);

        is_int(build(&server, &settings, defaults[i].names), MTA_STS_OK,
               "names %s", defaults[i].names);
        is_int(mta_sts_server_find(&server,
                                   mta_sts_str_from(defaults[i].host),
                                   &domain)
               != NULL,
               defaults[i].found, "and %s", defaults[i].host);
    }
}


static int
memory_build(void)
{
    mta_sts_server_t    server;
    mta_sts_settings_t  settings;

    static mta_sts_value_t  mx = { { "a.b.example", 11 },
                                  { { NULL, 0 }, 3, 7 } };

    /* a policy whose setting needs no memory */

    memset(&settings, 0, sizeof(mta_sts_settings_t));

    settings.mx.elts = &mx;
    settings.mx.n = 1;
    settings.mx.bytes = 11;
    settings.set = 1u << MTA_STS_SET_MX;
    settings.own = settings.set;

    return build(&server, &settings, "mta-sts.a.example mta-sts.b.example "
                 ".mta-sts.c.example");
}


int
main(void)
{
    test_names();
    test_nothing();
    test_refused();
    test_warned();
    test_find();
    test_defaults();
    test_memory(memory_build, "build");

    return done();
}
