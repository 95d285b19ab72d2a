/*
 * A server that takes its domains from a file: which directives and names go
 * with it, and what of the file it shares.
 */

#include "serve/serve.h"
#include "files.h"
#include "names.h"
#include "set.h"


#define FILE_TEXT  "policies:\n  p: {mx: m.example}\n"                        \
                   "domains:\n  a.example: p\n  xn--bcher-kva.example: p\n"

#define NOT_SERVED  "no server name begins with \"mta-sts.\", the policies " \
                    "are served as the default server alone"


/*
 * Uses the domains, with the directive at 3:5 and names at line 7, as in
 * server_test.c.
 */

static int
use(mta_sts_server_t *server, const mta_sts_settings_t *settings,
    const mta_sts_domains_t *domains, const char *text)
{
    size_t                 n;
    mta_sts_value_t        directive;
    mta_sts_server_name_t  names[NAMES_MAX];

    n = names_of(text, names);
    directive = test_value(mta_sts_str("mta_sts_domains"), 3, 5);
    memset(server, 0xa5, sizeof(mta_sts_server_t));

    return mta_sts_server_use(server, settings, domains, directive.place,
                              names, n, &test.env, &test.err);
}


static void
read_domains(mta_sts_domains_t *domains, const char *text)
{
    if (files_read(domains, text) != MTA_STS_OK) {
        abort();
    }
}


/* Names that are served, and what the server is warned of, if at all. */

static const struct {
    const char  *names;
    unsigned     line;
    unsigned     column;
    const char  *warning;
} served[] = {
    { "mta-sts.a.example", 0, 0, NULL },
    { "MTA-STS.A.example", 0, 0, NULL },
    { "mta-sts.xn--bcher-kva.example www.example", 0, 0, NULL },
    { ".mta-sts.a.example", 0, 0, NULL },
    { ".example", 0, 0, NULL },
    { "*.example", 0, 0, NULL },
    { "mta-sts.*", 0, 0, NULL },
    { "~^mta-sts\\.", 0, 0, NULL },
    { "", 3, 5, NOT_SERVED },
    { "_", 3, 5, NOT_SERVED },
    { "www.example a.example", 3, 5, NOT_SERVED },
    { "mta-sts.", 3, 5, NOT_SERVED },
    { "mta-sts.a.example mta-sts.b.example", 7, 19,
      "server name \"mta-sts.b.example\" has no policy in the domains file" },
    { "mta-sts.example", 7, 1,
      "server name \"mta-sts.example\" has no policy in the domains file" }
};


static void
test_names(void)
{
    size_t              i;
    mta_sts_server_t    server;
    mta_sts_domains_t   domains;
    mta_sts_settings_t  settings;

    for (i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
        test_begin(0);
        (void) set_lines(&settings, "");
        read_domains(&domains, FILE_TEXT);

        is_int(use(&server, &settings, &domains, served[i].names), MTA_STS_OK,
               "names \"%s\"", served[i].names);
        is_int((long long) test.n_warnings, served[i].warning != NULL,
               "their warnings");

        if (served[i].warning) {
            is_err(&test.warnings[0], served[i].line, served[i].column,
                   served[i].warning);
        }

        is_int(server.table.n, 2, "all domains of the file");
        ok(server.default_policy == NULL, "and no default policy");
    }
}


/* What is shared: the table itself, and all about the default policy. */

