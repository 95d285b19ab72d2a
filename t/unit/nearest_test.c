/*
 * The nearest domain is the same that a slow and simple search finds.
 */

#include "cli/conf/site.h"
#include "policy/policy.h"
#include "tap.h"


#define DOMAINS_MAX  8
#define NAME_SIZE    (MTA_STS_NAME_DOMAIN_MAX + 1)

#define A10  "aaaaaaaaaa"
#define A60  A10 A10 A10 A10 A10 A10
#define B60  "b" A10 A10 A10 A10 A10 "aaaaaaaab"

/* three names of 242 characters, which is as long as a domain may be */

#define LONG_A  A60 "." A60 "." A60 "." A10 A10 A10 A10 A10 "aaaaaaaaa"
#define LONG_B  A60 "." A60 "." A60 "." A10 A10 A10 A10 A10 "aaaaaaaab"
#define LONG_C  A60 "." B60 "." A60 "." A10 A10 A10 A10 A10 "aaaaaaaab"


/* A domain, the configured ones, and the nearest of them, or NULL. */

static const char  *tests[][3] = {
    { "example.com", "", NULL },
    { "example.com", "example.com", "example.com" },
    { "example.com", "z", "z" },

    /* an exchange, one that is missing, one too many, another one */

    { "exmaple.com", "example.org example.com examples.net", "example.com" },
    { "exmple.com", "sample.com example.com simple.org", "example.com" },
    { "exaample.com", "aaample.net example.com", "example.com" },
    { "example.con", "example.net example.com example.org", "example.com" },
    { "example.cmo", "example.co.uk example.com", "example.com" },
    { "example.com", "b.example example.co example.community", "example.co" },

    /* an exchange is one edit, two others are two */

    { "ab.example", "ba.example cd.example", "ba.example" },
    { "ab.example", "ba.example ac.example", "ac.example" },
    { "abcd", "badc abxy", "abxy" },
    { "ca", "abc", "abc" },

    /* a label before a domain is one edit */

    { "www.example.com", "wwv.example.com example.com", "example.com" },
    { "www.example.com", "example.com aww.example.com", "aww.example.com" },
    { "a.b.example.com", "example.com a.c.example.com", "a.c.example.com" },
    { "a.b.example.com", "example.com a.c.example.con", "a.c.example.con" },
    { "a.b.example.com", "example.com x.y.example.con", "example.com" },
    { "mail.dept.example.com", "com example.com dept.example.com",
      "dept.example.com" },
    { "mail.dept.example.com", "mail.deptexamplecom.abc example.com",
      "example.com" },
    { "xexample.com", "example.com yexample.com", "example.com" },
    { "www.xexample.com", "example.com www.xexampel.con",
      "www.xexampel.con" },

    /* one below is not above */

    { "example.com", "www.example.com exampxx.com", "exampxx.com" },
    { "example.com", "a.example.com exampxx.com", "a.example.com" },

    /* of several it is the first in the alphabet */

    { "b.example", "c.example a.example d.example", "a.example" },
    { "d.example", "c.example b.example a.example", "a.example" },
    { "a.b.example", "b.example example", "b.example" },
    { "a.z.example", "z.example example", "z.example" },
    { "z.example", "example zz.example", "example" },

    { LONG_A, LONG_A, LONG_A },
    { LONG_A, LONG_C " " LONG_B, LONG_B },
    { LONG_C, LONG_A " " LONG_B " a", LONG_B },
    { LONG_A, "b", "b" },
    { "b", LONG_A, LONG_A },
    { "b", LONG_A " c", "c" },
    { "a." LONG_A, LONG_A " " LONG_B, LONG_A }
};


static const mta_sts_policy_t  policy;


