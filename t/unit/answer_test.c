/*
 * nginx chooses a server by address and name.  Each domain whose policy is not
 * what an address serves must be found, with both servers, and no other one; and
 * each policy that no sender can fetch.
 */

#include "serve/answer.h"
#include "names.h"
#include "set.h"


#define SERVERS    4
#define ADDRESSES  7
#define MAIL       "mx mail.example"
#define OTHER      "mx other.example"
#define HAS_NONE   ", which has no policy for it\n"
#define HAS_OTHER  ", which has another policy for it\n"


/*
 * The addresses, each with a letter by which servers listen on them: 443 on all
 * addresses, on one of them, on another one and over IPv6, another port, and
 * without TLS, of which one is local.
 */

static const struct {
    char         letter;
    const char  *text;
    unsigned     group;
    unsigned     wildcard;
    unsigned     tls;
    unsigned     local;
} addresses[ADDRESSES] = {
    { 'w', "0.0.0.0:443", 2 << 16 | 443, 1, 1, 0 },
    { 's', "192.0.2.8:443", 2 << 16 | 443, 0, 1, 0 },
    { 't', "192.0.2.9:443", 2 << 16 | 443, 0, 1, 0 },
    { '6', "[::]:443", 10 << 16 | 443, 1, 1, 0 },
    { 'o', "192.0.2.8:8443", 2 << 16 | 8443, 0, 1, 0 },
    { 'p', "0.0.0.0:80", 2 << 16 | 80, 1, 0, 0 },
    { 'l', "127.0.0.1:8080", 2 << 16 | 8080, 0, 0, 1 }
};


/*
 * A server is in line 10 times its number, from 1.  listen has its letters, with
 * "!" after that of an address of which it is the default server.  file has the
 * domains of its file; on, reject and verify are letters in flags.
 */

typedef struct {
    const char  *listen;
    const char  *names;
    const char  *policy;
    const char  *file;
    const char  *flags;
} server_t;


static struct {
    mta_sts_answers_t         answers;
    mta_sts_answer_server_t   servers[SERVERS];
    mta_sts_answer_address_t  addresses[ADDRESSES];
    mta_sts_server_t          serves[SERVERS];
    mta_sts_settings_t        settings[SERVERS];
    mta_sts_server_name_t     names[SERVERS][NAMES_MAX];
    uint32_t                  on[ADDRESSES][SERVERS];
    mta_sts_buf_t             text;
} all;


/* A regex of a test must outlive the next server's: a copy of its text. */

static void
keep_regexes(mta_sts_server_name_t *names, size_t n)
{
    size_t          i;
    mta_sts_str_t  *text;

    for (i = 0; i < n; i++) {
        if (names[i].regex) {
            text = test_alloc(&test, sizeof(mta_sts_str_t));
            *text = names[i].value.text;
            names[i].regex = text;
        }
    }
}


static void
add_server(const server_t *spec, uint32_t k)
{
    size_t                    n;
    mta_sts_server_name_t     domains[NAMES_MAX];
    mta_sts_answer_server_t  *server;

    n = names_of(spec->names, all.names[k]);
    keep_regexes(all.names[k], n);

    (void) set_lines(&all.settings[k], spec->policy);

    if (spec->file) {
        if (mta_sts_server_build(&all.serves[k], &all.settings[k], domains,
                                 names_of(spec->file, domains), &test.env,
                                 &test.err)
            != MTA_STS_OK)
        {
            abort();
        }

        all.serves[k].shared = 1;

    } else if (mta_sts_server_build(&all.serves[k], &all.settings[k],
                                    all.names[k], n, &test.env, &test.err)
               != MTA_STS_OK)
    {
        abort();
    }

    server = &all.servers[k];

    server->serves = &all.serves[k];
    server->names = all.names[k];
    server->n = n;
    server->place = test_value(mta_sts_str(""), 10 * (k + 1), 0).place;
    server->on = strchr(spec->flags ? spec->flags : "", 'o') != NULL;
    server->reject = strchr(spec->flags ? spec->flags : "", 'r') != NULL;
    server->verify = strchr(spec->flags ? spec->flags : "", 'v') != NULL;
}


