/*
 * What the builder of a table and its look-up share.
 */

#ifndef MTA_STS_SERVE_SLOTS_H
#define MTA_STS_SERVE_SLOTS_H


#include "table.h"


/*
 * Makes a random key.
 *
 * Errors: getrandom() failed.
 */
int mta_sts_hash_init(mta_sts_hash_key_t *key, mta_sts_err_t *err);

/* Goes on from hash with a text of any length, by mta_sts_hash(). */
uint32_t mta_sts_hash_text(const mta_sts_hash_key_t *key, uint32_t hash,
    mta_sts_str_t text);

/*
 * The keyed hash of at most MTA_STS_HASH_MAX bytes.  It differs between
 * machines of another byte order.
 *
 * So that an attacker cannot choose names that collide, the sum is multilinear
 * (Lemire and Kaser, "Strongly universal string hashing is fast", 2014): with a
 * random key, those of two strings are equal with a probability of 2^-33,
 * whatever the strings are.  The mixer of SplitMix64 then spreads the sums of
 * strings that differ little.
 */

static inline uint32_t
mta_sts_hash(const mta_sts_hash_key_t *key, mta_sts_str_t str)
{
    size_t           i;
    uint64_t         sum, word;
    const uint64_t  *k;

    k = key->k;
    sum = k[0] + k[1] * str.len;
    word = 0;

    if (str.len < sizeof(word)) {
        for (i = 0; i < str.len; i++) {
            word = word << 8 | (unsigned char) str.data[i];
        }

    } else {
        for (i = 0; i + sizeof(word) < str.len; i += sizeof(word)) {
            memcpy(&word, str.data + i, sizeof(word));

            k += 2;
            sum += k[0] * (uint32_t) word + k[1] * (word >> 32);
        }

        /* the last word may overlap the one before it */

        memcpy(&word, str.data + str.len - sizeof(word), sizeof(word));
    }

    k += 2;
    sum += k[0] * (uint32_t) word + k[1] * (word >> 32);

    sum = (sum ^ sum >> 30) * 0xbf58476d1ce4e5b9u;
    sum = (sum ^ sum >> 27) * 0x94d049bb133111ebu;

    return (uint32_t) (sum >> 32);
}


/* With so few slots, a hash costs more than it saves: it is 0. */

#define MTA_STS_TABLE_FEW  8

/*
 * A tag is the distance of a slot from the one at which probing begins, in its
 * 5 high bits, and 3 bits of the hash, not those that choose the slot.
 */

#define MTA_STS_TABLE_FAR   31             /* or further */
#define MTA_STS_TABLE_STEP  8              /* from one distance to the next */

#define mta_sts_table_hash_bits(hash)  ((int) (hash) & (MTA_STS_TABLE_STEP - 1))

#define mta_sts_table_tag(slot)        ((int) ((slot)->policy & 0xff))

#define mta_sts_table_distance(slot)                                          \
    (mta_sts_table_tag(slot) / MTA_STS_TABLE_STEP)


/* The slot of n at which probing for a hash begins; it is its high bits. */

static inline uint64_t
mta_sts_table_first(uint32_t hash, size_t n)
{
    return ((uint64_t) hash * n) >> 32;
}


/*
 * Slots of many domains are anywhere in memory; those of so many of the next
 * ones are fetched while one is handled.
 */

#define MTA_STS_TABLE_AHEAD  8


/*
 * Makes room for n more elements of elt bytes and returns where they begin, or
 * NULL if the allocation failed; the array is then unchanged.
 */
void *mta_sts_table_array_room(mta_sts_table_array_t *array, size_t n,
    size_t elt);

void mta_sts_table_array_free(mta_sts_table_array_t *array);


/* A row of the builder: a domain in the order in which it was added. */

typedef struct {
    uint32_t  hash;
    uint32_t  name;
    uint32_t  policy;
    uint32_t  line;
} mta_sts_table_row_t;


/* Fills n slots, more than there are rows; names are those of the builder. */
void mta_sts_table_fill(const mta_sts_table_builder_t *builder,
    const char *names, mta_sts_table_slot_t *slots, size_t n);


/* A name of a table: its length in a byte, then its bytes. */

static inline mta_sts_str_t
mta_sts_table_name(const char *names, uint32_t name)
{
    mta_sts_str_t  str;

    str.len = (unsigned char) names[name];
    str.data = names + name + 1;

    return str;
}


/* The run of a number, or NULL if it is before the first of n. */
const mta_sts_table_run_t *mta_sts_table_run(const mta_sts_table_run_t *runs,
    size_t n, uint32_t number);


#endif /* MTA_STS_SERVE_SLOTS_H */
