/*
 * The nearest of some texts, by the distance of optimal string alignment:
 * Levenshtein's, but two neighbours that changed places are one edit.
 */

#include "base.h"


static size_t
nearest_min(size_t a, size_t b)
{
    return a < b ? a : b;
}


/* Row i has the distances of the first i bytes of a and each prefix of b. */

size_t
mta_sts_str_distance(mta_sts_str_t a, mta_sts_str_t b, size_t limit)
{
    size_t  i, k, least, cost, rows[3][MTA_STS_DISTANCE_MAX + 1];
    size_t  *row, *before, *first;

    if (a.len + limit <= b.len || b.len + limit <= a.len
        || b.len > MTA_STS_DISTANCE_MAX)
    {
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


void
mta_sts_nearest_add(mta_sts_nearest_t *nearest, mta_sts_str_t text)
{
    size_t  distance;

    if (nearest->text.data == NULL) {

        /* at most one edit in three bytes */

        nearest->distance = nearest->wanted.len / 3 + 1;
        nearest->distance += nearest->wanted.len == 2;
    }

    distance = mta_sts_str_caseeq(nearest->wanted, text)
               ? 0 : mta_sts_str_distance(nearest->wanted, text,
                                          nearest->distance);

    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->text = text;
    }
}


int
mta_sts_nearest_error(const mta_sts_nearest_t *nearest, const char *what,
    mta_sts_place_t place, mta_sts_err_t *err)
{
    if (nearest->text.len == 0) {
        return mta_sts_error(err, place, "unknown %s \"%.*s\"", what,
                             MTA_STS_SHOW(nearest->wanted));
    }

    return mta_sts_error(err, place, "unknown %s \"%.*s\", did you mean "
                         "\"%.*s\"?", what, MTA_STS_SHOW(nearest->wanted),
                         MTA_STS_SHOW(nearest->text));
}
