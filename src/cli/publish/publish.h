/*
 * Which records of which domains are published: into which zone each one goes,
 * whether it differs from the live DNS, and whether it may be announced.
 */

#ifndef MTA_STS_PUBLISH_PUBLISH_H
#define MTA_STS_PUBLISH_PUBLISH_H


#include "base/base.h"
#include "cli/probe/probe.h"
#include "cli/state/state.h"
#include "records/records.h"


/* The zones that exist. */

typedef struct {
    mta_sts_str_t  *apexes;               /* sorted, no duplicates */
    size_t          n;
} zones_t;


/*
 * Makes zones of n values, in env's memory.
 *
 * Errors: invalid zone "VALUE", and the rule.
 */
int zones_set(zones_t *zones, const mta_sts_value_t *values, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Finds the zone of a normalised name: the longest apex that is the name or
 * above it.  NULL if there is none.
 */
const mta_sts_str_t *zones_find(const zones_t *zones, mta_sts_str_t name);


/*
 * RRsets: the number of records, from the first of n on, that have its name; and
 * that have its name and type (RFC 2181, 5).
 */
size_t rrset_name_len(const mta_sts_record_t *records, size_t n);
size_t rrset_len(const mta_sts_record_t *records, size_t n);


/* Records of a domain in one zone. */

typedef struct {
    mta_sts_str_t            zone;        /* the apex */
    const mta_sts_entry_t   *entry;
    const mta_sts_record_t  *records;     /* by kind; RRsets are adjacent */
    size_t                   n;
    const mta_sts_record_t  *live;        /* in the DNS now, from --changed */
    size_t                   n_live;
} batch_t;


/* What is in a zone of a domain; kept is NULL where all its records are. */

typedef struct {
    const mta_sts_str_t     *zone;
    const mta_sts_entry_t   *entry;
    batch_t                 *kept;
} plan_part_t;


/*
 * All that is published: zone by zone, and in each zone domain by domain.  Set
 * the first fields and zero the others.
 */

typedef struct {
    const mta_sts_record_wanted_t  *wanted;
    const zones_t                  *zones;
    int                             whole;    /* a domain is in one zone */

    plan_part_t                    *parts;
    size_t                          n;
    size_t                          size;
    mta_sts_arena_t                 arena;
} plan_t;


/*
 * Plans the records of n entries, which are sorted by domain; entries, wanted
 * and zones must live as long as the plan.  A record's zone is the longest of
 * zones that its name is in; without zones it is the domain or, for the
 * delegate's side of a delegation, the delegate.  The records of a domain may
 * be in several zones; with whole they are all in the first one's.  Free the
 * plan also after an error.
 *
 * Errors, at the entry's place: "NAME" is in none of the zones of "--zone";
 * "NAME" is the apex of a zone and cannot be an alias; those of
 * mta_sts_record_check().
 */
int plan_build(plan_t *plan, const mta_sts_entry_t *entries, size_t n,
    mta_sts_err_t *err);

/* Gives the records of a part; what is not kept is built in env's memory. */
void plan_batch(const plan_t *plan, size_t part, const mta_sts_env_t *env,
    batch_t *batch);

/* The first part after begin that is in another zone. */
size_t plan_zone_end(const plan_t *plan, size_t begin);

void plan_free(plan_t *plan);


/*
 * Looks up the records of a plan and keeps only the RRsets that differ from the
 * DNS.  One that cannot be looked up is kept, with a message.  TTLs are not
 * compared.
 *
 * Errors: those of net_init().
 */
int changed_filter(plan_t *plan, const net_settings_t *settings,
    mta_sts_err_t *err);


/*
 * Keeps those of n entries whose policy host serves the configured policy, byte
 * for byte, on every address (RFC 8461, 8.1), and says what is wrong with the
 * others.  What was seen goes to the state.
 *
 * Errors: those of check_run().
 */
int guard_served(mta_sts_entry_t *entries, size_t *n,
    const net_settings_t *settings, state_t *state, mta_sts_err_t *err);


#endif /* MTA_STS_PUBLISH_PUBLISH_H */
