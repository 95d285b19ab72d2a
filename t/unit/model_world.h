/*
 * A simulated world for the model of a policy's life: a zone with two name
 * servers, web servers, mail servers, and caches that may be stale.
 *
 * Hosts, addresses and policies are numbers; sets of them are bit masks.  Times
 * are seconds.
 */

#ifndef MTA_STS_MODEL_WORLD_H
#define MTA_STS_MODEL_WORLD_H


#include <stdint.h>

#include "cli/plan/plan.h"


#define WORLD_HOSTS      12
#define WORLD_ADDRESSES  8
#define WORLD_POLICIES   200
#define WORLD_VERSIONS   400

#define MINUTE  60
#define HOUR    3600
#define DAY     86400

#define NONE    -1


/* A record of the zone: its values, the newest last. */

typedef struct {
    int64_t   since[WORLD_VERSIONS];
    int       value[WORLD_VERSIONS];
    size_t    n;
    uint32_t  ttl;
} world_record_t;


typedef struct {
    mta_sts_mode_e  mode;
    uint32_t        max_age;
    int             mx;               /* a set of hosts */
    char            id[16];
    mta_sts_str_t   names[WORLD_HOSTS];
} world_policy_t;


static struct {
    uint64_t        random;
    int64_t         now;
    int64_t         lag;              /* of the second name server */
    world_record_t  record;           /* _mta-sts: a policy, or NONE */
    world_record_t  mx;               /* a set of hosts */
    world_record_t  a;                /* a set of addresses */
    int             serves[WORLD_ADDRESSES];      /* a policy, or NONE */
    int64_t         outage[WORLD_ADDRESSES];      /* until when */
    int64_t         hidden[WORLD_ADDRESSES];      /* the operator's view of it,
                                                     until when */
    int64_t         dns_outage;
    int             runs[WORLD_HOSTS];            /* the machine of an MX */
    int64_t         valid[WORLD_HOSTS];           /* its certificate, until */
    world_policy_t  policies[WORLD_POLICIES];
    int             n_policies;
} world;


static const char  *world_host_names[WORLD_HOSTS] = {
    "mx0.example", "mx1.example", "mx2.example", "mx3.example", "mx4.example",
    "mx5.example", "mx6.example", "mx7.example", "mx8.example", "mx9.example",
    "mx10.example", "mx11.example"
};

static const char  *world_address_names[WORLD_ADDRESSES] = {
    "192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4",
    "192.0.2.5", "192.0.2.6", "192.0.2.7"
};


/* The same seed, the same history: splitmix64. */

static inline uint64_t
world_random(uint64_t n)
{
    uint64_t  z;

    world.random += 0x9e3779b97f4a7c15u;

    z = world.random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;

    return (z ^ (z >> 31)) % n;
}


static inline int64_t
world_between(int64_t from, int64_t to)
{
    return from + (int64_t) world_random((uint64_t) (to - from + 1));
}


static inline void
world_publish(world_record_t *record, int value)
{
    record->since[record->n] = world.now;
    record->value[record->n++] = value;
}


/* What a name server that is late by lag has at a time. */

static inline int
world_value(const world_record_t *record, int64_t time, int64_t lag)
{
    size_t  i;

    for (i = record->n; i > 1 && record->since[i - 1] > time - lag; i--) {
        /* void */
    }

    return record->value[i - 1];
}


static inline int
world_current(const world_record_t *record)
{
    return record->value[record->n - 1];
}


/* Finds or makes the policy of these bytes. */

static inline int
world_policy(mta_sts_mode_e mode, uint32_t max_age, int mx)
{
    int              i, h;
    size_t           n;
    world_policy_t  *policy;

    for (i = 0; i < world.n_policies; i++) {
        policy = &world.policies[i];

        if (policy->mode == mode && policy->max_age == max_age
            && policy->mx == mx)
        {
            return i;
        }
    }

    policy = &world.policies[world.n_policies++];

    policy->mode = mode;
    policy->max_age = max_age;
    policy->mx = mx;

    (void) snprintf(policy->id, sizeof(policy->id), "id%d", i);

    for (h = 0, n = 0; h < WORLD_HOSTS; h++) {
        if (mx & (1 << h)) {
            policy->names[n++] = mta_sts_str_from(world_host_names[h]);
        }
    }

    return i;
}


static inline plan_policy_t
world_plan_policy(int policy)
{
    world_policy_t  *p;
    plan_policy_t    plan;

    p = &world.policies[policy];

    plan.id = mta_sts_str_from(p->id);
    plan.mode = p->mode;
    plan.max_age = p->max_age;
    plan.mx = p->names;
    plan.n_mx = (size_t) __builtin_popcount((unsigned) p->mx);

    return plan;
}


/* A resolver's cache of a record. */

typedef struct {
    int      known;
    int      value;
    int64_t  fetched;
} world_cache_t;


/*
 * Resolves a record through a cache: 0 when there is no answer.  While the name
 * servers do not answer, and in so many of 8 cases for no reason, a cache
 * serves what is stale by up to a day.
 */

static inline int
world_resolve(const world_record_t *record, world_cache_t *cache, int stale,
    int *value)
{
    int64_t  age;

    age = world.now - cache->fetched;

    if (cache->known && (age < record->ttl
                         || (age < (int64_t) record->ttl + DAY
                             && (world.dns_outage > world.now
                                 || (int) world_random(8) < stale))))
    {
        *value = cache->value;
        return 1;
    }

    if (world.dns_outage > world.now) {
        return 0;
    }

    cache->known = 1;
    cache->fetched = world.now;
    cache->value = world_value(record, world.now,
                               world_random(2) ? world.lag : 0);
    *value = cache->value;

    return 1;
}


/* The policy that the addresses serve to somebody; or NONE. */

static inline int
world_fetch(int addresses)
{
    int     i, k;

    k = (int) world_random(WORLD_ADDRESSES);

    for (i = 0; i < WORLD_ADDRESSES; i++, k = (k + 1) % WORLD_ADDRESSES) {
        if ((addresses & (1 << k)) && world.outage[k] <= world.now
            && world.serves[k] != NONE)
        {
            return world.serves[k];
        }
    }

    return NONE;
}


#endif /* MTA_STS_MODEL_WORLD_H */
