/*
 * What is reported: one warning per pair of servers, policies that no sender
 * can fetch, and the policy of a domain that only wildcards match.
 */

#include "sites.h"


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
           "\"b.example\", \"c.example\" and 2 more nginx chooses the server "
           "at test.conf:20 on 0.0.0.0:443, which has no policy for them");
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
    { { { "p", "*.a.example", MAIL, NULL, "i" } }, 0, NULL },
    { { { "p", "mta-sts.a.example", MAIL, NULL, "i" } }, 10, NO_TLS },
    { { { "p", "mta-sts.a.example", MAIL, NULL, "i" },
        { "w", "mta-sts.*", MAIL, NULL, NULL } }, 0, NULL },
    { { { "w", "*.a.example", MAIL, NULL, "iv" } }, 0, NULL },
    { { { "w", "mta-sts.a.example", MAIL, NULL, "r" } }, 10,
      "senders cannot fetch a policy from this server, "
      "\"ssl_reject_handshake\" is on" },
    { { { "w", "mta-sts.a.example", MAIL, NULL, "v" } }, 10,
      "senders cannot fetch a policy from this server, \"ssl_verify_client\" "
      "is on" },
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
    { { { "w", "*.a.example", "max_age 1w\n" MAIL, NULL, NULL } },
      "b.a.example", 604800, "" },
    { { { "w", "*.a.example", MAIL, NULL, NULL } }, "b.example", 0, "" },
    { { { "w", "www.*", MAIL, NULL, NULL } }, "a.example", 0, "" },
    { { { "w", "mta-sts.*", "max_age 1w\n" MAIL, NULL, NULL },
        { "w", "*.a.example", "max_age 2w\n" MAIL, NULL, NULL } },
      "a.example", 1209600, "" },
    { { { "w", "mta-sts.*", MAIL, NULL, NULL },
        { "w", "*.a.example", "", NULL, NULL } }, "a.example", -1,
      "10: for domain \"a.example\" nginx chooses the server at "
      "test.conf:20 on "
      "0.0.0.0:443" HAS_NONE },
    { { { "w", "mta-sts.*", MAIL, NULL, NULL },
        { "6", "mta-sts.*", OTHER, NULL, NULL } }, "a.example", -1,
      "10: for domain \"a.example\" nginx chooses the server at "
      "test.conf:20 on "
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
    test_pairs();
    test_reach();
    test_find();
    test_memory(memory_init, "init");

    return done();
}
