/*
 * Counters in shared memory: what is rare, next to what status.h has inline.
 */

#include "status.h"


/* The names of policies get an eighth of the memory, but not more than this. */

#define STATUS_NAMES_MAX  (64 * 1024)

/* Of 8 slots, at most 7 are in use: looking for one ends soon. */

#define STATUS_LOAD(n)    ((n) - (n) / 8)

#define STATUS_SLOTS_MIN  16


int
mta_sts_status_init(void *memory, size_t size, int64_t now,
    mta_sts_status_t **status, mta_sts_err_t *err)
{
    size_t              names, n;
    mta_sts_status_t   *s = memory;
    mta_sts_hash_key_t  key;

    names = size / 8 < STATUS_NAMES_MAX ? size / 8 : STATUS_NAMES_MAX;
    names -= names % MTA_STS_STATUS_UNIT;

    if (size < sizeof(mta_sts_status_t) + names
               + STATUS_SLOTS_MIN * sizeof(mta_sts_status_slot_t))
    {
        return mta_sts_error(err, MTA_STS_NOWHERE,
                             "the memory for counters is too small");
    }

    n = (size - sizeof(mta_sts_status_t) - names)
        / sizeof(mta_sts_status_slot_t);

    memset(&key, 0, sizeof(mta_sts_hash_key_t));

    if (mta_sts_hash_init(&key, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    s->key[0] = key.k[0] | 1;
    s->key[1] = key.k[1];

    s->n_slots = n < UINT32_MAX ? (uint32_t) n : UINT32_MAX;
    s->max_domains = STATUS_LOAD(s->n_slots);
    s->start = now;

    s->slots = (void *) (s + 1);
    s->names = (char *) (s->slots + s->n_slots);
    s->names_size = (uint32_t) (names / MTA_STS_STATUS_UNIT);
    atomic_store(&s->names_len, 1);

    mta_sts_status_hour(s, now);

    *status = s;

    return MTA_STS_OK;
}


/* The slot of a hash, or the unused one where it goes. */

static mta_sts_status_slot_t *
status_seek(mta_sts_status_t *status, mta_sts_status_slot_t *slot,
    uint64_t hash)
{
    uint64_t  other;

    for ( ;; ) {
        other = mta_sts_status_get(&slot->hash);

        if (other == hash || other == 0) {
            return slot;
        }

        slot++;

        if (slot == status->slots + status->n_slots) {
            slot = status->slots;
        }
    }
}


mta_sts_status_slot_t *
mta_sts_status_find(mta_sts_status_t *status, uint64_t hash)
{
    mta_sts_status_slot_t  *slot;

    slot = status_seek(status, mta_sts_status_first(status, hash), hash);

    return mta_sts_status_get(&slot->hash) == hash ? slot : NULL;
}


mta_sts_status_slot_t *
mta_sts_status_add(mta_sts_status_t *status, uint64_t hash)
{
    uint64_t                other;
    mta_sts_status_slot_t  *slot;

    slot = status_seek(status, mta_sts_status_first(status, hash), hash);

    if (mta_sts_status_get(&slot->hash) == hash) {
        return slot;
    }

    if (atomic_fetch_add(&status->n_domains, 1) >= status->max_domains) {
        (void) atomic_fetch_sub(&status->n_domains, 1);
        mta_sts_status_inc(&status->uncounted);
        return NULL;
    }

    for ( ;; ) {
        other = 0;

        if (atomic_compare_exchange_strong(&slot->hash, &other, hash)) {
            return slot;
        }

        /* another process was faster, and may have added the same */

        slot = status_seek(status, slot, hash);

        if (mta_sts_status_get(&slot->hash) == hash) {
            (void) atomic_fetch_sub(&status->n_domains, 1);
            return slot;
        }
    }
}


uint64_t
mta_sts_status_fetches(const mta_sts_status_t *status)
{
    size_t    mode;
    uint64_t  sum;

    sum = 0;

    for (mode = 0; mode < MTA_STS_STATUS_MODES; mode++) {
        sum += mta_sts_status_get(&status->requests[MTA_STS_STATUS_200][mode]);
    }

    return sum;
}


/*
 * hours has the total at which each hour began.  Processes that come here
 * together write nearly the same, and one that ends halfway leaves the rest to
 * the next.
 */

void
mta_sts_status_hour(mta_sts_status_t *status, int64_t now)
{
    uint64_t  i, hour, next, sum;

    next = mta_sts_status_get(&status->next);
    hour = (uint64_t) now / MTA_STS_STATUS_HOUR;

    if (mta_sts_status_is_hour(now, next)) {
        return;
    }

    sum = mta_sts_status_fetches(status);
    i = next / MTA_STS_STATUS_HOUR;

    /* after a day, or when the clock was set back */

    if (hour < i || hour - i >= MTA_STS_STATUS_HOURS) {
        i = hour - MTA_STS_STATUS_HOURS + 1;
    }

    for ( /* void */ ; i <= hour; i++) {
        atomic_store(&status->hours[i % MTA_STS_STATUS_HOURS], sum);
    }

    (void) atomic_compare_exchange_strong(&status->next, &next,
                                          (hour + 1) * MTA_STS_STATUS_HOUR);
}


/* The units of a record, and the one at an offset. */

static uint32_t
status_name_units(size_t len)
{
    return (uint32_t) ((offsetof(mta_sts_status_name_t, name) + len
                        + MTA_STS_STATUS_UNIT - 1)
                       / MTA_STS_STATUS_UNIT);
}


static mta_sts_status_name_t *
status_name_at(const mta_sts_status_t *status, uint32_t unit)
{
    return (void *) (status->names + (size_t) unit * MTA_STS_STATUS_UNIT);
}


int
mta_sts_status_next_name(const mta_sts_status_t *status, uint32_t *cursor,
    mta_sts_status_policy_t *policy)
{
    mta_sts_status_name_t  *name;

    *cursor = *cursor ? *cursor : 1;

    if (*cursor >= atomic_load(&status->names_len)) {
        return 0;
    }

    name = status_name_at(status, *cursor);
    *cursor += status_name_units(name->len);

    policy->name.data = name->name;
    policy->name.len = name->len;
    policy->fetches = mta_sts_status_get(&name->requests);

    return 1;
}


uint16_t
mta_sts_status_name(mta_sts_status_t *status, mta_sts_str_t name)
{
    uint32_t                 unit, cursor;
    mta_sts_status_name_t   *record;
    mta_sts_status_policy_t  policy;

    unit = 1;
    cursor = 0;

    while (mta_sts_status_next_name(status, &cursor, &policy)) {
        if (mta_sts_str_eq(policy.name, name)) {
            return (uint16_t) unit;
        }

        unit = cursor;
    }

    if (name.len > STATUS_NAMES_MAX
        || status_name_units(name.len) > status->names_size - unit)
    {
        return 0;
    }

    record = status_name_at(status, unit);
    record->len = (uint32_t) name.len;
    memcpy(record->name, name.data, name.len);

    /* others see the whole record or none */

    atomic_store(&status->names_len, unit + status_name_units(name.len));

    return (uint16_t) unit;
}


uint32_t
mta_sts_status_map_size(const mta_sts_table_t *table)
{
    size_t         cursor;
    uint32_t       first, last, n;
    mta_sts_str_t  name;

    n = 0;
    cursor = 0;

    while (mta_sts_table_next_named(table, &cursor, &first, &last, &name)) {
        n = last >= n ? last + 1 : n;
    }

    return n;
}


int
mta_sts_status_map(mta_sts_status_t *status, const mta_sts_table_t *table,
    mta_sts_status_map_t *map)
{
    int            all;
    size_t         cursor;
    uint16_t       unit;
    uint32_t       i, first, last;
    mta_sts_str_t  name;

    all = 1;
    cursor = 0;

    while (mta_sts_table_next_named(table, &cursor, &first, &last, &name)) {
        unit = mta_sts_status_name(status, name);
        all &= unit != 0;

        for (i = first; i <= last && i < map->n; i++) {
            map->elts[i] = unit;
        }
    }

    return all;
}


void
mta_sts_status_copy(mta_sts_status_t *status, const mta_sts_status_t *other)
{
    uint32_t                      i, cursor;
    uint16_t                      unit;
    mta_sts_status_slot_t        *slot;
    mta_sts_status_policy_t       policy;
    const mta_sts_status_slot_t  *old;

    memcpy(status, other, offsetof(mta_sts_status_t, n_domains));

    for (i = 0; i < other->n_slots; i++) {
        old = &other->slots[i];

        slot = old->hash ? mta_sts_status_add(status, old->hash) : NULL;

        if (slot) {
            atomic_store(&slot->count, old->count);
            atomic_store(&slot->time, old->time);
        }
    }

    cursor = 0;

    while (mta_sts_status_next_name(other, &cursor, &policy)) {
        unit = mta_sts_status_name(status, policy.name);

        if (unit) {
            atomic_store(&status_name_at(status, unit)->requests,
                         policy.fetches);
        }
    }
}
