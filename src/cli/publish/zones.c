/*
 * The zones that exist, and the RRsets that records are published as.
 */

#include <stdlib.h>

#include "policy/policy.h"
#include "publish.h"


static int
zones_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(*(const mta_sts_str_t *) a,
                           *(const mta_sts_str_t *) b);
}


int
zones_set(zones_t *zones, const char *what, const mta_sts_value_t *values,
    size_t n, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t  i, k;

    zones->n = 0;
    zones->apexes = env->alloc(env->ctx, n * sizeof(mta_sts_str_t));

    for (i = 0; i < n; i++) {
        if (mta_sts_name_zone(what, &values[i], env, &zones->apexes[i], err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    qsort(zones->apexes, n, sizeof(mta_sts_str_t), zones_cmp);

    for (i = 0, k = 0; i < n; i++) {
        if (k == 0 || zones_cmp(&zones->apexes[k - 1], &zones->apexes[i])) {
            zones->apexes[k++] = zones->apexes[i];
        }
    }

    zones->n = k;

    return MTA_STS_OK;
}


const mta_sts_str_t *
zones_find(const zones_t *zones, mta_sts_str_t name)
{
    const char           *dot;
    const mta_sts_str_t  *apex;

    for ( ;; ) {
        apex = bsearch(&name, zones->apexes, zones->n, sizeof(mta_sts_str_t),
                       zones_cmp);
        if (apex) {
            return apex;
        }

        dot = memchr(name.data, '.', name.len);
        if (dot == NULL) {
            return NULL;
        }

        name = mta_sts_str_after(name, (size_t) (dot - name.data) + 1);
    }
}
