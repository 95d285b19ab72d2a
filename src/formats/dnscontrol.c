/*
 * D_EXTEND() calls for DNSControl's dnsconfig.js: they add to a zone that is
 * declared there, with names relative to it.
 */

#include "formats.h"


/* Bytes of a call, since interpreters limit the number of arguments. */

#define DNSCONTROL_MAX  100000


static void
dnscontrol_open(mta_sts_printer_t *printer, mta_sts_str_t zone)
{
    mta_sts_format_add(&printer->text, "D_EXTEND(%J", zone);
}


static void
dnscontrol_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t                   i;
    const mta_sts_record_t  *record;

    for (i = 0; i < batch->n; i++) {
        record = &batch->records[i];

        /* DNSControl splits a long text by itself */

        mta_sts_format_add(&printer->text, mta_sts_record_is(record, "CNAME")
                                           ? ",\n    %V(%J, \"%V.\", TTL(%u))"
                                           : ",\n    %V(%J, %J, TTL(%u))",
                           record->type,
                           mta_sts_format_relative(record->name, batch->zone),
                           record->value, record->ttl);
    }
}


static void
dnscontrol_close(mta_sts_printer_t *printer)
{
    mta_sts_format_add(&printer->text, "\n);\n");
}


const mta_sts_format_t  mta_sts_format_dnscontrol = {
    .name = "dnscontrol",
    .description = "one D_EXTEND() per zone for dnsconfig.js",
    .suffix = ".js",
    .flags = MTA_STS_FORMAT_WHOLE,
    .max = DNSCONTROL_MAX,
    .open = dnscontrol_open,
    .batch = dnscontrol_batch,
    .close = dnscontrol_close
};
