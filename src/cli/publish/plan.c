/*
 * Which domains' records go to which zone.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "base/base.h"
#include "publish.h"


/* Adds an item, but not twice for a domain. */

static int
plan_add(plan_t *plan, mta_sts_str_t zone, const mta_sts_entry_t *entry,
    mta_sts_err_t *err)
{
    size_t        i;
    plan_item_t  *items;

    for (i = plan->n; i > 0 && plan->items[i - 1].entry == entry; i--) {
        if (plan->whole || mta_sts_str_eq(plan->items[i - 1].zone, zone)) {
            return MTA_STS_OK;
        }
    }

    if (plan->n == plan->size) {
        plan->size = plan->size ? plan->size * 2 : 64;

        items = realloc(plan->items, plan->size * sizeof(plan_item_t));
        if (items == NULL) {
            return mta_sts_error_memory(err);
        }

        plan->items = items;
    }

    plan->items[plan->n].zone = zone;
    plan->items[plan->n].entry = entry;
    plan->n++;

    return MTA_STS_OK;
}


/* Adds the item of a record, whose zone is one of those that exist. */

static int
plan_add_record(plan_t *plan, const mta_sts_entry_t *entry,
    const mta_sts_record_t *record, mta_sts_err_t *err)
{
    const mta_sts_str_t  *zone;

    zone = zones_find(plan->zones, record->name);

    if (zone == NULL) {
        return mta_sts_error(err, entry->place, "\"%.*s\" is in none of the "
                             "zones of \"--zone\"",
                             MTA_STS_SHOW(record->name));
    }

    if (record->name.len == zone->len
        && mta_sts_str_eq(record->type, mta_sts_str("CNAME")))
    {
        return mta_sts_error(err, entry->place, "\"%.*s\" is the apex of a "
                             "zone and cannot be an alias",
                             MTA_STS_SHOW(record->name));
    }

    return plan_add(plan, *zone, entry, err);
}


/* Keeps of n records those that changed, where that is asked for. */

static size_t
plan_changed(const plan_t *plan, mta_sts_record_t *records, size_t n)
{
    size_t  i, k;

    if (plan->changed == NULL) {
        return n;
    }

    for (i = 0, k = 0; i < n; i++) {
        if (changed_find(plan->changed, &records[i])) {
            records[k++] = records[i];
        }
    }

    return k;
}


/* Adds the items of an entry; env is for as long as that takes. */

static int
plan_add_entry(plan_t *plan, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t                          i, n;
    mta_sts_record_t               *records;
    const mta_sts_record_wanted_t  *wanted;

    wanted = plan->wanted;

    /* nothing can be wrong with these */

    if (plan->zones->n == 0 && wanted->provider.len == 0
        && plan->changed == NULL)
    {
        return plan_add(plan, entry->domain, entry, err);
    }

    if (mta_sts_record_build(entry, wanted, env, &records, &n, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    n = plan_changed(plan, records, n);

    if (n == 0) {
        return MTA_STS_OK;
    }

    if (plan->zones->n == 0) {
        return plan_add(plan, wanted->provider.len == 0 || wanted->customer
                              ? entry->domain : wanted->provider, entry, err);
    }

    for (i = 0; i < n; i++) {
        if (plan_add_record(plan, entry, &records[i], err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Entries are sorted by domain, so their order is that of their addresses. */

static int
plan_item_cmp(const void *a, const void *b)
{
    int                 rc;
    const plan_item_t  *x = a, *y = b;

    rc = mta_sts_str_cmp(x->zone, y->zone);

    return rc ? rc : (x->entry > y->entry) - (x->entry < y->entry);
}


/* Sorts the items, which mostly are in their order as they come. */

static void
plan_sort(plan_t *plan)
{
    size_t  i;

    for (i = 1; i < plan->n; i++) {
        if (plan_item_cmp(&plan->items[i - 1], &plan->items[i]) > 0) {
            qsort(plan->items, plan->n, sizeof(plan_item_t), plan_item_cmp);
            return;
        }
    }
}


int
plan_build(plan_t *plan, const mta_sts_entry_t *entries, size_t n,
    const zones_t *zones, const mta_sts_record_wanted_t *wanted, int whole,
    mta_sts_err_t *err)
{
    int              rc;
    size_t           i;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena };

    plan->zones = zones;
    plan->wanted = wanted;
    plan->whole = whole;

    rc = MTA_STS_OK;

    for (i = 0; i < n && rc == MTA_STS_OK; i++) {
        rc = plan_add_entry(plan, &entries[i], &env, err);

        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);

    if (rc == MTA_STS_OK) {
        plan_sort(plan);
    }

    return rc;
}


void
plan_free(plan_t *plan)
{
    free(plan->items);

    memset(plan, 0, sizeof(plan_t));
}


size_t
plan_filter(const plan_t *plan, const plan_item_t *item,
    mta_sts_record_t *records, size_t n)
{
    size_t                i, k;
    const mta_sts_str_t  *zone;

    n = plan_changed(plan, records, n);

    if (plan->zones->n == 0 || plan->whole) {
        return n;
    }

    for (i = 0, k = 0; i < n; i++) {
        zone = zones_find(plan->zones, records[i].name);

        if (zone && mta_sts_str_eq(*zone, item->zone)) {
            records[k++] = records[i];
        }
    }

    return k;
}
