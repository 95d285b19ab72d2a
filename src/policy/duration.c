/*
 * Durations, parsed exactly as nginx parses those of its own directives.
 */

#include "policy.h"


typedef struct {
    char     unit;
    int64_t  seconds;
} duration_unit_t;


/* from large to small; a space closes a number of seconds */

static const duration_unit_t  duration_units[] = {
    { 'y', 60 * 60 * 24 * 365 },
    { 'M', 60 * 60 * 24 * 30 },
    { 'w', 60 * 60 * 24 * 7 },
    { 'd', 60 * 60 * 24 },
    { 'h', 60 * 60 },
    { 'm', 60 },
    { 's', 1 },
    { ' ', 1 }
};

#define DURATION_UNITS  (sizeof(duration_units) / sizeof(duration_units[0]))
#define DURATION_S      (DURATION_UNITS - 2)


/*
 * Finds the unit among those from *next on and moves *next after it.  "s" and
 * " " are both seconds: after either only a number without a unit may follow.
 * Returns the unit's seconds, or 0.
 */

static int64_t
duration_unit(char ch, size_t *next)
{
    size_t  i;

    for (i = *next; i < DURATION_UNITS; i++) {
        if (duration_units[i].unit == ch) {
            *next = i >= DURATION_S ? DURATION_UNITS : i + 1;
            return duration_units[i].seconds;
        }
    }

    return 0;
}


int64_t
mta_sts_duration_parse(mta_sts_str_t text)
{
    int      valid, digit;
    size_t   i, next;
    int64_t  value, total, scale;

    value = 0;
    total = 0;
    valid = 0;
    next = 0;
    i = 0;

    while (i < text.len) {

        if (text.data[i] >= '0' && text.data[i] <= '9') {
            digit = text.data[i++] - '0';

            if (value > (INT64_MAX - digit) / 10) {
                return -1;
            }

            value = value * 10 + digit;
            valid = 1;
            continue;
        }

        if (text.data[i] == 'm' && i + 1 < text.len && text.data[i + 1] == 's')
        {
            return -1;      /* milliseconds */
        }

        scale = duration_unit(text.data[i++], &next);

        if (scale == 0 || value > INT64_MAX / scale
            || total > INT64_MAX - value * scale)
        {
            return -1;
        }

        total += value * scale;
        value = 0;

        while (i < text.len && text.data[i] == ' ') {
            i++;
        }
    }

    if (!valid || total > INT64_MAX - value) {
        return -1;
    }

    return total + value;
}
