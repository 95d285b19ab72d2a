/*
 * Bodies for PATCH /api/v1/servers/localhost/zones/ZONE of the PowerDNS
 * Authoritative Server, one per line and zone.  The zone's name is in the body
 * for the script that needs it for the URL.
 */

#include "formats.h"


/*
 * Bytes of a body: the server takes 2 MB by default, so a zone of very many
 * domains has several bodies.
 */

#define POWERDNS_MAX  1000000


/* The beginning of an element of "rrsets". */

static void
powerdns_rrset(mta_sts_printer_t *printer, mta_sts_str_t name,
    mta_sts_str_t type)
{
    mta_sts_format_add(&printer->text, printer->n++
                               ? ",{\"name\":\"%V.\",\"type\":\"%V\","
                               : "{\"name\":\"%V.\",\"type\":\"%V\",",
               name, type);
}


static void
powerdns_delete(mta_sts_printer_t *printer, mta_sts_str_t name,
    mta_sts_str_t type)
{
    powerdns_rrset(printer, name, type);
    mta_sts_format_add(&printer->text, "\"changetype\":\"DELETE\"}");
}


/* The new records of a name and type. */

static void
powerdns_replace(mta_sts_printer_t *printer, const mta_sts_record_t *records,
    size_t n)
{
    size_t         i;
    mta_sts_buf_t  rdata = { printer->env, NULL, 0, 0, 0 };

    powerdns_rrset(printer, records[0].name, records[0].type);
    mta_sts_format_add(&printer->text, "\"ttl\":%u,\"changetype\":\"REPLACE\","
               "\"records\":[", records[0].ttl);

    for (i = 0; i < n; i++) {
        rdata.len = 0;
        mta_sts_quote_rdata(&rdata, &records[i]);
        printer->text.failed |= rdata.failed;

        mta_sts_format_add(&printer->text,
                   i ? ",{\"content\":%J,\"disabled\":false}"
                     : "{\"content\":%J,\"disabled\":false}",
                   mta_sts_buf_str(&rdata));
    }

    mta_sts_format_add(&printer->text, "]}");
}


/* All changes at the name of n records. */

static void
powerdns_changes(mta_sts_printer_t *printer, const mta_sts_record_t *records,
    size_t n)
{
    size_t         i, k, len, n_types;
    mta_sts_str_t  types[MTA_STS_RRSET_TYPES_MAX];

    n_types = mta_sts_rrset_types(records, types);

    /* deletions first: an old record may not be next to a new one */

    for (i = 0; i < n_types; i++) {

        for (k = 0; k < n; k++) {
            if (mta_sts_str_eq(records[k].type, types[i])) {
                break;
            }
        }

        if (k == n) {
            powerdns_delete(printer, records[0].name, types[i]);
        }
    }

    for (i = 0; i < n; i += len) {
        len = mta_sts_rrset_len(&records[i], n - i);
        powerdns_replace(printer, &records[i], len);
    }
}


static void
powerdns_open(mta_sts_printer_t *printer, mta_sts_str_t zone)
{
    mta_sts_format_add(&printer->text, "{\"name\":\"%V.\",\"rrsets\":[", zone);
}


static void
powerdns_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t  i, n;

    for (i = 0; i < batch->n; i += n) {
        n = mta_sts_rrset_name_len(&batch->records[i], batch->n - i);
        powerdns_changes(printer, &batch->records[i], n);
    }
}


static void
powerdns_remove(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t  i;

    for (i = 0; i < batch->n; i++) {
        powerdns_delete(printer, batch->records[i].name,
                        batch->records[i].type);
    }
}


static void
powerdns_close(mta_sts_printer_t *printer)
{
    mta_sts_format_add(&printer->text, "]}\n");
}


const mta_sts_format_t  mta_sts_format_powerdns = {
    .name = "powerdns",
    .description = "bodies to PATCH zones with, one per line",
    .suffix = ".json",
    .max = POWERDNS_MAX,
    .open = powerdns_open,
    .batch = powerdns_batch,
    .remove = powerdns_remove,
    .close = powerdns_close
};
