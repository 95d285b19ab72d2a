/*
 * The catalog finds every domain of every server, once, and of a domain that
 * several servers have, the entry of those that come first.
 */

#include "serve/serve.h"
#include "entries.h"


#define MAIL   "mx mail.example.net"
#define OTHER  "mx other.example.net"

#define BUILD(catalog, first)                                               \
    build(catalog, first, sizeof(all) / sizeof(all[0]), all)


/*
 * A server with the domains of a text, separated by " ": each has the policy
 * and has a line of its own, the first line 1.
 */

static void
serve(mta_sts_server_t *server, const char *domains,
    const mta_sts_policy_t *policy, const char *policy_name, const char *file)
{
    size_t                   len;
    uint32_t                 index;
    mta_sts_str_t            domain;
    mta_sts_place_t          place;
    mta_sts_table_builder_t  builder;

    memset(server, 0, sizeof(mta_sts_server_t));
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.env = &test.env;

    place.file = mta_sts_str_from(file);
    place.column = 5;

    if (mta_sts_table_add_policy(&builder, policy,
                                 mta_sts_str_from(policy_name), &index,
                                 &test.err)
        != MTA_STS_OK)
    {
        abort();
    }

    for (place.line = 1; *domains; place.line++) {
        len = strcspn(domains, " ");

        domain.data = domains;
        domain.len = len;

        if (mta_sts_table_add(&builder, domain, index, place, &test.err)
            != MTA_STS_OK)
        {
            abort();
        }

        domains += len + (domains[len] == ' ');
    }

    if (end(&builder, &server->table) != MTA_STS_OK) {
        abort();
    }
}


static int
build(mta_sts_catalog_t *catalog, size_t first, size_t n,
    const mta_sts_server_t *const *servers)
{
    memset(catalog, 0xa5, sizeof(mta_sts_catalog_t));

    return mta_sts_catalog_build(catalog, servers, n, first, &test.env,
                                 &test.err);
}


/* Is domain in the catalog as it was added? */

static int
has(const mta_sts_catalog_t *catalog, const char *domain,
    const mta_sts_policy_t *policy, const char *file, unsigned line)
{
    mta_sts_entry_t  entry;

    return mta_sts_catalog_find(catalog, mta_sts_str_from(domain), &entry) == 1
           && entry_is(&entry, domain, policy, file, line);
}


static int
has_not(const mta_sts_catalog_t *catalog, const char *domain)
{
    mta_sts_entry_t  entry;

    return mta_sts_catalog_find(catalog, mta_sts_str_from(domain), &entry)
           == 0;
}


/*
 * How often a walk meets a domain with the entry that is found, too; *all is
 * set to how many domains it meets.
 */

static size_t
meets(const mta_sts_catalog_t *catalog, const char *domain, size_t *all)
{
    size_t           cursor, n;
    mta_sts_entry_t  entry, found;

    cursor = 0;
    n = 0;

    for (*all = 0; mta_sts_catalog_next(catalog, &cursor, &entry); *all += 1) {
        n += mta_sts_str_eq(entry.domain, mta_sts_str_from(domain))
             && mta_sts_catalog_find(catalog, entry.domain, &found)
             && found.policy == entry.policy
             && found.place.line == entry.place.line
             && mta_sts_str_eq(found.policy_name, entry.policy_name);

        if (*all > 100) {
            break;
        }
    }

    /* the end stays the end */

    return mta_sts_catalog_next(catalog, &cursor, &entry) ? 0 : n;
}


/* Are these the domains of a walk, each met once? */

static void
walks(const mta_sts_catalog_t *catalog, const char *const *domains, size_t n)
{
    size_t  i, all, bad;

    bad = 0;

    for (i = 0; i < n; i++) {
        bad += meets(catalog, domains[i], &all) != 1;
    }

    (void) meets(catalog, "", &all);

    is_int((long long) bad, 0, "each is met once");
    is_int((long long) all, (long long) n, "and no other one");
    is_int((long long) catalog->n, (long long) n, "they are counted");
}


static void
test_find(void)
{
    mta_sts_entry_t          entry;
    mta_sts_server_t         a, b, c;
    mta_sts_catalog_t        catalog;
    const mta_sts_policy_t  *mail, *other;

    static const char  *domains[] = {
        "a.example", "b.example", "c.example", "d.example", "e.example"
    };

    const mta_sts_server_t  *all[] = { &a, &b, &c };

    test_begin(0);
    mail = set_policy(MAIL);
    other = set_policy(OTHER);

    serve(&a, "a.example", mail, "", "a.conf");
    serve(&b, "b.example c.example d.example", other, "big", "b.conf");
    serve(&c, "e.example", other, "small", "c.conf");

    is_int(BUILD(&catalog, 0), MTA_STS_OK, "three servers");

    ok(has(&catalog, "a.example", mail, "a.conf", 1), "one's domain");
    ok(has(&catalog, "c.example", other, "b.conf", 2), "another's domain");
    ok(has(&catalog, "e.example", other, "c.conf", 1), "the third's domain");
    ok(has_not(&catalog, "f.example"), "no domain that no server has");

    walks(&catalog, domains, 5);

    ok(mta_sts_catalog_find(&catalog, mta_sts_str("d.example"), &entry)
       && mta_sts_str_eq(entry.policy_name, mta_sts_str("big")),
       "a policy name");
    ok(mta_sts_catalog_find(&catalog, mta_sts_str("e.example"), &entry)
       && mta_sts_str_eq(entry.policy_name, mta_sts_str("small")),
       "another one");
    ok(mta_sts_catalog_find(&catalog, mta_sts_str("a.example"), &entry)
       && entry.policy_name.len == 0, "none");
    is_int((long long) test.n_warnings, 0, "no warnings");
}


