/*
 * What the builder of a table and its look-up share.
 */

#ifndef MTA_STS_SERVE_SLOTS_H
#define MTA_STS_SERVE_SLOTS_H


#include "table.h"


/* A hash of bytes, for tables in memory; it differs between machines. */

static inline uint64_t
mta_sts_hash_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;

    return hash ^ (hash >> 29);
}


/*
 * Takes eight bytes at a time, the last eight once more where they overlap,
 * since this is what a request waits for.
 */

static inline uint32_t
mta_sts_hash(mta_sts_str_t str)
{
    size_t    i;
    uint64_t  hash, word;

    hash = str.len;

    if (str.len < sizeof(word)) {
        word = 0;

        for (i = 0; i < str.len; i++) {
            word = word << 8 | (unsigned char) str.data[i];
        }

        return (uint32_t) (mta_sts_hash_mix(hash, word) >> 32);
    }

    for (i = 0; i + sizeof(word) < str.len; i += sizeof(word)) {
        memcpy(&word, str.data + i, sizeof(word));
        hash = mta_sts_hash_mix(hash, word);
    }

    memcpy(&word, str.data + str.len - sizeof(word), sizeof(word));

    return (uint32_t) (mta_sts_hash_mix(hash, word) >> 32);
}


/* The slot of n at which probing for a hash begins. */

static inline uint64_t
mta_sts_table_first(uint32_t hash, size_t n)
{
    return ((uint64_t) hash * n) >> 32;
}


/* A name of a table: its length in a byte, then its bytes. */

static inline mta_sts_str_t
mta_sts_table_name(const char *names, uint32_t name)
{
    mta_sts_str_t  str;

    str.len = (unsigned char) names[name];
    str.data = names + name + 1;

    return str;
}


/* The text of number in n runs; empty if it is before the first. */
mta_sts_str_t mta_sts_table_run(const mta_sts_table_run_t *runs, size_t n,
    uint32_t number);


#endif /* MTA_STS_SERVE_SLOTS_H */
