/*
 * A record in the wrong zone is a record that nobody finds.  Every record must
 * come out once, in the zone that answers for it, and what cannot be published
 * must be said before the first one is written.
 */

#include "plans.h"


/*
 * Domains, sorted and separated by " ", what is wanted of them, and in which
 * zones it comes out.
 */

static const struct {
    const char  *domains;
    const char  *policy;
    const char  *delegate;
    int          customer;
    const char  *hosts;
    const char  *zones;
    int          whole;
    const char  *records;
} plans[] = {

    /* without zones */

    { "", RECORDS_MAIL, "", 0, "", "", 0, "" },

    { "a.example", RECORDS_MAIL, "", 0, "", "", 0,
      "[a.example] a.example\n_mta-sts.a.example" STS },

    { "a.example b.a.example c.example", RECORDS_MAIL, "", 0, "192.0.2.1",
      "", 0,
      "[a.example] a.example\n_mta-sts.a.example" STS
      "mta-sts.a.example 3600 A 192.0.2.1\n"
      "[b.a.example] b.a.example\n_mta-sts.b.a.example" STS
      "mta-sts.b.a.example 3600 A 192.0.2.1\n"
      "[c.example] c.example\n_mta-sts.c.example" STS
      "mta-sts.c.example 3600 A 192.0.2.1\n" },

    { "a.example b.example", RECORDS_RUA, "p.example", 0, "", "", 0,
      "[p.example] a.example\na.example._mta-sts.p.example" STS
      "a.example._smtp._tls.p.example" RPT
      "b.example\nb.example._mta-sts.p.example" STS
      "b.example._smtp._tls.p.example" RPT },

    { "a.example b.example", RECORDS_MAIL, "p.example", 1, "m.p.example",
      "", 0,
      "[a.example] a.example\n"
      "_mta-sts.a.example 3600 CNAME a.example._mta-sts.p.example\n"
      "mta-sts.a.example 3600 CNAME m.p.example\n"
      "[b.example] b.example\n"
      "_mta-sts.b.example 3600 CNAME b.example._mta-sts.p.example\n"
      "mta-sts.b.example 3600 CNAME m.p.example\n" },

    /* by zone, then by domain */

    { "a.z.example b.y.example c.z.example y.example z.example", RECORDS_MAIL,
      "", 0, "", "z.example y.example x.example", 0,
      "[y.example] b.y.example\n_mta-sts.b.y.example" STS
      "y.example\n_mta-sts.y.example" STS
      "[z.example] a.z.example\n_mta-sts.a.z.example" STS
      "c.z.example\n_mta-sts.c.z.example" STS
      "z.example\n_mta-sts.z.example" STS },

    { "b.z.example z.example", RECORDS_MAIL, "", 0, "",
      "z.example b.z.example", 0,
      "[b.z.example] b.z.example\n_mta-sts.b.z.example" STS
      "[z.example] z.example\n_mta-sts.z.example" STS },

    /* a domain in several zones */

    { "a.example b.example", RECORDS_RUA, "", 0, "192.0.2.1 2001:db8::1",
      "b.example a.example mta-sts.a.example", 0,
      "[a.example] a.example\n_mta-sts.a.example" STS
      "_smtp._tls.a.example" RPT
      "[b.example] b.example\n_mta-sts.b.example" STS
      "_smtp._tls.b.example" RPT
      "mta-sts.b.example 3600 A 192.0.2.1\n"
      "mta-sts.b.example 3600 AAAA 2001:db8::1\n"
      "[mta-sts.a.example] a.example\n"
      "mta-sts.a.example 3600 A 192.0.2.1\n"
      "mta-sts.a.example 3600 AAAA 2001:db8::1\n" },

    { "a.example b.example", RECORDS_RUA, "", 0, "192.0.2.1 2001:db8::1",
      "b.example a.example mta-sts.a.example", 1,
      "[a.example] a.example\n_mta-sts.a.example" STS
      "_smtp._tls.a.example" RPT
      "mta-sts.a.example 3600 A 192.0.2.1\n"
      "mta-sts.a.example 3600 AAAA 2001:db8::1\n"
      "[b.example] b.example\n_mta-sts.b.example" STS
      "_smtp._tls.b.example" RPT
      "mta-sts.b.example 3600 A 192.0.2.1\n"
      "mta-sts.b.example 3600 AAAA 2001:db8::1\n" },

    { "a.example", RECORDS_RUA, "", 0, "192.0.2.1",
      "a.example _tls.a.example _mta-sts.a.example", 0,
      "[_mta-sts.a.example] a.example\n_mta-sts.a.example" STS
      "[_tls.a.example] a.example\n_smtp._tls.a.example" RPT
      "[a.example] a.example\nmta-sts.a.example 3600 A 192.0.2.1\n" },

    { "a.example", RECORDS_RUA, "", 0, "192.0.2.1",
      "a.example _tls.a.example _mta-sts.a.example", 1,
      "[_mta-sts.a.example] a.example\n_mta-sts.a.example" STS
      "_smtp._tls.a.example" RPT
      "mta-sts.a.example 3600 A 192.0.2.1\n" },

    /* the first and the last of a domain's records are in one zone */

    { "a.example", RECORDS_RUA, "", 0, "192.0.2.1",
      "a.example _smtp._tls.a.example", 0,
      "[_smtp._tls.a.example] a.example\n_smtp._tls.a.example" RPT
      "[a.example] a.example\n_mta-sts.a.example" STS
      "mta-sts.a.example 3600 A 192.0.2.1\n" },

    /* the delegate's side */

    { "a.example b.example", RECORDS_RUA, "p.example", 0, "",
      "_mta-sts.p.example p.example", 0,
      "[_mta-sts.p.example] a.example\na.example._mta-sts.p.example" STS
      "b.example\nb.example._mta-sts.p.example" STS
      "[p.example] a.example\na.example._smtp._tls.p.example" RPT
      "b.example\nb.example._smtp._tls.p.example" RPT },

    { "a.example b.example", RECORDS_RUA, "p.example", 0, "",
      "_mta-sts.p.example p.example", 1,
      "[_mta-sts.p.example] a.example\na.example._mta-sts.p.example" STS
      "a.example._smtp._tls.p.example" RPT
      "b.example\nb.example._mta-sts.p.example" STS
      "b.example._smtp._tls.p.example" RPT },

    /* what is left out cannot be an alias at an apex */

    { "a.example", RECORDS_MAIL, "", 0, "mta-sts.a.example",
      "a.example mta-sts.a.example", 0,
      "[a.example] a.example\n_mta-sts.a.example" STS }
};


