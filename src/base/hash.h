/*
 * A hash of bytes, for what is kept in memory; it differs between machines.
 */

#ifndef MTA_STS_BASE_HASH_H
#define MTA_STS_BASE_HASH_H


#include <stdint.h>

#include "base.h"


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


#endif /* MTA_STS_BASE_HASH_H */