static int
serve(mta_sts_server_t *server, const char *const *domains, size_t n)
{
    size_t                   i;
    uint32_t                 index;
    mta_sts_str_t            label = { NULL, 0 };
    mta_sts_place_t          place = { { "a.conf", 6 }, 1, 0 };
    mta_sts_table_builder_t  builder;

    memset(server, 0, sizeof(mta_sts_server_t));
    memset(&builder, 0, sizeof(mta_sts_table_builder_t));

    builder.env = &test.env;

    if (mta_sts_table_add_policy(&builder, &policy, label, &index, &test.err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (mta_sts_table_add(&builder, mta_sts_str_from(domains[i]), index,
                              place, &test.err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_table_end(&builder, &server->table, &test.err);
}


/* The catalog of domains, of which two servers have the first n and others. */

static void
catalog_of(mta_sts_catalog_t *catalog, const char *const *domains, size_t all,
    size_t n)
{
    mta_sts_server_t  a, b;

    const mta_sts_server_t  *servers[] = { &a, &b };

    if (serve(&a, domains, n) != MTA_STS_OK
        || serve(&b, domains + n, all - n) != MTA_STS_OK
        || mta_sts_catalog_build(catalog, servers, 2, 0, &test.env, &test.err)
           != MTA_STS_OK)
    {
        abort();
    }
}


/* The domains of a text, separated by " ", in buf. */

static size_t
split(const char *text, char buf[DOMAINS_MAX][NAME_SIZE],
    const char *domains[DOMAINS_MAX])
{
    size_t  n, len;

    for (n = 0; *text; n++) {
        len = strcspn(text, " ");

        if (n == DOMAINS_MAX || len >= NAME_SIZE) {
            abort();
        }

        memcpy(buf[n], text, len);
        buf[n][len] = '\0';
        domains[n] = buf[n];

        text += len + (text[len] == ' ');
    }

    return n;
}


/* However the domains are divided between two servers. */

static void
test_nearest(void)
{
    int                rc;
    char               buf[DOMAINS_MAX][NAME_SIZE];
    size_t             i, k, n, bad;
    const char        *domains[DOMAINS_MAX];
    mta_sts_str_t      nearest;
    mta_sts_catalog_t  catalog;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        n = split(tests[i][1], buf, domains);

        for (k = 0, bad = 0; k <= n; k++) {
            test_begin(0);

            nearest = mta_sts_str("nothing");
            catalog_of(&catalog, domains, n, k);

            rc = site_nearest(&catalog, mta_sts_str_from(tests[i][0]),
                              &nearest);

            if (tests[i][2] == NULL) {
                bad += rc != 0;

            } else if (rc != 1 || !mta_sts_str_eq(nearest,
                                            mta_sts_str_from(tests[i][2])))
            {
                is_str(nearest, mta_sts_str_from(tests[i][2]), "with %zu", k);
                bad++;
            }
        }

        is_int((long long) bad, 0, "%.40s in %.100s", tests[i][0],
               tests[i][1]);
    }
}


/* A server is one that may be without domains, and there may be none. */

static void
test_none(void)
{
    mta_sts_str_t      nearest;
    mta_sts_catalog_t  catalog;

    test_begin(0);

    is_int(mta_sts_catalog_build(&catalog, NULL, 0, 0, &test.env, &test.err),
           MTA_STS_OK, "no servers");
    is_int(site_nearest(&catalog, mta_sts_str("example.com"), &nearest), 0,
           "nothing is near");
}


/* A number below n, the same ones in each run. */

static size_t
below(size_t n)
{
    static uint32_t  state = 2463534242u;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;

    return state % n;
}


/* A name of up to max characters, of few, so that many are alike. */

static void
random_name(char *name, size_t max)
{
    size_t  i, len;

    len = 1 + below(max);

    for (i = 0; i < len; i++) {
        name[i] = i && i < len - 1 && name[i - 1] != '.' && below(4) == 0
                  ? '.' : (char) ('a' + below(3));
    }

    name[len] = '\0';
}


/* Changes name, which has room for two characters more, by an edit or two. */

static void
random_edit(char *name)
{
    char    ch;
    size_t  i, n, len;

    for (n = 1 + below(2); n > 0; n--) {
        len = strlen(name);
        i = below(len);

        switch (below(4)) {

        case 0:
            name[i] = (char) ('a' + below(3));
            break;

        case 1:
            if (i + 1 < len) {
                ch = name[i];
                name[i] = name[i + 1];
                name[i + 1] = ch;
            }

            break;

        case 2:
            memmove(name + i + 1, name + i, len - i + 1);
            name[i] = (char) ('a' + below(3));
            break;

        default:
            if (len > 1) {
                memmove(name + i, name + i + 1, len - i);
            }

            break;
        }
    }
}


static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}


/* Optimal string alignment, with all of its matrix. */

static size_t
plain_distance(const char *a, const char *b)
{
    size_t         i, k, m, n;
    static size_t  d[64][64];

    m = strlen(a);
    n = strlen(b);

    for (i = 0; i <= m; i++) {
        for (k = 0; k <= n; k++) {
            if (i == 0 || k == 0) {
                d[i][k] = i + k;
                continue;
            }

            d[i][k] = least(least(d[i - 1][k], d[i][k - 1]) + 1,
                            d[i - 1][k - 1] + (a[i - 1] != b[k - 1]));

            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
            {
                d[i][k] = least(d[i][k], d[i - 2][k - 2] + 1);
            }
        }
    }

    return d[m][n];
}


/* The number of labels before a domain that is above another one, or 99. */

static size_t
plain_labels(const char *domain, const char *above)
{
    size_t  n, len, above_len;

    len = strlen(domain);
    above_len = strlen(above);

    if (len <= above_len || domain[len - above_len - 1] != '.'
        || strcmp(domain + len - above_len, above) != 0)
    {
        return 99;
    }

    for (n = 0; len > above_len; len--) {
        n += domain[len - above_len - 1] == '.';
    }

    return n;
}


/* The index of the nearest of n domains. */

static size_t
plain_nearest(const char *domain, const char *const *domains, size_t n)
{
    size_t  i, best, distance, index;

    best = 0;
    index = 0;

    for (i = 0; i < n; i++) {
        distance = least(plain_distance(domain, domains[i]),
                         plain_labels(domain, domains[i]));

        if (i == 0 || distance < best
            || (distance == best && strcmp(domains[i], domains[index]) < 0))
        {
            best = distance;
            index = i;
        }
    }

    return index;
}


/* Random names in catalogs of up to DOMAINS_MAX; returns how many are wrong. */

static size_t
compare(size_t runs, size_t max)
{
    int                rc;
    char               domain[64], buf[DOMAINS_MAX][64];
    size_t             i, k, n, bad;
    const char        *above, *domains[DOMAINS_MAX];
    mta_sts_str_t      nearest, expected;
    mta_sts_catalog_t  catalog;

    for (i = 0, bad = 0; i < runs; i++) {
        test_begin(0);

        random_name(domain, max);

        n = 1 + below(DOMAINS_MAX);

        for (k = 0; k < n; k++) {
            random_name(buf[k], max);

            if (below(2)) {
                memcpy(buf[k], domain, sizeof(domain));
                random_edit(buf[k]);
            }

            above = strchr(domain, '.');

            domains[k] = above && below(4) == 0 ? above + 1 : buf[k];
        }

        catalog_of(&catalog, domains, n, below(n + 1));
        nearest = mta_sts_str("nothing");

        rc = site_nearest(&catalog, mta_sts_str_from(domain), &nearest);
        expected = mta_sts_str_from(domains[plain_nearest(domain, domains,
                                                          n)]);

        if (rc != 1 || !mta_sts_str_eq(nearest, expected)) {
            is_str(nearest, expected, "the nearest to %s", domain);
            bad++;
        }
    }

    return bad;
}


static void
test_plain(void)
{
    is_int((long long) plain_distance("ca", "abc"), 3, "alignment, not "
           "Damerau's distance");
    is_int((long long) plain_distance("exmaple", "example"), 1,
           "an exchange");

    is_int((long long) compare(3000, 4), 0, "3000 catalogs of short names");
    is_int((long long) compare(3000, 10), 0, "3000 of longer ones");
    is_int((long long) compare(1000, 60), 0, "1000 of long ones");
}


int
main(void)
{
    test_nearest();
    test_none();
    test_plain();

    return done();
}
