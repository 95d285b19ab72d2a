/*
 * Blocks for people who paste into the form of a DNS panel: the host is
 * relative to the zone, which the panel adds.
 */

#include "policy/policy.h"
#include "formats.h"


/* What the DNS has in the place of a record. */

static void
text_old(FILE *out, const changed_t *changed, const mta_sts_record_t *record)
{
    size_t                 i;
    const changed_item_t  *item;

    item = changed ? changed_find(changed, record) : NULL;

    if (item && item->n == 0) {
        (void) fprintf(out, "    Old    (none)\n");
    }

    for (i = 0; item && i < item->n; i++) {
        (void) fprintf(out, "    Old    %.*s\n", (int) item->old[i].len,
                       item->old[i].data);
    }
}


static void
text_block(FILE *out, mta_sts_str_t zone, const changed_t *changed,
    const mta_sts_record_t *record)
{
    mta_sts_str_t  host;

    (void) mta_sts_name_in_zone(record->name, zone, &host);

    if (host.len == 0) {
        host = mta_sts_str("@");
    }

    (void) fprintf(out, "    Type   %.*s\n    Host   %.*s\n"
                   "    Value  %.*s\n", (int) record->type.len,
                   record->type.data, (int) host.len, host.data,
                   (int) record->value.len, record->value.data);

    text_old(out, changed, record);

    (void) fprintf(out, "    TTL    %u\n\n", record->ttl);
}


void
format_text(stream_t *stream)
{
    size_t         i;
    stream_set_t   set;
    mta_sts_str_t  zone;

    while (stream_next_zone(stream, &zone)) {
        (void) fprintf(stream->out, "%.*s\n", (int) zone.len, zone.data);

        while (stream_next(stream, &set)) {
            for (i = 0; i < set.n; i++) {
                text_block(stream->out, zone, stream->plan->changed,
                           &set.records[i]);
            }
        }
    }
}
