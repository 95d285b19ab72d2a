/*
 * Random keys for the hash of slots.h, and texts that are longer.
 */

#include <errno.h>
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

        if (n == -1 && errno != EINTR) {
            return mta_sts_error_errno(err, MTA_STS_NOWHERE, "getrandom()",
                                       mta_sts_str(""));
        }

        if (n > 0) {
            p += n;
            left -= (size_t) n;
        }
    }

    return MTA_STS_OK;
}


uint32_t
mta_sts_hash_text(const mta_sts_hash_key_t *key, uint32_t hash,
    mta_sts_str_t text)
{
    mta_sts_str_t  piece;

    while (text.len) {
        piece = text;
        piece.len = text.len < MTA_STS_HASH_MAX ? text.len : MTA_STS_HASH_MAX;

        hash = hash * 0x9e3779b1 + mta_sts_hash(key, piece);
        text = mta_sts_str_after(text, piece.len);
    }

    return hash;
}