/* What is held back, by domain; the messages are for t/records.t. */

static const struct {
    const char  *domains;
    const char  *delegate;
    int          customer;
    const char  *hosts;
    const char  *zones;
    const char  *left;
} holds[] = {
    { "a.example b.example c.example", "", 0, "", "c.example a.example",
      "a.example c.example" },

    { "xa.example", "", 0, "", "a.example", "" },
    { "a.example", "", 0, "", "_smtp._tls.a.example", "" },
    { "a.example", "", 0, "", "_mta-sts.a.example", "" },

    { "a.example b.example", "", 0, "192.0.2.1", "a.example "
      "_mta-sts.b.example _smtp._tls.b.example", "a.example" },

    { "a.example", "p.example", 0, "", "a.example", "" },

    { "a.example b.example", "p.example", 1, "", "a.example p.example",
      "a.example" },

    { "a.example b.example", "", 0, "m.example",
      "mta-sts.b.example a.example b.example", "a.example" },

    { "a.example", "p.example", 1, "192.0.2.1", "a.example "
      "_smtp._tls.a.example", "" },

    { "a.example", "_" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 0,
      "", "", "" }
};


static void
test_plans(void)
{
    size_t  i;

    for (i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        test_begin(0);

        set_zones(plans[i].zones);
        wanted = wanted_of(plans[i].delegate, plans[i].customer,
                           plans[i].hosts);

        build(plans[i].domains, plans[i].policy, plans[i].whole);

        is_str(planned(), mta_sts_str_from(plans[i].records), "plan %zu", i);
        is_int((long long) plan.held, 0, "nothing is held back");

        plan_free(&plan);
    }
}


