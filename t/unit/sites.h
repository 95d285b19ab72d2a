/*
 * Servers and addresses of nginx for the tests, from a few words each.
 */

#ifndef MTA_STS_TEST_SITES_H
#define MTA_STS_TEST_SITES_H


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
 * A server is in line 10 times its number, from 1.  listen has its letters,
 * with "!" after that of an address of which it is the default server.  file
 * has the domains of its file; flags are letters: an inherited policy, on,
 * reject and verify.
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

static inline void
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


static inline void
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
    server->own = strchr(spec->flags ? spec->flags : "", 'i') == NULL;
    server->on = strchr(spec->flags ? spec->flags : "", 'o') != NULL;
    server->reject = strchr(spec->flags ? spec->flags : "", 'r') != NULL;
    server->verify = strchr(spec->flags ? spec->flags : "", 'v') != NULL;
}


static inline void
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

static inline void
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

static inline void
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


#endif /* MTA_STS_TEST_SITES_H */
