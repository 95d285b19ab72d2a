/*
 * Blocks for people who paste into the form of a DNS panel: the host is
 * relative to the policy domain, which the panel adds.
 */

#include "format.h"


void
format_text(FILE *out, mta_sts_str_t domain, const mta_sts_record_t *records,
    size_t n)
{
    size_t  i;

    (void) fprintf(out, "%.*s\n", (int) domain.len, domain.data);

    for (i = 0; i < n; i++) {
        (void) fprintf(out, "    Type   %.*s\n    Host   %.*s\n"
                       "    Value  %.*s\n\n",
                       (int) records[i].type.len, records[i].type.data,
                       (int) records[i].label.len, records[i].label.data,
                       (int) records[i].value.len, records[i].value.data);
    }
}