static void
test_held(void)
{
    int            whole;
    size_t         i, k, n;
    mta_sts_buf_t  left;

    for (i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
        for (whole = 0; whole < 2; whole++) {
            test_begin(0);

            memset(&left, 0, sizeof(mta_sts_buf_t));
            left.env = &test.env;

            set_zones(holds[i].zones);
            wanted = wanted_of(holds[i].delegate, holds[i].customer,
                               holds[i].hosts);

            build(holds[i].domains, RECORDS_RUA, whole);

            for (k = 0, n = 0; k < plan.n; k++) {
                if (k == 0 || plan.parts[k].entry != plan.parts[k - 1].entry) {
                    mta_sts_buf_add_cstr(&left, n++ ? " " : "");
                    mta_sts_buf_add(&left, plan_entry(&plan, k).domain);
                }
            }

            is_str(mta_sts_buf_str(&left), mta_sts_str_from(holds[i].left),
                   "hold %zu, whole %d: the others go on", i, whole);
            is_int((long long) plan.held, 1, "one is held back");

            plan_free(&plan);
        }
    }
}


/* Of two domains one is delegated, which is the other one's parent. */

static void
test_delegated(void)
{
    zones_t                  delegated;
    mta_sts_value_t          value = { mta_sts_str("b.example"),
                                       MTA_STS_NOWHERE };
    mta_sts_record_wanted_t  own;

    test_begin(0);

    set_zones("");
    wanted = wanted_of("p.example", 0, "");
    own = wanted_of("", 0, "");

    if (zones_set(&delegated, "domain", &value, 1, &test.env, &test.err)
        != MTA_STS_OK)
    {
        abort();
    }

    memset(&plan, 0, sizeof(plan_t));

    plan.wanted = &wanted;
    plan.own = &own;
    plan.delegated = &delegated;
    plan.zones = &zones;

    all.elts = entries;
    all.n = set_entries("a.b.example b.example", set_policy(RECORDS_MAIL));
    plan.entries = &all;

    plan_build(&plan);

    is_str(planned(), mta_sts_str(
           "[p.example] b.example\nb.example._mta-sts.p.example" STS
           "[a.b.example] a.b.example\n_mta-sts.a.b.example" STS),
           "only one is delegated");

    plan_free(&plan);
}


/* More parts than there is room for at first, from zone to zone. */

static void
test_many(void)
{
    char    names[ENTRIES_MAX][16];
    size_t  i, bad;

    test_begin(0);

    set_zones("a b");
    wanted = wanted_of("", 0, "");

    build("x.a", RECORDS_MAIL, 0);
    plan_free(&plan);

    for (i = 0; i < ENTRIES_MAX; i++) {
        (void) snprintf(names[i], sizeof(names[i]), "%03zu.%c", i,
                        i % 2 ? 'a' : 'b');
        entries[i] = entry_of(names[i], entries[0].policy, 7);
    }

    memset(&plan, 0, sizeof(plan_t));

    plan.wanted = &wanted;
    plan.zones = &zones;

    all.n = ENTRIES_MAX;
    plan.entries = &all;

    plan_build(&plan);

    is_int((long long) plan.n, ENTRIES_MAX, "many domains in two zones");
    is_int((long long) plan_zone_end(&plan, 0), ENTRIES_MAX / 2,
           "half of them in one");

    for (i = 0, bad = 0; i < plan.n; i++) {
        bad += plan.parts[i].entry != (i < ENTRIES_MAX / 2
                                       ? 2 * i + 1 : 2 * i - ENTRIES_MAX);
        bad += plan_zone(&plan, i).data[0] != (i < ENTRIES_MAX / 2 ? 'a'
                                                                   : 'b');
    }

    is_int((long long) bad, 0, "by zone, then by domain");

    plan_free(&plan);
}


int
main(void)
{
    test_plans();
    test_held();
    test_delegated();
    test_many();

    return done();
}