static void
add_address(const server_t *specs, size_t n, size_t a)
{
    uint32_t                   k;
    const char                *at;
    mta_sts_answer_address_t  *address;

    address = &all.addresses[all.answers.n_addresses];

    memset(address, 0, sizeof(mta_sts_answer_address_t));

    address->text = mta_sts_str_from(addresses[a].text);
    address->group = addresses[a].group;
    address->wildcard = addresses[a].wildcard & 1;
    address->tls = addresses[a].tls & 1;
    address->local = addresses[a].local & 1;
    address->servers = all.on[a];

    for (k = 0; k < n; k++) {
        at = strchr(specs[k].listen, addresses[a].letter);

        if (at) {
            address->servers[address->n++] = k;

            if (address->n == 1 || at[1] == '!') {
                address->default_server = k;
            }
        }
    }

    all.answers.n_addresses += address->n != 0;
}


/* Servers up to the first without names. */

static void
configure(const server_t *specs)
{
    size_t  n, a;

    test_begin(0);
    memset(&all, 0, sizeof(all));

    for (n = 0; n < SERVERS && specs[n].names; n++) {
        add_server(&specs[n], (uint32_t) n);
    }

    all.text.env = &test.env;
    all.answers.servers = all.servers;
    all.answers.addresses = all.addresses;
    all.answers.n = (uint32_t) n;

    for (a = 0; a < ADDRESSES; a++) {
        add_address(specs, n, a);
    }

    test.n_warnings = 0;

    if (mta_sts_answers_init(&all.answers, &test.env, &test.err)
        != MTA_STS_OK)
    {
        abort();
    }
}


/* Appends the text of a conflict with the line of its place. */

static void
report(void *ctx, const mta_sts_answer_conflict_t *conflict)
{
    mta_sts_err_t  err;

    (void) ctx;
    (void) mta_sts_answers_error(&all.answers, conflict, &err);

    mta_sts_buf_add_uint(&all.text, err.place.line);
    mta_sts_buf_add_cstr(&all.text, conflict->carved ? "?: " : ": ");
    mta_sts_buf_add_cstr(&all.text, err.text);
    mta_sts_buf_add_char(&all.text, '\n');
}


/* Configurations and their conflicts. */

