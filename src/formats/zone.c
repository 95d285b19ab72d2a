/*
 * Lines of a zone file (RFC 1035, 5.1), with absolute names: they fit into the
 * file of any zone.
 */

#include "formats.h"


static void
zone_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t                   i;
    const mta_sts_record_t  *record;

    for (i = 0; i < batch->n; i++) {
        record = &batch->records[i];

        mta_sts_format_add(&printer->text, "%V. %u IN %V %R\n", record->name,
                   record->ttl, record->type, record);
    }
}


const mta_sts_format_t  mta_sts_format_zone = {
    .name = "zone",
    .description = "lines of a zone file (RFC 1035), absolute names",
    .suffix = ".zone",
    .batch = zone_batch
};
