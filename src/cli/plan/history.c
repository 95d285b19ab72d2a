/*
 * The history of a domain: looks become intervals, so that its size depends on
 * what changed and not on how often somebody looked.
 */

#include "plan.h"


void *
plan_push(const plan_history_t *history, void *elts, size_t *n,
    size_t *size, size_t elt)
{
    char  **array = elts;

    *array = mta_sts_env_grow(history->env, *array, *n, size, elt);

    memset(*array + *n * elt, 0, elt);

    return *array + (*n)++ * elt;
}


size_t
plan_policy_find(const plan_history_t *history, mta_sts_str_t id)
{
    size_t  i;

    for (i = 0; i < history->n_policies; i++) {
        if (mta_sts_str_eq(history->policies[i].id, id)) {
            break;
        }
    }

    return i;
}


size_t
plan_policy_add(plan_history_t *history, const plan_policy_t *policy)
{
    size_t                i, k;
    plan_policy_t        *copy;
    const mta_sts_env_t  *env;

    env = history->env;
    k = plan_policy_find(history, policy->id);

    if (k < history->n_policies) {
        return k;
    }

    copy = plan_push(history, &history->policies, &history->n_policies,
                        &history->policies_size, sizeof(plan_policy_t));

    *copy = *policy;
    copy->id = mta_sts_str_copy(env, policy->id);
    copy->mx = env->alloc(env->ctx, policy->n_mx * sizeof(mta_sts_str_t));

    for (i = 0; i < policy->n_mx; i++) {
        copy->mx[i] = mta_sts_str_copy(env, policy->mx[i]);
    }

    return k;
}


/* What the address serves now, if it served it before: or NULL. */

static plan_serving_t *
history_serving(plan_history_t *history, size_t address, size_t policy)
{
    size_t           i;
    plan_serving_t  *serving;

    for (i = 0; i < history->n_servings; i++) {
        serving = &history->servings[i];

        if (serving->address == address && serving->policy == policy
            && serving->gone == 0)
        {
            return serving;
        }
    }

    return NULL;
}


/* An address has answered: with a policy of that index, or with none. */

static void
history_answer(plan_history_t *history, size_t address, size_t policy,
    int64_t now)
{
    size_t           i;
    plan_serving_t  *serving;

    for (i = 0; i < history->n_servings; i++) {
        serving = &history->servings[i];

        if (serving->address == address && serving->policy != policy
            && serving->gone == 0)
        {
            serving->gone = now;
        }
    }

    if (policy == history->n_policies) {
        return;
    }

    serving = history_serving(history, address, policy);

    if (serving == NULL) {
        serving = plan_push(history, &history->servings,
                               &history->n_servings, &history->servings_size,
                               sizeof(plan_serving_t));

        serving->address = address;
        serving->policy = policy;
        serving->first = now;
    }

    serving->last = now;
}


static size_t
history_address(plan_history_t *history, mta_sts_str_t text)
{
    size_t           i;
    plan_address_t  *address;

    for (i = 0; i < history->n_addresses; i++) {
        if (mta_sts_str_eq(history->addresses[i].text, text)) {
            return i;
        }
    }

    address = plan_push(history, &history->addresses, &history->n_addresses,
                           &history->addresses_size, sizeof(plan_address_t));

    address->text = mta_sts_str_copy(history->env, text);

    return i;
}


static void
history_look_addresses(plan_history_t *history, const plan_look_t *look)
{
    size_t                      i, k, policy;
    plan_address_t             *address;
    const plan_look_address_t  *seen;

    /* an address that is not in the DNS any more has left, now or before */

    for (i = 0; look->addresses_known && i < history->n_addresses; i++) {
        if (history->addresses[i].left == 0) {
            history->addresses[i].left = look->time;
        }
    }

    for (i = 0; i < look->n_addresses; i++) {
        seen = &look->addresses[i];

        k = history_address(history, seen->address);
        address = &history->addresses[k];

        if (seen->listed) {
            address->left = 0;

            if (seen->ttl > address->ttl) {
                address->ttl = seen->ttl;
            }
        }

        if (!seen->reached) {
            continue;
        }

        address->answered = look->time;

        policy = seen->policy ? plan_policy_add(history, seen->policy)
                              : history->n_policies;

        history_answer(history, k, policy, look->time);
    }
}