static const struct {
    const char  *what;
    server_t     servers[SERVERS];
    const char  *conflicts;
} conflicts[] = {
    { "one server",
      { { "w6", "mta-sts.a.example", MAIL, NULL, NULL } },
      "" },
    { "a server next to another one",
      { { "w6", "www.example", "", NULL, NULL },
        { "w6", "mta-sts.a.example", MAIL, NULL, NULL } },
      "" },
    { "a leading wildcard beats a file's trailing one, W2",
      { { "w", "mta-sts.*", MAIL, "mta-sts.a.example mta-sts.b.com", NULL },
        { "w", "*.example", OTHER, NULL, NULL } },
      "10: for domain \"a.example\" nginx chooses the server at test.conf:20 on "
      "0.0.0.0:443" HAS_OTHER },
    { "the same without a policy, W2",
      { { "w", "mta-sts.*", MAIL, "mta-sts.a.example mta-sts.b.com", NULL },
        { "w", ".a.example", "", NULL, NULL } },
      "10: for domain \"a.example\" nginx chooses the server at test.conf:20 on "
      "0.0.0.0:443" HAS_NONE },
    { "an exact name without a policy next to a file, W3",
      { { "w", "mta-sts.*", MAIL, "mta-sts.a.example", NULL },
        { "w", "mta-sts.a.example", "", NULL, NULL } },
      "10: for domain \"a.example\" nginx chooses the server at test.conf:20 on "
      "0.0.0.0:443" HAS_NONE },
    { "an exact name twice, first without a policy, W3",
      { { "w", "mta-sts.a.example", "", NULL, NULL },
        { "w", "mta-sts.a.example", MAIL, NULL, NULL } },
      "20: for domain \"a.example\" nginx chooses the server at test.conf:10 on "
      "0.0.0.0:443" HAS_NONE },
    { "an exact name twice, second without a policy",
      { { "w", "mta-sts.a.example", MAIL, NULL, NULL },
        { "w", "mta-sts.a.example", "", NULL, NULL } },
      "" },
    { "a domain that no name of the file's server matches, W3",
      { { "w", "www.example", "", NULL, NULL },
        { "w", "mta-sts.a.example", MAIL, "mta-sts.a.example mta-sts.b.example",
          NULL } },
      "20: for domain \"b.example\" nginx chooses the server at test.conf:10 on "
      "0.0.0.0:443" HAS_NONE },
    { "the same where the file's server is the default",
      { { "w", "www.example", "", NULL, NULL },
        { "w!", "mta-sts.a.example", MAIL,
          "mta-sts.a.example mta-sts.b.example", NULL } },
      "" },
    { "a more specific address, W3",
      { { "w", "mta-sts.a.example", MAIL, NULL, NULL },
        { "s", "shop.example", "", NULL, NULL } },
      "10?: for domain \"a.example\" nginx chooses the server at test.conf:20 "
      "on 192.0.2.8:443" HAS_NONE },
    { "an unrelated address",
      { { "t", "mta-sts.a.example", MAIL, NULL, NULL },
        { "s", "shop.example", "", NULL, NULL } },
      "" },
    { "an unrelated port",
      { { "w", "mta-sts.a.example", MAIL, NULL, NULL },
        { "o", "mta-sts.*", OTHER, NULL, NULL } },
      "" },
    { "a wildcard over IPv6, an exact name over IPv4",
      { { "w", "mta-sts.a.example", MAIL, NULL, NULL },
        { "w6", "mta-sts.*", OTHER, NULL, NULL } },
      "10: for domain \"a.example\" nginx chooses the server at test.conf:20 on "
      "[::]:443" HAS_OTHER },
    { "the same policy over IPv6",
      { { "w", "mta-sts.a.example", MAIL, NULL, NULL },
        { "w6", "mta-sts.*", MAIL, NULL, NULL } },
      "" },
    { "two policies on two addresses",
      { { "s", "mta-sts.a.example", MAIL, NULL, NULL },
        { "t", "mta-sts.a.example", OTHER, NULL, NULL } },
      "10: for domain \"a.example\" the server at test.conf:20 has another "
      "policy\n" },
    { "the same policy on two addresses",
      { { "s", "mta-sts.a.example", MAIL, NULL, NULL },
        { "t", "mta-sts.a.example", MAIL, NULL, NULL } },
      "" },
    { "another policy without TLS",
      { { "p", "mta-sts.a.example", OTHER, NULL, NULL },
        { "w", "mta-sts.a.example", MAIL, NULL, NULL } },
      "" },
    { "no policy without TLS",
      { { "p", "www.example", "", NULL, NULL },
        { "pw", "mta-sts.a.example", MAIL, NULL, NULL },
        { "p", "mta-sts.*", OTHER, NULL, NULL } },
      "" },
    { "two policies, none with TLS",
      { { "p", "mta-sts.a.example", MAIL, NULL, NULL },
        { "l", "mta-sts.a.example", OTHER, NULL, NULL } },
      "10: for domain \"a.example\" the server at test.conf:20 has another "
      "policy\n" },
    { "a regex before a file's regex, W3",
      { { "w", "~.example", "", NULL, NULL },
        { "w", "~mta-sts", MAIL, "mta-sts.a.example mta-sts.b.com", NULL } },
      "20: for domain \"a.example\" nginx chooses the server at test.conf:10 on "
      "0.0.0.0:443" HAS_NONE },
    { "a regex after a trailing wildcard",
      { { "w", "~.example", "", NULL, NULL },
        { "w", "mta-sts.*", MAIL, "mta-sts.a.example", NULL } },
      "" }
};


static void
test_conflicts(void)
{
    size_t  i;

    for (i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
        configure(conflicts[i].servers);
        mta_sts_answers_check(&all.answers, report, NULL);

        is_str(mta_sts_buf_str(&all.text),
               mta_sts_str_from(conflicts[i].conflicts), "%s",
               conflicts[i].what);
        is_int((long long) test.n_warnings, 0, "no warnings");
    }
}


/* Names on one address, and the server that is chosen, from 1. */

