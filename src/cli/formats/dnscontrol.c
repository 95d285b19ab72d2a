/*
 * D_EXTEND() calls for DNSControl's dnsconfig.js: they add to a zone that is
 * declared there, with names relative to it.
 */

#include "formats.h"


/* Bytes of a call, since interpreters limit the number of arguments. */

#define DNSCONTROL_MAX  100000


static void
dnscontrol_open(printer_t *printer, mta_sts_str_t zone)
{
    format_add(&printer->text, "D_EXTEND(%J", zone);
}


static void
dnscontrol_batch(printer_t *printer, const batch_t *batch)
{
    size_t                   i;
    const mta_sts_record_t  *record;

    for (i = 0; i < batch->n; i++) {
        record = &batch->records[i];

        /* DNSControl splits a long text by itself */

        format_add(&printer->text, record_is(record, "CNAME")
                                   ? ",\n    %V(%J, \"%V.\", TTL(%u))"
                                   : ",\n    %V(%J, %J, TTL(%u))",
                   record->type, format_relative(record->name, batch->zone),
                   record->value, record->ttl);
    }
}


static void
dnscontrol_close(printer_t *printer)
{
    format_add(&printer->text, "\n);\n");
}


const format_t  format_dnscontrol = {
    .name = "dnscontrol",
    .description = "one D_EXTEND() per zone for dnsconfig.js",
    .suffix = ".js",
    .flags = FORMAT_WHOLE,
    .max = DNSCONTROL_MAX,
    .open = dnscontrol_open,
    .batch = dnscontrol_batch,
    .close = dnscontrol_close
};
