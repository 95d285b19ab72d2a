/*
 * nginx chooses a server by address and name.  Each domain whose policy is not
 * what an address serves must be found, with both servers, and no other one.
 */

#include "sites.h"


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
      "10: for domain \"a.example\" nginx chooses the server at "
      "test.conf:20 on "
      "0.0.0.0:443" HAS_OTHER },
    { "the same without a policy, W2",
      { { "w", "mta-sts.*", MAIL, "mta-sts.a.example mta-sts.b.com", NULL },
        { "w", ".a.example", "", NULL, NULL } },
      "10: for domain \"a.example\" nginx chooses the server at "
      "test.conf:20 on "
      "0.0.0.0:443" HAS_NONE },
    { "an exact name without a policy next to a file, W3",
      { { "w", "mta-sts.*", MAIL, "mta-sts.a.example", NULL },
        { "w", "mta-sts.a.example", "", NULL, NULL } },
      "10: for domain \"a.example\" nginx chooses the server at "
      "test.conf:20 on "
      "0.0.0.0:443" HAS_NONE },
    { "an exact name twice, first without a policy, W3",
      { { "w", "mta-sts.a.example", "", NULL, NULL },
        { "w", "mta-sts.a.example", MAIL, NULL, NULL } },
      "20: for domain \"a.example\" nginx chooses the server at "
      "test.conf:10 on "
      "0.0.0.0:443" HAS_NONE },
    { "an exact name twice, second without a policy",
      { { "w", "mta-sts.a.example", MAIL, NULL, NULL },
        { "w", "mta-sts.a.example", "", NULL, NULL } },
      "" },
    { "a domain that no name of the file's server matches, W3",
      { { "w", "www.example", "", NULL, NULL },
        { "w", "mta-sts.a.example", MAIL, "mta-sts.a.example mta-sts.b.example",
          NULL } },
      "20: for domain \"b.example\" nginx chooses the server at "
      "test.conf:10 on "
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
      "10: for domain \"a.example\" nginx chooses the server at "
      "test.conf:20 on "
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
      "20: for domain \"a.example\" nginx chooses the server at "
      "test.conf:10 on "
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


int
main(void)
{
    test_conflicts();
    test_choices();

    return done();
}
