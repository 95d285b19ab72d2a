/*
 * The nearest domain, by the distance of optimal string alignment: Levenshtein's,
 * but two neighbours that changed places are one edit.
 */

#include "policy/policy.h"
#include "site.h"


static size_t
nearest_min(size_t a, size_t b)
{
    return a < b ? a : b;
}


/*
 * The distance of a and b, each of at most MTA_STS_NAME_MAX bytes; or some
 * number from limit on.  Row i has the distances of the first i bytes of a and
 * every prefix of b; three rows are kept.
 */

static size_t
nearest_distance(mta_sts_str_t a, mta_sts_str_t b, size_t limit)
{
    size_t  i, k, least, cost, rows[3][MTA_STS_NAME_MAX + 1];
    size_t  *row, *before, *first;

    if (a.len + limit <= b.len || b.len + limit <= a.len) {
        return limit;
    }

    for (k = 0; k <= b.len; k++) {
        rows[0][k] = k;
    }

    for (i = 1; i <= a.len; i++) {
        row = rows[i % 3];
        before = rows[(i + 2) % 3];
        first = rows[(i + 1) % 3];

        row[0] = i;
        least = i;

        for (k = 1; k <= b.len; k++) {
            cost = a.data[i - 1] != b.data[k - 1];

            row[k] = nearest_min(before[k - 1] + cost,
                                 nearest_min(before[k], row[k - 1]) + 1);

            if (i > 1 && k > 1 && a.data[i - 1] == b.data[k - 2]
                && a.data[i - 2] == b.data[k - 1])
            {
                row[k] = nearest_min(row[k], first[k - 2] + 1);
            }

            least = nearest_min(least, row[k]);
        }

        /* rows differ by at most one: later ones are not below limit */

        if (least > limit) {
            return limit;
        }
    }

    return rows[a.len % 3][b.len];
}


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
    size_t           best, distance, cursor;
    mta_sts_str_t    labels;
    mta_sts_entry_t  entry;

    best = 2 * MTA_STS_NAME_MAX;
    cursor = 0;

    while (mta_sts_catalog_next(catalog, &cursor, &entry)) {

        distance = nearest_distance(domain, entry.domain, best + 1);

        if (mta_sts_name_in_zone(domain, entry.domain, &labels)) {
            distance = nearest_min(distance, nearest_labels(labels));
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
