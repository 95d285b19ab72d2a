/*
 * Lines of a zone file (RFC 1035, 5.1), with absolute names: they fit into the
 * file of any zone.
 */

#include "formats.h"


static void
zone_batch(printer_t *printer, const batch_t *batch)
{
    size_t                   i;
    const mta_sts_record_t  *record;

    for (i = 0; i < batch->n; i++) {
        record = &batch->records[i];

        format_add(&printer->text, "%V. %u IN %V %R\n", record->name,
                   record->ttl, record->type, record);
    }
}


const format_t  format_zone = {
    .name = "zone",
    .description = "lines of a zone file (RFC 1035), absolute names",
    .suffix = ".zone",
    .batch = zone_batch
};