/* A name server has answered. */

static void
history_show(plan_history_t *history, const plan_look_server_t *seen,
    int64_t now)
{
    size_t           i;
    plan_showing_t  *showing, *open;

    open = NULL;

    for (i = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        if (showing->gone || !mta_sts_str_eq(showing->server, seen->server)) {
            continue;
        }

        if (mta_sts_str_eq(showing->id, seen->id)) {
            open = showing;

        } else {
            showing->gone = now;
        }
    }

    if (seen->id.len == 0) {
        return;
    }

    if (open == NULL) {
        open = plan_push(history, &history->showings, &history->n_showings,
                            &history->showings_size, sizeof(plan_showing_t));

        open->server = mta_sts_str_copy(history->env, seen->server);
        open->id = mta_sts_str_copy(history->env, seen->id);
        open->first = now;
    }

    open->last = now;

    if (seen->ttl > open->ttl) {
        open->ttl = seen->ttl;
    }
}


/* A server that is none of the zone's any more shows nothing. */

static void
history_look_servers(plan_history_t *history, const plan_look_t *look)
{
    size_t           i, k;
    plan_showing_t  *showing;

    for (i = 0; i < history->n_showings; i++) {
        showing = &history->showings[i];

        for (k = 0; k < look->n_servers; k++) {
            if (mta_sts_str_eq(look->servers[k].server, showing->server)) {
                break;
            }
        }

        if (k == look->n_servers && showing->gone == 0) {
            showing->gone = look->time;
        }
    }

    for (i = 0; i < look->n_servers; i++) {
        if (look->servers[i].reached) {
            history_show(history, &look->servers[i], look->time);
        }
    }
}


static void
history_look_mx(plan_history_t *history, const plan_look_t *look)
{
    size_t      i, k;
    plan_mx_t  *mx;

    for (i = 0; i < history->n_mx; i++) {
        mx = &history->mx[i];

        for (k = 0; k < look->n_mx; k++) {
            if (mta_sts_str_eq(look->mx[k].host, mx->host)) {
                break;
            }
        }

        if (k == look->n_mx && mx->left == 0) {
            mx->left = look->time;
        }
    }

    for (i = 0; i < look->n_mx; i++) {

        for (k = 0; k < history->n_mx; k++) {
            if (mta_sts_str_eq(history->mx[k].host, look->mx[i].host)) {
                break;
            }
        }

        if (k == history->n_mx) {
            mx = plan_push(history, &history->mx, &history->n_mx,
                              &history->mx_size, sizeof(plan_mx_t));

            mx->host = mta_sts_str_copy(history->env, look->mx[i].host);
            mx->first = look->time;
        }

        mx = &history->mx[k];
        mx->left = 0;

        if (look->mx[i].ttl > mx->ttl) {
            mx->ttl = look->mx[i].ttl;
        }

        if (look->mx[i].valid_until) {
            mx->valid_until = look->mx[i].valid_until;
        }
    }
}


void
plan_look(plan_history_t *history, const plan_look_t *look)
{
    history->look = look->time;

    history_look_addresses(history, look);

    if (look->servers_known) {
        history_look_servers(history, look);
    }

    if (look->mx_known) {
        history_look_mx(history, look);
    }
}


/* On an address of its own. */

void
plan_noted(plan_history_t *history, const plan_policy_t *noted,
    int64_t until)
{
    plan_policy_t    policy;
    plan_serving_t  *serving;
    plan_showing_t  *showing;
    plan_address_t  *address;

    policy = *noted;

    serving = plan_push(history, &history->servings, &history->n_servings,
                        &history->servings_size, sizeof(plan_serving_t));
    serving->address = history->n_addresses;
    serving->policy = plan_policy_add(history, &policy);
    serving->first = serving->last = serving->gone = until;

    address = plan_push(history, &history->addresses, &history->n_addresses,
                        &history->addresses_size, sizeof(plan_address_t));
    address->text = mta_sts_str("noted");
    address->left = 1;

    showing = plan_push(history, &history->showings, &history->n_showings,
                        &history->showings_size, sizeof(plan_showing_t));
    showing->server = mta_sts_str("noted");
    showing->id = policy.id;
    showing->ttl = 86400;
    showing->first = showing->last = showing->gone = until;

    history->look = history->look ? history->look : until;
}
