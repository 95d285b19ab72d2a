/*
 * Putting domains into the slots of a table, in the order in which their
 * probing begins.
 */

#include "slots.h"


/* A slot with another distance. */

static mta_sts_table_slot_t
table_slot_at(mta_sts_table_slot_t slot, uint64_t distance)
{
    int  tag;

    tag = distance < MTA_STS_TABLE_FAR ? (int) distance : MTA_STS_TABLE_FAR;
    tag = tag * MTA_STS_TABLE_STEP | mta_sts_table_hash_bits(slot.policy);

    slot.policy = (slot.policy & ~(uint32_t) 0xff) | (uint32_t) tag;

    return slot;
}


/* The distance of the slot k of n from where its probing begins. */

static uint64_t
table_distance(const mta_sts_table_builder_t *b, const char *names,
    const mta_sts_table_slot_t *slots, uint64_t k, size_t n)
{
    uint32_t  hash;
    uint64_t  distance, first;

    distance = (uint64_t) mta_sts_table_distance(&slots[k]);

    if (distance < MTA_STS_TABLE_FAR || n <= MTA_STS_TABLE_FEW) {
        return distance;
    }

    hash = mta_sts_hash(&b->key, mta_sts_table_name(names, slots[k].name));
    first = mta_sts_table_first(hash, n);

    return k < first ? k + n - first : k - first;
}


/*
 * Puts a row into its slot; one that is nearer to where its own probing begins
 * makes room for it, and goes on.
 */

static void
table_put(const mta_sts_table_builder_t *b, const char *names,
    const mta_sts_table_row_t *row, mta_sts_table_slot_t *slots, size_t n)
{
    uint32_t              hash;
    uint64_t              k, distance, other;
    mta_sts_table_slot_t  slot, moved;

    hash = n > MTA_STS_TABLE_FEW ? row->hash : 0;
    distance = 0;

    slot.name = row->name;
    slot.policy = row->policy << 8 | (uint32_t) mta_sts_table_hash_bits(hash);
    slot.line = row->line;

    for (k = mta_sts_table_first(hash, n); slots[k].name;
         k = k + 1 == n ? 0 : k + 1)
    {
        other = table_distance(b, names, slots, k, n);

        if (other < distance) {
            moved = slots[k];
            slots[k] = table_slot_at(slot, distance);
            slot = moved;
            distance = other;
        }

        distance++;
    }

    slots[k] = table_slot_at(slot, distance);
}


void
mta_sts_table_fill(const mta_sts_table_builder_t *b, const char *names,
    mta_sts_table_slot_t *slots, size_t n)
{
    size_t                      i;
    const mta_sts_table_row_t  *rows;

    rows = b->rows.elts;

    memset(slots, 0, n * sizeof(mta_sts_table_slot_t));

    for (i = 0; i < b->rows.n; i++) {
        if (i + MTA_STS_TABLE_AHEAD < b->rows.n) {
            __builtin_prefetch(&slots[mta_sts_table_first(
                rows[i + MTA_STS_TABLE_AHEAD].hash, n)]);
        }

        table_put(b, names, &rows[i], slots, n);
    }
}