static const struct {
    const char  *names[3];
    const char  *host;
    uint32_t     chosen;
} choices[] = {
    { { "x", "mta-sts.a.b", "mta-sts.a.b" }, "mta-sts.a.b", 2 },
    { { "x", "*.a.b", "mta-sts.a.b" }, "mta-sts.a.b", 3 },
    { { "x", "*.b", "*.a.b" }, "mta-sts.a.b", 3 },
    { { "x", "*.a.b", "*.b" }, "mta-sts.a.b", 2 },
    { { "x", "mta-sts.*", "*.b" }, "mta-sts.a.b", 3 },
    { { "x", "mta-sts.*", "mta-sts.a.*" }, "mta-sts.a.b", 3 },
    { { "x", "mta-sts.*", "mta-sts.a.*" }, "mta-sts.aa.b", 2 },
    { { "x", "mta-sts.a.*", "~a" }, "mta-sts.a.b", 2 },
    { { "x", "~a", "~b" }, "mta-sts.a.b", 2 },
    { { "x", "~c", "~b" }, "mta-sts.a.b", 3 },
    { { "x", "~c", "y" }, "mta-sts.a.b", 1 },
    { { "x", "*.mta-sts.a.b", "y" }, "mta-sts.a.b", 1 },
    { { "x", ".mta-sts.a.b", "*.a.b" }, "mta-sts.a.b", 2 },
    { { "x", ".a.b", "*.a.b" }, "mta-sts.a.b", 2 },
    { { "x", "*.a.b", ".a.b" }, "mta-sts.a.b", 2 },

    /* an exact name makes nginx ignore all of a ".name" after it */

    { { "a.b", ".a.b", "mta-sts.*" }, "mta-sts.a.b", 3 },
    { { ".a.b", "a.b", "mta-sts.*" }, "mta-sts.a.b", 1 },

    /* a ".name" that is ignored takes the exact name all the same */

    { { "*.mta-sts.a.b", ".mta-sts.a.b", "mta-sts.a.b" }, "mta-sts.a.b", 1 },
    { { "x", "www.* mta-sts", "" }, "mta-sts.a.b", 1 }
};


static void
test_choices(void)
{
    size_t    i, k;
    server_t  servers[SERVERS];

    for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        memset(servers, 0, sizeof(servers));

        for (k = 0; k < 3; k++) {
            servers[k].listen = "w";
            servers[k].names = choices[i].names[k];
            servers[k].policy = "";
        }

        configure(servers);

        is_int(mta_sts_answers_choose(&all.addresses[0],
                                      mta_sts_str_from(choices[i].host))
               + 1,
               choices[i].chosen, "%s with %s, %s, %s", choices[i].host,
               choices[i].names[0], choices[i].names[1], choices[i].names[2]);
    }
}


/* One warning per pair of servers, with three domains at most. */

static void
test_pairs(void)
{
    mta_sts_answer_pairs_t  pairs;

    static const server_t  servers[SERVERS] = {
        { "w6", "mta-sts.*", MAIL, "mta-sts.a.example mta-sts.b.example "
          "mta-sts.c.example mta-sts.d.example mta-sts.e.example "
          "mta-sts.a.test mta-sts.b.test", NULL },
        { "w6", "*.example", "", NULL, NULL },
        { "6w", "*.test", OTHER, NULL, NULL }
    };

    configure(servers);
    memset(&pairs, 0, sizeof(mta_sts_answer_pairs_t));

    pairs.answers = &all.answers;
    pairs.env = &test.env;

    mta_sts_answers_check(&all.answers, mta_sts_answer_pairs_add, &pairs);
    mta_sts_answer_pairs_warn(&pairs);

    is_int((long long) test.n_warnings, 2, "two pairs of servers");
    is_err(&test.warnings[0], 10, 0, "for domains \"a.example\", "
           "\"b.example\", \"c.example\" and 2 more nginx chooses the server at "
           "test.conf:20 on 0.0.0.0:443, which has no policy for them");
    is_err(&test.warnings[1], 10, 0, "for domains \"a.test\" and \"b.test\" "
           "nginx chooses the server at test.conf:30 on 0.0.0.0:443, which has "
           "another policy for them");
}


/* Servers whose policy is or is not within reach of senders, W4. */

#define NO_TLS  "senders fetch policies with TLS, but no \"listen\" of this "  \
                "server has \"ssl\"; \"mta_sts on\" says that a proxy adds it"

static const struct {
    server_t     servers[SERVERS];
    unsigned     line;
    const char  *warning;
} reach[] = {
    { { { "p", "mta-sts.a.example", MAIL, NULL, NULL } }, 10, NO_TLS },
    { { { "p", "mta-sts.a.example", MAIL, NULL, "o" } }, 0, NULL },
    { { { "l", "mta-sts.a.example", MAIL, NULL, NULL } }, 0, NULL },
    { { { "pw", "mta-sts.a.example", MAIL, NULL, NULL } }, 0, NULL },
    { { { "p", "www.example", "", NULL, NULL } }, 0, NULL },
    { { { "p", "mta-sts.a.example mta-sts.b.example", MAIL, NULL, NULL },
        { "w", "mta-sts.a.example", MAIL, NULL, NULL } }, 10, NO_TLS },
    { { { "p", "mta-sts.a.example", MAIL, NULL, NULL },
        { "w", "mta-sts.a.example", MAIL, NULL, NULL } }, 0, NULL },
    { { { "p", "*.a.example", MAIL, NULL, NULL } }, 10, NO_TLS },
    { { { "p", "*.a.example", MAIL, NULL, NULL },
        { "w", "*.a.example", MAIL, NULL, NULL } }, 0, NULL },
    { { { "w", "mta-sts.a.example", MAIL, NULL, "r" } }, 10,
      "senders cannot fetch a policy from this server, \"ssl_reject_handshake\" "
      "is on" },
    { { { "w", "mta-sts.a.example", MAIL, NULL, "v" } }, 10,
      "senders cannot fetch a policy from this server, \"ssl_verify_client\" is "
      "on" },
    { { { "w", "www.example", "", NULL, "rv" } }, 0, NULL }
};


