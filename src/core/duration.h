/*
 * A duration as nginx writes it: "604800", "1w", "1y 2M", "1d12h30m".
 */

#ifndef MTA_STS_DURATION_H
#define MTA_STS_DURATION_H


#include <stdint.h>

#include "text.h"


/*
 * Parses a duration with a resolution of seconds and returns it in seconds,
 * or -1 when it is none.  Units go from large to small and each is used once;
 * a number without a unit is seconds and comes last.  A year has 365 days, a
 * month 30.  Follows ngx_parse_time() of nginx's src/core/ngx_parse.c.
 */
int64_t mta_sts_duration_parse(mta_sts_str_t text);


#endif /* MTA_STS_DURATION_H */
