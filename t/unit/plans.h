/*
 * Plans for the tests: of which domains, and what is streamed of them, as one
 * text.
 */

#ifndef MTA_STS_TEST_PLANS_H
#define MTA_STS_TEST_PLANS_H


#include "cli/publish/publish.h"
#include "records.h"


#define ENTRIES_MAX  256

/* TXT records, without their names */

#define STS  " 3600 TXT " RECORDS_STS "\n"
#define RPT  " 3600 TXT " RECORDS_RPT "\n"


/* The plan and what it is made of. */

static mta_sts_entry_t          entries[ENTRIES_MAX];
static mta_sts_record_wanted_t  wanted;
static zones_t                  zones;
static plan_t                   plan;
static entries_t                all;


/* Makes entries of domains, the first at line 1. */

static inline size_t
set_entries(const char *domains, const mta_sts_policy_t *policy)
{
    size_t  n, len;

    for (n = 0; *domains && n < ENTRIES_MAX; n++) {
        len = strcspn(domains, " ");

        entries[n] = entry_of(domains, policy, (unsigned) n + 1);
        entries[n].domain.len = len;

        domains += len + (domains[len] == ' ');
    }

    return n;
}


static inline void
set_zones(const char *text)
{
    size_t           n;
    mta_sts_value_t  values[VALUES_MAX];

    n = values_of(text, values);

    if (zones_set(&zones, "zone", values, n, &test.env, &test.err) != MTA_STS_OK) {
        abort();
    }
}


static inline void
build(const char *domains, const char *policy, int whole)
{
    all.elts = entries;
    all.n = set_entries(domains, set_policy(policy));

    memset(&plan, 0, sizeof(plan_t));

    plan.entries = &all;
    plan.wanted = &wanted;
    plan.zones = &zones;
    plan.whole = whole;

    plan_build(&plan);
}


/*
 * What is in the plan: "[ZONE] " before each zone, each domain on a line, and
 * its records after it.
 */

static inline mta_sts_str_t
planned(void)
{
    size_t         i;
    batch_t        batch;
    mta_sts_buf_t  text = { &test.env, NULL, 0, 0, 0 };

    for (i = 0; i < plan.n; i++) {
        plan_batch(&plan, i, &test.env, &batch);

        if (i == 0 || plan_zone_end(&plan, i - 1) == i) {
            mta_sts_buf_add_cstr(&text, "[");
            mta_sts_buf_add(&text, batch.zone);
            mta_sts_buf_add_cstr(&text, "] ");
        }

        mta_sts_buf_add(&text, batch.entry.domain);
        mta_sts_buf_add_cstr(&text, "\n");
        records_add(&text, batch.records, batch.n);
    }

    return mta_sts_buf_str(&text);
}


#endif /* MTA_STS_TEST_PLANS_H */
