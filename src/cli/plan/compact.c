/*
 * Keeps a history small: what has ended and cannot be in a cache any more
 * becomes one interval for each policy and each id.  A policy itself is never
 * dropped: no id twice (rule 6).
 */

#include "plan.h"


/* The address, and the name server, of what was merged. */

#define COMPACT_PAST  mta_sts_str("-")


static int
compact_is_dead(const plan_address_t *address, int64_t now)
{
    return address->left && address->left + address->ttl + PLAN_STALE <= now;
}


/* Merges an interval that has ended into another of the same policy or id. */

static void
compact_merge(int64_t *first, int64_t *last, int64_t *gone, int64_t other_first,
    int64_t other_last, int64_t other_gone)
{
    *first = *first < other_first ? *first : other_first;
    *last = *last > other_last ? *last : other_last;
    *gone = *gone > other_gone ? *gone : other_gone;
}


/* Adds a serving that has ended to those of the address of the past. */

static void
compact_serving(plan_history_t *to, size_t past, const plan_serving_t *serving,
    int64_t gone)
{
    size_t           i;
    plan_serving_t  *merged;

    for (i = 0; i < to->n_servings; i++) {
        merged = &to->servings[i];

        if (merged->address == past && merged->policy == serving->policy) {
            compact_merge(&merged->first, &merged->last, &merged->gone,
                          serving->first, serving->last, gone);
            return;
        }
    }

    merged = plan_push(to, &to->servings, &to->n_servings, &to->servings_size,
                       sizeof(plan_serving_t));
    *merged = *serving;
    merged->address = past;
    merged->gone = gone;
}


static void
compact_addresses(plan_history_t *to, const plan_history_t *from, int64_t now)
{
    size_t                 i, past, *index;
    int64_t                gone;
    plan_address_t        *address;
    plan_serving_t        *copy;
    const plan_serving_t  *serving;

    index = to->env->alloc(to->env->ctx, (from->n_addresses + 1)
                                         * sizeof(size_t));

    address = plan_push(to, &to->addresses, &to->n_addresses,
                        &to->addresses_size, sizeof(plan_address_t));
    address->text = COMPACT_PAST;
    address->left = 1;
    past = 0;

    for (i = 0; i < from->n_addresses; i++) {
        if (compact_is_dead(&from->addresses[i], now)) {
            index[i] = past;
            continue;
        }

        index[i] = to->n_addresses;
        address = plan_push(to, &to->addresses, &to->n_addresses,
                            &to->addresses_size, sizeof(plan_address_t));
        *address = from->addresses[i];
    }

    for (i = 0; i < from->n_servings; i++) {
        serving = &from->servings[i];

        if (serving->gone || index[serving->address] == past) {
            address = &from->addresses[serving->address];
            gone = serving->gone ? serving->gone
                                 : address->left + address->ttl + PLAN_STALE;
            compact_serving(to, past, serving, gone);
            continue;
        }

        copy = plan_push(to, &to->servings, &to->n_servings,
                         &to->servings_size, sizeof(plan_serving_t));
        *copy = *serving;
        copy->address = index[serving->address];
    }
}


/* Merges an id that is gone from a name server with others of this id. */

static void
compact_showing(plan_history_t *to, const plan_showing_t *showing)
{
    size_t           i;
    plan_showing_t  *merged;

    for (i = 0; showing->gone && i < to->n_showings; i++) {
        merged = &to->showings[i];

        if (merged->gone && mta_sts_str_eq(merged->id, showing->id)) {
            compact_merge(&merged->first, &merged->last, &merged->gone,
                          showing->first, showing->last, showing->gone);
            merged->ttl = merged->ttl > showing->ttl ? merged->ttl
                                                     : showing->ttl;
            return;
        }
    }

    merged = plan_push(to, &to->showings, &to->n_showings, &to->showings_size,
                       sizeof(plan_showing_t));
    *merged = *showing;

    if (merged->gone) {
        merged->server = COMPACT_PAST;
    }
}


void
plan_compact(plan_history_t *history, int64_t now)
{
    size_t            i;
    plan_mx_t        *mx;
    plan_history_t    to;

    memset(&to, 0, sizeof(plan_history_t));

    to.env = history->env;
    to.look = history->look;
    to.policies = history->policies;
    to.n_policies = history->n_policies;
    to.policies_size = history->policies_size;

    compact_addresses(&to, history, now);

    for (i = 0; i < history->n_showings; i++) {
        compact_showing(&to, &history->showings[i]);
    }

    for (i = 0; i < history->n_mx; i++) {
        mx = &history->mx[i];

        if (mx->left == 0 || mx->left + mx->ttl + PLAN_STALE > now) {
            *(plan_mx_t *) plan_push(&to, &to.mx, &to.n_mx, &to.mx_size,
                                     sizeof(plan_mx_t)) = *mx;
        }
    }

    *history = to;
}
