/*
 * Senders, as real ones behave: what each of them keeps of a policy, and when
 * it fetches again.
 */

#ifndef MTA_STS_MODEL_SENDERS_H
#define MTA_STS_MODEL_SENDERS_H


#include "model_world.h"


typedef enum {
    SENDER_RFC = 0,               /* fetches on a new id and at the end */
    SENDER_RESOLVER,              /* postfix-mta-sts-resolver: the same id
                                     renews, also what has expired */
    SENDER_MOX,                   /* the same id renews */
    SENDER_TLSPOL,                /* postfix-tlspol: looks at nothing before */
    SENDER_KUMO,                  /* a new id, or the end */
    SENDER_MADDY,                 /* renews by fetching only */
    SENDER_CHASQUID,              /* fetches each time; none needs an mx */
    SENDER_MIMECAST,              /* longer terms, and no end without a
                                     record */
    SENDER_STALWART,              /* max_age of odd values is a day */
    SENDER_KINDS
} sender_kind_e;


typedef struct {
    sender_kind_e  kind;
    int64_t        next;              /* its next mail */
    int64_t        pause;             /* between two, on average */
    int            policy;            /* or NONE */
    int            id;                /* the record it was filed under */
    int64_t        fetched;
    int64_t        expires;
    int            stale;             /* of its caches, see world_resolve() */
    world_cache_t  record;
    world_cache_t  mx;
    world_cache_t  a;
} sender_t;


static inline int64_t
sender_term(const sender_t *sender, const world_policy_t *policy)
{
    int64_t  term;

    term = policy->max_age;

    if (sender->kind == SENDER_MIMECAST) {
        term = policy->mode == MTA_STS_ENFORCE && term < 7 * DAY ? 7 * DAY
               : term < DAY ? DAY : term;
    }

    if (sender->kind == SENDER_STALWART && (term < 3600 || term > 31557599)) {
        term = DAY;
    }

    return term;
}


/* Fetches the policy, and keeps it under the id that was seen. */

static inline void
sender_fetch(sender_t *sender, int id)
{
    int              addresses, policy;
    world_policy_t  *p;

    if (!world_resolve(&world.a, &sender->a, sender->stale, &addresses)) {
        return;
    }

    policy = world_fetch(addresses);

    if (policy == NONE) {
        return;
    }

    p = &world.policies[policy];

    if (p->mode == MTA_STS_NONE && p->mx == 0
        && (sender->kind == SENDER_CHASQUID || sender->kind == SENDER_STALWART))
    {
        return;
    }

    sender->policy = policy;
    sender->id = id;
    sender->fetched = world.now;
    sender->expires = world.now + sender_term(sender, p);
}


static inline int
sender_wants_fetch(const sender_t *sender, int id)
{
    if (sender->policy == NONE || sender->id != id
        || sender->kind == SENDER_CHASQUID)
    {
        return 1;
    }

    if (sender->kind == SENDER_MADDY && world.now - sender->fetched > 12 * HOUR)
    {
        return 1;
    }

    return sender->expires <= world.now && sender->kind != SENDER_RESOLVER;
}


/* What the sender knows of the domain's policy when it has a mail. */

static inline void
sender_look(sender_t *sender)
{
    int      id, known;
    int64_t  until;

    if (sender->kind == SENDER_TLSPOL && sender->policy != NONE) {
        until = world.policies[sender->policy].max_age;
        until = until < 30 * DAY ? until : 30 * DAY;

        if (world.now < sender->fetched + until) {
            return;
        }
    }

    known = world_resolve(&world.record, &sender->record, sender->stale, &id)
            && id != NONE;

    if (known && sender_wants_fetch(sender, id)) {
        sender_fetch(sender, id);

    } else if (known && (sender->kind == SENDER_RESOLVER
                         || sender->kind == SENDER_MOX
                         || sender->kind == SENDER_MIMECAST))
    {
        sender->expires = world.now
                          + sender_term(sender,
                                        &world.policies[sender->policy]);
    }

    if (!known && sender->kind == SENDER_MIMECAST) {
        return;
    }

    if (sender->policy != NONE && sender->expires <= world.now) {
        sender->policy = NONE;
    }
}


/* Sends a mail; returns 1 when it is refused, or no machine takes it. */

static inline int
sender_deliver(sender_t *sender)
{
    int              h, hosts;
    world_policy_t  *policy;

    sender_look(sender);

    if (!world_resolve(&world.mx, &sender->mx, sender->stale, &hosts)) {
        return 0;
    }

    policy = sender->policy == NONE ? NULL : &world.policies[sender->policy];

    if (policy && policy->mode != MTA_STS_ENFORCE) {
        policy = NULL;
    }

    for (h = 0; h < WORLD_HOSTS; h++) {
        if ((hosts & (1 << h)) && world.runs[h]
            && (policy == NULL
                || ((policy->mx & (1 << h)) && world.valid[h] > world.now)))
        {
            return 0;
        }
    }

    return 1;
}


static inline void
sender_start(sender_t *sender, sender_kind_e kind, int64_t first)
{
    static const int64_t  pauses[] = { 6 * HOUR, DAY, 5 * DAY, 10 * DAY,
                                       15 * DAY };

    memset(sender, 0, sizeof(sender_t));

    sender->kind = kind;
    sender->policy = NONE;
    sender->id = NONE;
    sender->stale = world_random(3) ? 1 : 7;
    sender->pause = pauses[world_random(5)];
    sender->next = first;
}


#endif /* MTA_STS_MODEL_SENDERS_H */
