/*
 * Which hosts each kind of server_name matches.  nginx's choice among two
 * servers must agree: that of the name if it matches, or else the default one.
 */

#include "sites.h"


static const struct {
    const char  *name;
    const char  *hosts;               /* that it matches */
    const char  *others;
} names[] = {

    { "mta-sts.a.example", "mta-sts.a.example",
      "mta-sts.aa.example mta-sts.b.a.example mta-sts.a.example.com" },

    /* the end of another name */

    { "a.example", "", "mta-sts.a.example mta-sts.aa.example" },
    { "smta-sts.a.example", "", "mta-sts.a.example" },

    /* nginx keeps the dot, and a client's Host is without it */

    { "mta-sts.a.example.", "", "mta-sts.a.example" },
    { ".a.example.", "", "mta-sts.a.example" },
    { "*.a.example.", "", "mta-sts.a.example" },

    { "*.a.example", "mta-sts.a.example mta-sts.b.a.example",
      "mta-sts.aa.example mta-sts.a.example.com mta-sts.example" },
    { "*.mta-sts.a.example", "", "mta-sts.a.example" },
    { "*.sts.a.example", "", "mta-sts.a.example" },

    { ".a.example", "mta-sts.a.example mta-sts.b.a.example",
      "mta-sts.aa.example mta-sts.a.example.com" },
    { ".mta-sts.a.example", "mta-sts.a.example",
      "mta-sts.b.a.example mta-sts.a.example.com" },
    { ".example", "mta-sts.example mta-sts.a.example", "mta-sts.a.com" },

    { "mta-sts.*", "mta-sts.a mta-sts.a.example", "" },
    { "mta-sts.a.*", "mta-sts.a.example mta-sts.a.b.example",
      "mta-sts.a mta-sts.aa.example mta-sts.b.a.example" },
    { "mta.*", "", "mta-sts.a.example" },
    { "a.*", "", "mta-sts.a.example" },

    /* a leading dot comes first: the label "*" */

    { ".mta-sts.*", "", "mta-sts.a.example" },

    { "~a.example", "mta-sts.a.example mta-sts.aa.example",
      "mta-sts.b.example" },

    { "mta-sts", "", "mta-sts.a.example" },
    { "_", "", "mta-sts.a.example" }
};


static void
test_hosts(const char *name, const char *hosts, int matches)
{
    size_t                 i, n;
    mta_sts_str_t          host;
    mta_sts_server_name_t  of[NAMES_MAX];

    n = names_of(hosts, of);

    for (i = 0; i < n; i++) {
        host = of[i].value.text;

        is_int(mta_sts_server_name_matches(&all.names[1][0], host), matches,
               "%s and %.*s", name, MTA_STS_SHOW(host));
        is_int(mta_sts_answers_choose(&all.addresses[0], host),
               matches ? 1 : 0, "nginx's choice");
    }
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const server_t  servers[SERVERS] = {
            { "w", "www.example", "", NULL, NULL },
            { "w", names[i].name, "", NULL, NULL }
        };

        configure(servers);
        test_hosts(names[i].name, names[i].hosts, 1);
        test_hosts(names[i].name, names[i].others, 0);
    }

    return done();
}
