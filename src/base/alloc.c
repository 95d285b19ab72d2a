/*
 * Arrays that grow in memory of which nothing is given back.
 */

#include <string.h>

#include "base.h"


void *
mta_sts_env_grow(const mta_sts_env_t *env, void *elts, size_t n, size_t *size,
    size_t elt)
{
    void    *grown;
    size_t   room;

    if (n < *size) {
        return elts;
    }

    room = *size ? 2 * *size : 8;

    grown = env->alloc(env->ctx, room * elt);
    if (grown == NULL) {
        return NULL;
    }

    if (n) {
        memcpy(grown, elts, n * elt);
    }

    *size = room;

    return grown;
}
