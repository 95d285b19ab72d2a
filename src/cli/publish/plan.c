/*
 * Which domains' records go to which zone.  A part has only pointers: the
 * records of a million domains are built one domain at a time.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "publish.h"


const mta_sts_record_wanted_t *
plan_wanted(const plan_t *plan, const mta_sts_entry_t *entry)
{
    const mta_sts_str_t  *name;

    if (plan->own == NULL) {
        return plan->wanted;
    }

    name = zones_find(plan->delegated, entry->domain);

    return name && name->len == entry->domain.len ? plan->wanted : plan->own;
}


mta_sts_entry_t
entries_get(const entries_t *entries, size_t i)
{
    size_t           cursor;
    mta_sts_entry_t  entry;

    if (entries->elts) {
        return entries->elts[i];
    }

    cursor = entries->cursors[i];

    (void) mta_sts_catalog_next(entries->catalog, &cursor, &entry);

    return entry;
}


mta_sts_entry_t
plan_entry(const plan_t *plan, size_t part)
{
    return entries_get(plan->entries, plan->parts[part].entry);
}


mta_sts_str_t
plan_zone(const plan_t *plan, size_t part)
{
    switch (plan->parts[part].zone) {

    case PLAN_DOMAIN:
        return plan_entry(plan, part).domain;

    case PLAN_DELEGATE:
        return plan->wanted->delegate;

    default:
        return plan->zones->apexes[plan->parts[part].zone];
    }
}


plan_state_t *
plan_set(plan_t *plan, size_t part)
{
    if (plan->states == NULL) {
        plan->states = diag_calloc(plan->n, sizeof(plan_state_t));
    }

    return &plan->states[part];
}


plan_state_t
plan_state(const plan_t *plan, size_t part)
{
    plan_state_t  none = { NULL, 0, 0 };

    return plan->states ? plan->states[part] : none;
}


/* Adds a part, unless it is there already. */

static void
plan_add(plan_t *plan, uint32_t zone, size_t entry)
{
    size_t  i;

    for (i = plan->n; i > 0 && plan->parts[i - 1].entry == entry; i--) {
        if (plan->whole || plan->parts[i - 1].zone == zone) {
            return;
        }
    }

    if (plan->n == plan->size) {
        plan->size = plan->size ? plan->size * 2 : 64;
        plan->parts = diag_realloc(plan->parts,
                                   plan->size * sizeof(plan_part_t));
    }

    plan->parts[plan->n].zone = zone;
    plan->parts[plan->n].entry = (uint32_t) entry;
    plan->n++;
}


/* Adds the part of the records of one kind, whose zone is one of --zone. */

