/*
 * Random keys for the hash of slots.h.
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
