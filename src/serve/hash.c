/*
 * A keyed hash, so that an attacker cannot choose names that collide.  The sum is
 * multilinear (Lemire and Kaser, "Strongly universal string hashing is fast",
 * 2014): with a random key, those of two strings are equal with a probability of
 * 2^-33, whatever the strings are.  The mixer of SplitMix64 then spreads the sums
 * of strings that differ little.
 */

#include <sys/random.h>

#include "slots.h"


int
mta_sts_hash_init(mta_sts_hash_key_t *key, mta_sts_err_t *err)
{
    char    *p;
    size_t   left;
    ssize_t  n;

    p = (char *) key->k;
    left = sizeof(key->k);

    while (left) {
        n = getrandom(p, left, 0);

        if (n == -1) {
            return mta_sts_error_errno(err, MTA_STS_NOWHERE, "getrandom()",
                                       mta_sts_str(""));
        }

        p += n;
        left -= (size_t) n;
    }

    return MTA_STS_OK;
}


uint32_t
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
