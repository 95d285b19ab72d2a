/*
 * The zones that exist, as --zone names them.
 */

#ifndef MTA_STS_PUBLISH_PUBLISH_H
#define MTA_STS_PUBLISH_PUBLISH_H


#include <stdio.h>

#include "base/base.h"
#include "cli/check/check.h"
#include "cli/commands/options.h"
#include "cli/probe/probe.h"
#include "records/records.h"


typedef struct {
    mta_sts_str_t  *apexes;               /* sorted, each once */
    size_t          n;
} zones_t;


/*
 * Makes zones of n values, in env's memory.
 *
 * Errors: invalid zone "VALUE", and the rule; out of memory.
 */
int zones_set(zones_t *zones, const mta_sts_value_t *values, size_t n,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Finds the zone of a normalised name: of the apexes that are the name or
 * above it the longest.  NULL if there is none.
 */
const mta_sts_str_t *zones_find(const zones_t *zones, mta_sts_str_t name);


/*
 * Which records differ from those in the DNS.
 */


/* The records of a name and type that differ; old is what is in the DNS. */

typedef struct {
    mta_sts_str_t   name;
    mta_sts_str_t   type;
    mta_sts_str_t  *old;              /* printable */
    size_t          n;
} changed_item_t;


/* Zero one to begin with. */

typedef struct {
    changed_item_t   *items;          /* sorted by name and type */
    size_t            n;
    size_t            size;
    mta_sts_arena_t   arena;
} changed_t;


/*
 * Looks up the records of n entries.  Those that cannot be looked up are taken
 * to be changed, after it has said so.  TTLs are not compared.  Free changed
 * also after an error.
 *
 * Errors: those of net_init() and mta_sts_record_build().
 */
int changed_build(changed_t *changed, const mta_sts_entry_t *entries,
    size_t n, const mta_sts_record_wanted_t *wanted,
    const net_settings_t *settings, mta_sts_err_t *err);

void changed_free(changed_t *changed);

/* What was there in the place of a record; NULL when the record is there. */
const changed_item_t *changed_find(const changed_t *changed,
    const mta_sts_record_t *record);


/*
 * The record must not run ahead of the policy (RFC 8461, 8.1).
 */


/*
 * Keeps of n entries those whose policy host serves the configured policy, byte
 * for byte, on every address, and says what is in the way of the others.
 *
 * Errors: those of check_run().
 */
int guard_served(mta_sts_entry_t *entries, size_t *n,
    const net_settings_t *settings, mta_sts_err_t *err);


/*
 * Which domains' records go to which zone, and in which order: what can be
 * wrong about that is found before the first record is written.
 */


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


/*
 * The records of one output, as a printer asks for them: zone by zone, and in
 * each zone domain by domain.  Nothing is kept of what has been printed.
 */


/* A domain's records in a zone. */

typedef struct {
    mta_sts_str_t            zone;
    const mta_sts_entry_t   *entry;
    const mta_sts_record_t  *records;     /* of a name and type together */
    size_t                   n;           /* at least one */
} stream_set_t;


typedef struct {
    FILE                    *out;
    const options_t         *options;
    mta_sts_env_t            env;         /* memory until the next set */

    const plan_t            *plan;
    size_t                   next;
    size_t                   end;
    mta_sts_str_t            zone;
    mta_sts_arena_t          arena;

    int                      failed;      /* err says why; or out does */
    mta_sts_err_t            err;
} stream_t;


/*
 * Begins a stream of the plan's items from the one at begin up to that at end,
 * which print to out.  options are there for the formats that have some.
 */
void stream_init(stream_t *stream, const plan_t *plan, size_t begin,
    size_t end, FILE *out, const options_t *options);

void stream_free(stream_t *stream);

/*
 * Gives the next zone; what is left of the current one is skipped.  Returns 0
 * when there is none, or when the stream has failed: memory ran out, or out has
 * a write error.
 */
int stream_next_zone(stream_t *stream, mta_sts_str_t *zone);

/*
 * Gives the next domain of the zone; what was given before is lost.  Returns 0
 * at the zone's end, or when the stream has failed.
 */
int stream_next(stream_t *stream, stream_set_t *set);

/*
 * Writes data to the out of ctx, a stream_t.  Always returns 1: a write error
 * is for whoever closes out.
 */
int stream_write(void *ctx, mta_sts_str_t data);

/* A printer ran out of memory. */
void stream_fail_memory(stream_t *stream);


#endif /* MTA_STS_PUBLISH_PUBLISH_H */