static void
test_shared(void)
{
    mta_sts_str_t            domain;
    mta_sts_server_t         server;
    mta_sts_domains_t        domains;
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *a;

    test_begin(0);
    (void) set_lines(&settings, "");
    read_domains(&domains, FILE_TEXT "default: p\n");

    is_int(use(&server, &settings, &domains, "mta-sts.unknown.example"),
           MTA_STS_OK, "a file with a default");
    is_int((long long) test.n_warnings, 0, "has a policy for every name");

    ok(server.table.names == domains.table.names
       && server.table.slots == domains.table.slots, "the table is shared");
    ok(server.default_policy
       && server.default_policy == domains.default_policy,
       "the default policy");
    is_str(server.default_name, mta_sts_str("p"), "its label");
    is_str(server.default_place.file, TEST_FILE, "its file");
    is_int(server.default_place.line, 6, "its line");

    a = mta_sts_table_policy(&domains.table, mta_sts_str("a.example"));

    ok(a && mta_sts_server_find(&server, mta_sts_str("mta-sts.a.example"),
                                &domain)
            == a, "a domain is found");
    ok(mta_sts_server_find(&server, mta_sts_str("mta-sts.unknown.example"),
                           &domain)
       == domains.default_policy, "its name gets the default policy");
    ok(mta_sts_server_find(&server, mta_sts_str("mta-sts.b.example"), &domain)
       == NULL, "another host gets none");

    (void) use(&server, &settings, &domains, "x.example *.b.example ~c");

    ok(mta_sts_server_find(&server, mta_sts_str("mta-sts.b.example"), &domain)
       == domains.default_policy, "so does that of a wildcard name");
    ok(mta_sts_server_find(&server, mta_sts_str("mta-sts.c.example"), &domain)
       == domains.default_policy, "that of a regex");
    ok(mta_sts_server_find(&server, mta_sts_str("mta-sts.d.example"), &domain)
       == NULL, "and no other one");

    memset(&server, 0xa5, sizeof(mta_sts_server_t));
    mta_sts_server_share(&server, &domains);

    ok(server.table.names == domains.table.names
       && server.default_policy == domains.default_policy
       && mta_sts_str_eq(server.default_name, mta_sts_str("p"))
       && server.default_place.line == 6, "the same without names");
    ok(mta_sts_server_find(&server, mta_sts_str("mta-sts.d.example"), &domain)
       == domains.default_policy, "which is for every host");
}


/* Each server that is refused: its settings, its names, where, and why. */

static const struct {
    const char  *settings;
    const char  *names;
    unsigned     line;
    unsigned     column;
    const char  *error;
} refused[] = {
    { "\n\n\nmode enforce", "mta-sts.a.example", 4, 1,
      "\"mta_sts_mode\" is incompatible with \"mta_sts_domains\" at "
      "test.conf:3" },
    { "mx m.example", "mta-sts.a.example", 1, 1,
      "\"mta_sts_mx\" is incompatible with \"mta_sts_domains\" at "
      "test.conf:3" },
    { "\nmax_age 1w", "", 2, 1,
      "\"mta_sts_max_age\" is incompatible with \"mta_sts_domains\" at "
      "test.conf:3" },
    { "tlsrpt_rua mailto:a@b.example", "*.example", 1, 1,
      "\"mta_sts_tlsrpt_rua\" is incompatible with \"mta_sts_domains\" at "
      "test.conf:3" },
    { "", "www.example mta-sts.b\xc3\xbc" "cher.example", 7, 13,
      "server name \"mta-sts.b\xc3\xbc" "cher.example\" is never matched, must "
      "be \"mta-sts.xn--bcher-kva.example\"" },
    { "", "mta-sts.a.example.", 7, 1,
      "server name \"mta-sts.a.example.\" is never matched, must be "
      "\"mta-sts.a.example\"" },
    { "", "mta-sts.a_b.example", 7, 1,
      "invalid server name \"mta-sts.a_b.example\", \"_\" is not allowed in a "
      "host name" }
};


static void
test_refused(void)
{
    size_t              i;
    mta_sts_server_t    server;
    mta_sts_domains_t   domains;
    mta_sts_settings_t  settings, parent;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        test_begin(0);
        (void) set_lines(&settings, refused[i].settings);
        read_domains(&domains, FILE_TEXT);

        is_int(use(&server, &settings, &domains, refused[i].names),
               MTA_STS_ERROR, "refused: %s, %s", refused[i].settings,
               refused[i].names);
        is_err(&test.err, refused[i].line, refused[i].column,
               refused[i].error);
        is_int((long long) test.n_warnings, 0, "and not warned of");
    }

    /* what others set for servers with directives is no matter */

    test_begin(0);
    (void) set_lines(&parent, "mode enforce\nmx m.example\nmax_age 1w\n"
                     "tlsrpt_rua mailto:a@b.example");
    (void) set_lines(&settings, "");
    mta_sts_settings_inherit(&settings, &parent);
    read_domains(&domains, FILE_TEXT);

    is_int(use(&server, &settings, &domains, "mta-sts.a.example"), MTA_STS_OK,
           "inherited settings");
    is_int((long long) test.n_warnings, 0, "no warnings");
    is_str(mta_sts_policy_mode(mta_sts_table_policy(&server.table,
                                                mta_sts_str("a.example"))),
           mta_sts_str("testing"), "are not the file's");
}


int
main(void)
{
    test_names();
    test_shared();
    test_refused();

    return done();
}
