/*
 * Which domains' records go to which zone, and in which order: what can be
 * wrong about that is found before the first record is written.
 */

#ifndef MTA_STS_PLAN_H
#define MTA_STS_PLAN_H


#include "../../core/record.h"
#include "changed.h"
#include "zones.h"


/* A domain with records in a zone. */

typedef struct {
    mta_sts_str_t           zone;         /* the apex */
    const mta_sts_entry_t  *entry;
} plan_item_t;


typedef struct {
    const zones_t                  *zones;
    const mta_sts_record_wanted_t  *wanted;
    int                             whole;
    const changed_t                *changed;  /* only these; or NULL for all */
    plan_item_t                    *items;    /* by zone, then by domain */
    size_t                          n;
    size_t                          size;
} plan_t;


/*
 * Plans the records of n entries, which are sorted by domain; they, zones and
 * wanted must live as long.  Zero a plan to begin with, set changed, and free
 * it also after an error.  A record's zone is the longest of zones
 * that its name is in; without any zone it is its domain or, for the
 * provider's side of a delegation, the provider.  The records of a domain may
 * be in several zones; with whole they are all taken to be in the first one's.
 *
 * Errors, at the entry's place: "NAME" is in none of the zones of "--zone";
 * "NAME" is the apex of a zone and cannot be an alias; those of
 * mta_sts_record_build(); out of memory.
 */
int plan_build(plan_t *plan, const mta_sts_entry_t *entries, size_t n,
    const zones_t *zones, const mta_sts_record_wanted_t *wanted, int whole,
    mta_sts_err_t *err);

void plan_free(plan_t *plan);

/*
 * Keeps of n records of an item's domain those in its zone that are wanted, and
 * returns how many they are.
 */
size_t plan_filter(const plan_t *plan, const plan_item_t *item,
    mta_sts_record_t *records, size_t n);


#endif /* MTA_STS_PLAN_H */
