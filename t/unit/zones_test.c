/*
 * The zone that a record is put into must be the one that answers for its
 * name: the longest that there is, on the border of a label.
 */

#include "cli/publish/publish.h"
#include "values.h"


/* Values, and the zones that they are. */

static const char  *sets[][2] = {
    { "", "" },
    { "example.com", "example.com\n" },
    { "c.example a.example b.example",
      "a.example\nb.example\nc.example\n" },
    { "example.com Example.COM example.com. EXAMPLE.com.", "example.com\n" },
    { "b.example a.example b.example A.example c.example",
      "a.example\nb.example\nc.example\n" },
    { "example.com com _smtp._tls.Example.com _mta-sts.example.com",
      "_mta-sts.example.com\n_smtp._tls.example.com\ncom\nexample.com\n" },
    { "b\xc3\xbc" "cher.example xn--bcher-kva.example",
      "xn--bcher-kva.example\n" },
    { "a.b a-b a ab a0b a_b", "a\na-b\na.b\na0b\na_b\nab\n" }
};


/* Each name, and its zone of those; NULL: it has none. */

#define ZONES  "example.com a.b.example.com b.example.com " \
               "_mta-sts.p.example p.example org co.uk"

static const char  *finds[][2] = {
    { "example.com", "example.com" },
    { "_mta-sts.example.com", "example.com" },
    { "_smtp._tls.example.com", "example.com" },
    { "c.example.com", "example.com" },
    { "b.example.com", "b.example.com" },
    { "mta-sts.b.example.com", "b.example.com" },
    { "_smtp._tls.a.b.example.com", "a.b.example.com" },
    { "xa.b.example.com", "b.example.com" },
    { "xb.example.com", "example.com" },
    { "example.com._mta-sts.p.example", "_mta-sts.p.example" },
    { "_mta-sts.p.example", "_mta-sts.p.example" },
    { "example.com._smtp._tls.p.example", "p.example" },
    { "org._mta-sts.p.example", "_mta-sts.p.example" },
    { "mta-sts.p.example", "p.example" },
    { "org", "org" },
    { "x.y.z.org", "org" },
    { "a.co.uk", "co.uk" },

    { "uk", NULL },
    { "com", NULL },
    { "xexample.com", NULL },
    { "xorg", NULL },
    { "example.com.net", NULL },
    { "example", NULL },
    { "zzz", NULL },
    { "0", NULL },
    { "mta-sts.example.co", NULL }
};


static int
set(zones_t *zones, const char *text)
{
    size_t           n;
    mta_sts_value_t  values[VALUES_MAX];

    memset(zones, 0xa5, sizeof(zones_t));

    n = values_of(text, values);

    return zones_set(zones, "zone", values, n, &test.env, &test.err);
}


static void
test_set(void)
{
    size_t          i, k;
    zones_t         zones;
    mta_sts_buf_t  text;

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        test_begin(0);

        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = &test.env;

        if (!is_int(set(&zones, sets[i][0]), MTA_STS_OK, "zones of \"%s\"",
                    sets[i][0]))
        {
            continue;
        }

        for (k = 0; k < zones.n; k++) {
            mta_sts_buf_add(&text, zones.apexes[k]);
            mta_sts_buf_add_cstr(&text, "\n");
        }

        is_str(mta_sts_buf_str(&text), mta_sts_str_from(sets[i][1]),
               "are these");
    }
}


static void
is_refused(const char *text, unsigned column, const char *fault)
{
    zones_t  zones;

    test_begin(0);

    is_int(set(&zones, text), MTA_STS_ERROR, "\"%s\" are refused", text);
    is_err(&test.err, 7, column, fault);
}


static void
test_bad(void)
{
    zones_t          zones;
    mta_sts_value_t  value;

    is_refused("a..b", 1, "invalid zone \"a..b\", has an empty label");
    is_refused(".", 1, "invalid zone \".\", must not be empty");
    is_refused("example.com 192.0.2.1 a..b", 13, "invalid zone \"192.0.2.1\", "
               "must be a host name, not an IP address");
    is_refused("_a.example b.example Example.com/", 22, "invalid zone "
               "\"Example.com/\", a host name has only letters, digits, \"-\" "
               "and \".\"");

    /* the command line has no place */

    test_begin(0);

    memset(&value, 0, sizeof(mta_sts_value_t));

    is_int(zones_set(&zones, "zone", &value, 1, &test.env, &test.err), MTA_STS_ERROR,
           "an empty value without a place");
    is_err(&test.err, 0, 0, "invalid zone \"\", must not be empty");
}


static void
test_find(void)
{
    size_t                i;
    zones_t               zones;
    const mta_sts_str_t  *zone;

    test_begin(0);

    is_int(set(&zones, ZONES), MTA_STS_OK, "seven zones");
    is_int((long long) zones.n, 7, "all of them");

    for (i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
        zone = zones_find(&zones, mta_sts_str_from(finds[i][0]));

        if (finds[i][1] == NULL) {
            ok(zone == NULL, "%s has no zone", finds[i][0]);
            continue;
        }

        if (ok(zone != NULL, "%s has a zone", finds[i][0])) {
            is_str(*zone, mta_sts_str_from(finds[i][1]), "which is");
            ok(zone >= zones.apexes && zone < zones.apexes + zones.n,
               "one of them");
        }
    }

    is_int(set(&zones, ""), MTA_STS_OK, "no zones");
    ok(zones_find(&zones, mta_sts_str("example.com")) == NULL,
       "nothing is in none");
}


int
main(void)
{
    test_set();
    test_bad();
    test_find();

    return done();
}
