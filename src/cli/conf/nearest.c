/*
 * The configured domain that is nearest to another one.
 */

#include "policy/policy.h"
#include "site.h"


static size_t
nearest_labels(mta_sts_str_t labels)
{
    size_t  i, n;

    for (i = 0, n = 1; i < labels.len; i++) {
        n += labels.data[i] == '.';
    }

    return n;
}


int
site_nearest(const mta_sts_catalog_t *catalog, mta_sts_str_t domain,
    mta_sts_str_t *nearest)
{
    size_t           n, best, distance, cursor;
    mta_sts_str_t    labels;
    mta_sts_entry_t  entry;

    best = 2 * MTA_STS_NAME_MAX;
    cursor = 0;

    while (mta_sts_catalog_next(catalog, &cursor, &entry)) {

        distance = mta_sts_str_distance(domain, entry.domain, best + 1);

        if (mta_sts_name_in_zone(domain, entry.domain, &labels)) {
            n = nearest_labels(labels);
            distance = n < distance ? n : distance;
        }

        if (distance < best
            || (distance == best
                && mta_sts_str_cmp(entry.domain, *nearest) < 0))
        {
            best = distance;
            *nearest = entry.domain;
        }
    }

    return best < 2 * MTA_STS_NAME_MAX;
}
