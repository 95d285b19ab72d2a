/*
 * A script for nsupdate: the old records of each name are deleted and the new
 * ones added, in one update (RFC 2136, 2) of the zone.
 *
 * A server ignores an alias that is added next to other data, and data next to
 * an alias (RFC 2136, 3.4.2.2): so records of the other kind are deleted, too.
 */

#include "formats.h"


/* Bytes of script: a message has less than 64 KiB, and less than its script. */

#define NSUPDATE_MAX  32768


static void
nsupdate_open(mta_sts_printer_t *printer, mta_sts_str_t zone)
{
    mta_sts_format_add(&printer->text, "zone %V.\n", zone);
}


static void
nsupdate_delete(mta_sts_printer_t *printer, mta_sts_str_t name,
    mta_sts_str_t type)
{
    mta_sts_format_add(&printer->text, "update delete %V. %V\n", name, type);
}


static void
nsupdate_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t                   i, k, n_types;
    mta_sts_str_t            types[MTA_STS_RRSET_TYPES_MAX];
    const mta_sts_record_t  *record;

    for (i = 0; i < batch->n; i++) {
        record = &batch->records[i];

        if (i == 0 || !mta_sts_str_eq(record->name, record[-1].name)) {
            n_types = mta_sts_rrset_types(record, types);

            for (k = 0; k < n_types; k++) {
                nsupdate_delete(printer, record->name, types[k]);
            }
        }

        mta_sts_format_add(&printer->text, "update add %V. %u IN %V %R\n",
                   record->name, record->ttl, record->type, record);
    }
}


static void
nsupdate_remove(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t  i;

    for (i = 0; i < batch->n; i++) {
        nsupdate_delete(printer, batch->records[i].name,
                        batch->records[i].type);
    }
}


static void
nsupdate_close(mta_sts_printer_t *printer)
{
    mta_sts_format_add(&printer->text, "send\n");
}


const mta_sts_format_t  mta_sts_format_nsupdate = {
    .name = "nsupdate",
    .description = "a script that replaces each record (RFC 2136)",
    .suffix = ".nsupdate",
    .max = NSUPDATE_MAX,
    .open = nsupdate_open,
    .batch = nsupdate_batch,
    .remove = nsupdate_remove,
    .close = nsupdate_close
};