static int
plan_add_kind(plan_t *plan, size_t i, const mta_sts_entry_t *entry,
    mta_sts_record_kind_e kind, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_str_t                   name;
    const mta_sts_str_t            *zone;
    const mta_sts_record_wanted_t  *wanted;

    wanted = plan_wanted(plan, entry);

    if (mta_sts_record_owner(entry, wanted, kind, env, &name, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (name.len == 0) {
        return MTA_STS_OK;
    }

    zone = zones_find(plan->zones, name);

    if (zone == NULL) {
        return mta_sts_error(err, entry->place, "\"%.*s\" is in none of the "
                             "zones of \"--zone\"", MTA_STS_SHOW(name));
    }

    if (name.len == zone->len && mta_sts_record_is_alias(wanted, kind)) {
        return mta_sts_error(err, entry->place, "\"%.*s\" is the apex of a "
                             "zone and cannot be an alias",
                             MTA_STS_SHOW(name));
    }

    plan_add(plan, (uint32_t) (zone - plan->zones->apexes), i);

    return MTA_STS_OK;
}


/* Where each domain is a zone, that of the delegate may be one, too. */

static uint32_t
plan_own_zone(const plan_t *plan, const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted)
{
    if (wanted->delegate.len && !wanted->customer) {
        return PLAN_DELEGATE;
    }

    return plan->own && mta_sts_str_eq(entry->domain, plan->wanted->delegate)
           ? PLAN_DELEGATE : PLAN_DOMAIN;
}


static int
plan_add_entry(plan_t *plan, size_t i, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    unsigned                        kind;
    const mta_sts_record_wanted_t  *wanted;

    wanted = plan_wanted(plan, entry);

    if (mta_sts_record_check(entry, wanted, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (plan->zones->n == 0) {
        plan_add(plan, plan_own_zone(plan, entry, wanted), i);
        return MTA_STS_OK;
    }

    for (kind = MTA_STS_RECORD_POLICY; kind & MTA_STS_RECORD_ALL; kind <<= 1) {
        if (plan_add_kind(plan, i, entry, (mta_sts_record_kind_e) kind, env,
                          err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Zones are sorted by name, and entries by domain. */

static int
plan_part_cmp(const void *a, const void *b)
{
    const plan_part_t  *x = a, *y = b;

    if (x->zone != y->zone) {
        return x->zone < y->zone ? -1 : 1;
    }

    return (x->entry > y->entry) - (x->entry < y->entry);
}


void
plan_build(plan_t *plan)
{
    size_t           i, before;
    mta_sts_err_t    err;
    mta_sts_entry_t  entry;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena, NULL };

    for (i = 0; i < plan->entries->n; i++) {

        /* nothing can be wrong with these */

        if (plan->zones->n == 0 && plan->wanted->delegate.len == 0) {
            plan_add(plan, PLAN_DOMAIN, i);
            continue;
        }

        before = plan->n;
        entry = entries_get(plan->entries, i);

        if (plan_add_entry(plan, i, &entry, &env, &err) != MTA_STS_OK) {
            say_error(&err);
            plan->n = before;
            plan->held++;
        }

        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);

    /* where each domain is a zone, or all are in one, they are sorted already */

    if ((plan->zones->n || plan->own) && plan->n) {
        qsort(plan->parts, plan->n, sizeof(plan_part_t), plan_part_cmp);
    }
}


/* Is a record of the domain one of the part? */

static int
plan_has(const plan_t *plan, size_t part, const plan_state_t *state,
    const mta_sts_record_t *record)
{
    if (state->held && record->kind == MTA_STS_RECORD_POLICY) {
        return 0;
    }

    return state->kept || plan->zones->n == 0 || plan->whole
           || zones_find(plan->zones, record->name)
              == &plan->zones->apexes[plan->parts[part].zone];
}


void
plan_batch(const plan_t *plan, size_t part, const mta_sts_env_t *env,
    batch_t *batch)
{
    size_t             i, n;
    plan_state_t       state;
    mta_sts_err_t      err;
    mta_sts_record_t  *records;

    state = plan_state(plan, part);

    memset(batch, 0, sizeof(batch_t));

    batch->entry = plan_entry(plan, part);

    if (state.kept) {
        *batch = *state.kept;

        n = batch->n;
        records = env->alloc(env->ctx, n * sizeof(mta_sts_record_t));
        memcpy(records, batch->records, n * sizeof(mta_sts_record_t));

    } else {

        /* its only error is that of an allocation, which env does not have */

        (void) mta_sts_record_build(&batch->entry,
                                    plan_wanted(plan, &batch->entry), env,
                                    &records, &n, &err);
    }

    batch->zone = plan_zone(plan, part);
    batch->records = records;
    batch->n = 0;

    for (i = 0; i < n; i++) {
        if (plan_has(plan, part, &state, &records[i])) {
            records[batch->n++] = records[i];
        }
    }
}


size_t
plan_zone_end(const plan_t *plan, size_t begin)
{
    size_t  end;

    for (end = begin; end < plan->n; end++) {
        if (plan->parts[end].zone != plan->parts[begin].zone
            || (plan->parts[end].zone == PLAN_DOMAIN && end > begin))
        {
            break;
        }
    }

    return end;
}


void
plan_free(plan_t *plan)
{
    free(plan->parts);
    free(plan->states);
    mta_sts_arena_free(&plan->arena);
}