static void
test_reach(void)
{
    size_t  i;

    for (i = 0; i < sizeof(reach) / sizeof(reach[0]); i++) {
        configure(reach[i].servers);
        mta_sts_answers_warn_unreachable(&all.answers, &test.env);

        is_int((long long) test.n_warnings, reach[i].warning != NULL,
               "warnings of %zu", i);

        if (reach[i].warning) {
            is_err(&test.warnings[0], reach[i].line, 0, reach[i].warning);
        }
    }
}


/* A domain that only wildcards match: its policy, or why there is none. */

static const struct {
    server_t     servers[SERVERS];
    const char  *domain;
    long         max_age;
    const char  *conflict;
} finds[] = {
    { { { "w", "*.a.example", "max_age 1w\n" MAIL, NULL, NULL } }, "b.a.example",
      604800, "" },
    { { { "w", "*.a.example", MAIL, NULL, NULL } }, "b.example", 0, "" },
    { { { "w", "www.*", MAIL, NULL, NULL } }, "a.example", 0, "" },
    { { { "w", "mta-sts.*", "max_age 1w\n" MAIL, NULL, NULL },
        { "w", "*.a.example", "max_age 2w\n" MAIL, NULL, NULL } },
      "a.example", 1209600, "" },
    { { { "w", "mta-sts.*", MAIL, NULL, NULL },
        { "w", "*.a.example", "", NULL, NULL } }, "a.example", -1,
      "10: for domain \"a.example\" nginx chooses the server at test.conf:20 on "
      "0.0.0.0:443" HAS_NONE },
    { { { "w", "mta-sts.*", MAIL, NULL, NULL },
        { "6", "mta-sts.*", OTHER, NULL, NULL } }, "a.example", -1,
      "10: for domain \"a.example\" nginx chooses the server at test.conf:20 on "
      "[::]:443" HAS_OTHER },
    { { { "p", "mta-sts.*", OTHER, NULL, NULL },
        { "w", "mta-sts.*", "max_age 2w\n" MAIL, NULL, NULL } }, "a.example",
      1209600, "" }
};


static void
test_find(void)
{
    int                         rc;
    size_t                      i;
    uint32_t                    server;
    const mta_sts_policy_t     *policy;
    mta_sts_answer_conflict_t   conflict;

    for (i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
        configure(finds[i].servers);

        rc = mta_sts_answers_find(&all.answers,
                                  mta_sts_str_from(finds[i].domain), &policy,
                                  &server, &conflict);

        if (rc != MTA_STS_OK) {
            report(NULL, &conflict);
        }

        is_str(mta_sts_buf_str(&all.text), mta_sts_str_from(finds[i].conflict),
               "find %s", finds[i].domain);
        is_int(rc != MTA_STS_OK ? -1
               : policy ? (long) mta_sts_policy_max_age(policy) : 0,
               finds[i].max_age, "its policy");
    }
}


/* Each allocation may fail. */

static int
memory_init(void)
{
    uint32_t  i;

    static const char  *domain = "mta-sts.a.example";

    memset(&all, 0, sizeof(all));

    all.answers.servers = all.servers;
    all.answers.addresses = all.addresses;
    all.answers.n = 2;
    all.answers.n_addresses = 1;
    all.addresses[0].servers = all.on[0];
    all.addresses[0].n = 2;
    all.addresses[0].wildcard = 1;
    all.on[0][1] = 1;

    for (i = 0; i < 2; i++) {
        all.servers[i].serves = &all.serves[i];
        all.servers[i].names = all.names[i];
        all.servers[i].n = names_of(domain, all.names[i]);
    }

    return mta_sts_answers_init(&all.answers, &test.env, &test.err);
}


int
main(void)
{
    test_conflicts();
    test_choices();
    test_pairs();
    test_reach();
    test_find();
    test_memory(memory_init, "init");

    return done();
}