/* Of several policies of a domain one is kept, and none of the rest counts. */

static void
test_first(void)
{
    mta_sts_entry_t          entry;
    mta_sts_server_t         a, b, c;
    mta_sts_catalog_t        catalog;
    const mta_sts_policy_t  *mail, *other;

    static const char  *domains[] = {
        "x.example", "y.example", "z.example", "b.example"
    };

    const mta_sts_server_t  *all[] = { &a, &b, &c };

    test_begin(0);
    mail = set_policy(MAIL);
    other = set_policy(OTHER);

    serve(&a, "x.example y.example z.example", mail, "", "a.conf");
    serve(&b, "b.example y.example", other, "", "test.conf");
    serve(&c, "b.example y.example", mail, "", "test.conf");

    is_int(BUILD(&catalog, 3), MTA_STS_OK, "domains with two policies");
    ok(has(&catalog, "y.example", mail, "a.conf", 2), "the largest is kept");
    ok(has(&catalog, "b.example", other, "test.conf", 1),
       "of the others, the first");
    walks(&catalog, domains, 4);

    is_int(BUILD(&catalog, 1), MTA_STS_OK, "the largest is first");
    ok(has(&catalog, "y.example", mail, "a.conf", 2), "and is kept");
    ok(mta_sts_catalog_find_first(&catalog, mta_sts_str("y.example"), &entry),
       "it is found among the first");
    ok(!mta_sts_catalog_find_first(&catalog, mta_sts_str("b.example"), &entry),
       "the others are not");
    walks(&catalog, domains, 4);

    all[0] = &b;
    all[1] = &a;

    is_int(BUILD(&catalog, 1), MTA_STS_OK, "the largest is not first");
    ok(has(&catalog, "y.example", other, "test.conf", 2), "the first is kept");
    ok(has(&catalog, "x.example", mail, "a.conf", 1), "the rest is there");
    walks(&catalog, domains, 4);
    is_int((long long) test.n_warnings, 0, "no warnings");
}


static void
test_shared(void)
{
    mta_sts_server_t   a, b, c, d;
    mta_sts_catalog_t  catalog;

    static const char  *domains[] = { "a.example", "b.example", "c.example" };

    const mta_sts_server_t  *all[] = { &a, &b, &c, &d };

    test_begin(0);

    /* the largest, and the other one */

    serve(&a, "a.example b.example", set_policy(MAIL), "", "a.conf");
    serve(&c, "c.example", set_policy(OTHER), "", "c.conf");
    b = a;
    d = c;

    is_int(BUILD(&catalog, 0), MTA_STS_OK, "shared tables");
    walks(&catalog, domains, 3);

    ok(mta_sts_catalog_has(&catalog, &a.table), "the largest is not copied");
    ok(!mta_sts_catalog_has(&catalog, &c.table), "the other one is");

    is_int(BUILD(&catalog, 1), MTA_STS_OK, "with one of them first");
    walks(&catalog, domains, 3);
}


static void
test_empty(void)
{
    mta_sts_server_t         a, b;
    mta_sts_catalog_t        catalog;
    const mta_sts_policy_t  *mail;

    static const char  *domains[] = { "a.example" };

    const mta_sts_server_t  *all[] = { &a, &b };

    test_begin(0);
    mail = set_policy(MAIL);

    is_int(build(&catalog, 0, 0, NULL), MTA_STS_OK, "no servers");
    ok(has_not(&catalog, "a.example"), "nothing is found");
    walks(&catalog, domains, 0);

    memset(&a, 0, sizeof(mta_sts_server_t));
    serve(&b, "", mail, "", "b.conf");

    is_int(BUILD(&catalog, 0), MTA_STS_OK, "servers without domains");
    ok(has_not(&catalog, "a.example"), "nothing is found");
    walks(&catalog, domains, 0);

    serve(&b, "a.example", mail, "", "b.conf");

    is_int(BUILD(&catalog, 0), MTA_STS_OK, "one of two has domains");
    ok(has(&catalog, "a.example", mail, "b.conf", 1), "it is found");
    walks(&catalog, domains, 1);
}


/* Each allocation of the catalog, but not those of what it is made of. */

static void
test_memory_build(void)
{
    int                      rc;
    size_t                   fail;
    mta_sts_server_t         a, b;
    mta_sts_catalog_t        catalog;
    const mta_sts_policy_t  *mail;

    const mta_sts_server_t  *all[] = { &a, &b };

    for (fail = 1; fail < 100; fail++) {
        test_begin(0);
        mail = set_policy(MAIL);

        serve(&a, "a.example b.example", mail, "", "a.conf");
        serve(&b, "c.example", mail, "p", "b.conf");

        /* no allocation is to fail before this one */

        test.fail = test.n + fail;

        rc = BUILD(&catalog, 0);

        if (rc != MTA_STS_ERROR || test.err.place.line
            || strcmp(test.err.text, "out of memory") != 0)
        {
            break;
        }
    }

    ok(rc == MTA_STS_OK && fail > 1, "each of %zu allocations may fail",
       fail - 1);
}


int
main(void)
{
    test_find();
    test_first();
    test_shared();
    test_empty();
    test_memory_build();

    return done();
}
