/*
 * Counters in shared memory: what is rare, next to what status.h has inline.
 */

#include "names.h"


/*
 * Of 8 slots, at most 7 are in use: looking for one ends soon.  There may be a
 * few more with those of domains that have left.
 */

#define STATUS_LOAD(n)    ((n) - (n) / 8)
#define STATUS_FULL(n)    ((n) - (n) / 16)

#define STATUS_SLOTS_MIN  16


/* The hash of a slot that was released; that of a domain is odd. */

#define STATUS_RELEASED   2


int
mta_sts_status_init(void *memory, size_t size, int64_t now,
    mta_sts_status_t **status, mta_sts_err_t *err)
{
    size_t              names, n;
    mta_sts_status_t   *s = memory;
    mta_sts_hash_key_t  key;

    names = size / 8 < MTA_STS_STATUS_NAMES ? size / 8 : MTA_STS_STATUS_NAMES;
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


/*
 * The slot of a hash, or the unused one where it goes; *released is the first
 * on the way that was released, or NULL.
 */

static mta_sts_status_slot_t *
status_seek(mta_sts_status_t *status, uint64_t hash,
    mta_sts_status_slot_t **released)
{
    uint64_t                other;
    mta_sts_status_slot_t  *slot;

    slot = mta_sts_status_first(status, hash);
    *released = NULL;

    for ( ;; ) {
        other = mta_sts_status_get(&slot->hash);

        if (other == hash || other == 0) {
            return slot;
        }

        if (*released == NULL && other == STATUS_RELEASED) {
            *released = slot;
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
    mta_sts_status_slot_t  *slot, *released;

    slot = status_seek(status, hash, &released);

    return mta_sts_status_get(&slot->hash) == hash ? slot : NULL;
}


mta_sts_status_slot_t *
mta_sts_status_add(mta_sts_status_t *status, uint64_t hash)
{
    uint32_t                n, left;
    uint64_t                other;
    mta_sts_status_slot_t  *slot, *released;

    for ( ;; ) {
        slot = status_seek(status, hash, &released);

        if (mta_sts_status_get(&slot->hash) == hash) {
            return slot;
        }

        n = mta_sts_status_get(&status->n_domains);
        left = mta_sts_status_get(&status->n_released);

        /* if it fails, another process was faster */

        if (released) {
            other = STATUS_RELEASED;

            if (atomic_compare_exchange_strong(&released->hash, &other, hash))
            {
                (void) atomic_fetch_sub(&status->n_released, 1);
                return released;
            }

            continue;
        }

        if (n - left >= status->max_domains
            || n >= STATUS_FULL(status->n_slots))
        {
            mta_sts_status_inc(&status->uncounted);
            return NULL;
        }

        other = 0;

        if (atomic_compare_exchange_strong(&slot->hash, &other, hash)) {
            (void) atomic_fetch_add(&status->n_domains, 1);
            return slot;
        }
    }
}


void
mta_sts_status_release(mta_sts_status_t *status,
    const mta_sts_table_t *const *tables, size_t n, unsigned char *bits)
{
    size_t                  i, cursor;
    mta_sts_str_t           domain;
    mta_sts_status_slot_t  *slot;

    for (i = 0; i < n; i++) {
        cursor = 0;

        while (mta_sts_table_next_name(tables[i], &cursor, &domain)) {
            slot = mta_sts_status_find(status,
                                       mta_sts_status_hash(status, domain));
            if (slot) {
                bits[(slot - status->slots) / 8]
                                       |= 1u << (slot - status->slots) % 8;
            }
        }
    }

    for (i = 0; i < status->n_slots; i++) {
        slot = &status->slots[i];

        if (mta_sts_status_get(&slot->hash) % 2
            && !(bits[i / 8] >> i % 8 & 1))
        {
            atomic_store(&slot->count, 0);
            atomic_store(&slot->time, 0);
            (void) atomic_fetch_add(&status->n_released, 1);
            atomic_store(&slot->hash, STATUS_RELEASED);
        }
    }

    (void) atomic_fetch_add(&status->releases, 1);
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


void
mta_sts_status_copy(mta_sts_status_t *status, const mta_sts_status_t *other)
{
    uint32_t                      i;
    mta_sts_status_slot_t        *slot;
    const mta_sts_status_slot_t  *old;

    memcpy(status, other, offsetof(mta_sts_status_t, n_domains));

    for (i = 0; i < other->n_slots; i++) {
        old = &other->slots[i];

        slot = old->hash % 2 ? mta_sts_status_add(status, old->hash) : NULL;

        if (slot) {
            atomic_store(&slot->count, old->count);
            atomic_store(&slot->time, old->time);
        }
    }

    /* what has no room here was counted there */

    atomic_store(&status->uncounted, other->uncounted);

    mta_sts_status_copy_names(status, other);
}
