/*
 * Which records of which domains are published: into which zone each one goes,
 * whether it differs from the live DNS, and whether it may be announced.
 */

#ifndef MTA_STS_PUBLISH_PUBLISH_H
#define MTA_STS_PUBLISH_PUBLISH_H


#include "base/base.h"
#include "cli/probe/probe.h"
#include "formats/formats.h"
#include "serve/serve.h"


/* Names of zones, or of domains. */

typedef struct {
    mta_sts_str_t  *apexes;               /* sorted, no duplicates */
    size_t          n;
} zones_t;


/*
 * Makes zones of n values, in env's memory; what is their name in messages.
 *
 * Errors: invalid WHAT "VALUE", and the rule.
 */
int zones_set(zones_t *zones, const char *what, const mta_sts_value_t *values,
    size_t n, const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Finds the zone of a normalised name: the longest apex that is the name or
 * above it.  NULL if there is none.
 */
const mta_sts_str_t *zones_find(const zones_t *zones, mta_sts_str_t name);


/*
 * Domains and their policies, sorted by domain: an array, or where that is NULL
 * those of a catalog, which costs a cursor per domain.
 */

typedef struct {
    const mta_sts_entry_t    *elts;
    const mta_sts_catalog_t  *catalog;
    const size_t             *cursors;
    size_t                    n;
} entries_t;


mta_sts_entry_t entries_get(const entries_t *entries, size_t i);


typedef mta_sts_batch_t  batch_t;


/* A domain with records in a zone. */

typedef struct {
    uint32_t                 entry;       /* an index */
    uint32_t                 zone;        /* one of zones, or PLAN_* */
} plan_part_t;

#define PLAN_DELEGATE  (UINT32_MAX - 1)   /* the delegate is the zone */
#define PLAN_DOMAIN    UINT32_MAX         /* the domain is */


/* What is known of a part. */

typedef struct {
    const batch_t           *kept;        /* or NULL: all its records */
    int                      held;        /* its policy is not announced */
    int                      lost;        /* what must stay is unknown */
} plan_state_t;


/*
 * All that is published: zone by zone, and in each zone domain by domain.  Set
 * the first fields and zero the others.
 */

typedef struct {
    const entries_t                *entries;
    const mta_sts_record_wanted_t  *wanted;
    const mta_sts_record_wanted_t  *own;      /* of domains that are not in
                                                 delegated; or NULL */
    const zones_t                  *delegated;
    const zones_t                  *zones;
    int                             whole;    /* a domain is in one zone */

    plan_part_t                    *parts;
    plan_state_t                   *states;   /* of parts; or NULL */
    size_t                          n;
    size_t                          size;
    size_t                          held;     /* domains or policies that are
                                                 held back */
    mta_sts_arena_t                 arena;
} plan_t;


/* The records that are wanted of a domain. */
const mta_sts_record_wanted_t *plan_wanted(const plan_t *plan,
    const mta_sts_entry_t *entry);

/*
 * Makes zones of those that the plan's records are in, as the DNS has them;
 * before plan_build().
 *
 * Errors: those of net_init(); no zone was found in the DNS: does the resolver
 * work?
 */
int zones_discover(zones_t *zones, const plan_t *plan,
    const net_settings_t *settings, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Plans the records of the entries; what the first fields point to must live as
 * long as the plan.  A record's zone is the longest of zones that its name is in; without zones it is the domain or, for the
 * delegate's side of a delegation, the delegate.  The records of a domain may
 * be in several zones; with whole they are all in the first one's.
 *
 * A domain is held back, with a message at the entry's place, for: "NAME" is in
 * none of the zones of "--zone"; "NAME" is the apex of a zone and cannot be an
 * alias; those of mta_sts_record_check().
 */
void plan_build(plan_t *plan);

/*
 * Gives the records of a part; what is not kept is built in env's memory.  A
 * policy that is held back has none.
 */
void plan_batch(const plan_t *plan, size_t part, const mta_sts_env_t *env,
    batch_t *batch);

/* The domain of a part, and the apex of its zone. */
mta_sts_entry_t plan_entry(const plan_t *plan, size_t part);
mta_sts_str_t plan_zone(const plan_t *plan, size_t part);

/* The state of a part, for a change of it; and to look at it. */
plan_state_t *plan_set(plan_t *plan, size_t part);
plan_state_t plan_state(const plan_t *plan, size_t part);

/* The first part after begin that is in another zone. */
size_t plan_zone_end(const plan_t *plan, size_t begin);

void plan_free(plan_t *plan);


/* What may be announced. */

typedef struct {
    net_settings_t          net;
    int                     smtp;         /* look at mail servers by SMTP */
    const mta_sts_value_t  *accept;       /* reasons to pass by: CODE of a
                                             finding, or CODE:DOMAIN */
    size_t                  n_accept;
} gate_settings_t;


/* Is a reason to pass by CODE or CODE:DOMAIN, with the code of a finding? */
int gate_is_code(mta_sts_str_t accept);

/*
 * Holds the policies back that must not be announced now: where not every
 * address of the policy host serves the configured policy, byte for byte, or in
 * mode "enforce" a mail server does not match it.  A step down, to "testing" or
 * "none", needs one address that serves the policy, and none that serves another
 * one.  Says the reasons.
 *
 * Errors: those of check_run().
 */
int gate_run(plan_t *plan, const gate_settings_t *settings,
    mta_sts_err_t *err);


/*
 * Asks the name servers of each zone, or the resolver of settings, and keeps only
 * the RRsets that one of them has not.  One that cannot be looked up is kept,
 * with a message; so is a name server that does not answer, or has other records
 * than another one.  TTLs are not compared.
 *
 * Errors: those of net_init().
 */
int live_changed(plan_t *plan, const net_settings_t *settings,
    mta_sts_err_t *err);

/*
 * Gives the policies that are held back the records that they have in the DNS.
 * Where that is not possible, the part is lost.
 *
 * Errors: those of net_init().
 */
int live_held(plan_t *plan, const net_settings_t *settings,
    mta_sts_err_t *err);


#endif /* MTA_STS_PUBLISH_PUBLISH_H */
