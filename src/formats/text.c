/*
 * Blocks to paste into the form of a DNS panel: the host is relative to the
 * zone, which the panel adds.
 */

#include "formats.h"


/* What the DNS has in the place of a record; bytes that are not printable are
   replaced. */

static void
text_live(mta_sts_buf_t *text, const mta_sts_batch_t *batch,
    const mta_sts_record_t *record)
{
    char                     ch;
    size_t                   i, k, n;
    const mta_sts_record_t  *live;

    if (batch->live == NULL) {
        return;
    }

    for (i = 0, n = 0; i < batch->n_live; i++) {
        live = &batch->live[i];

        if (!mta_sts_str_eq(live->name, record->name)
            || !mta_sts_str_eq(live->type, record->type))
        {
            continue;
        }

        mta_sts_buf_add_cstr(text, "    Old    ");

        for (k = 0; k < live->value.len; k++) {
            ch = live->value.data[k];
            mta_sts_buf_add_char(text, (char) (ch < ' ' || ch > '~' ? '?'
                                                                    : ch));
        }

        mta_sts_buf_add_char(text, '\n');
        n++;
    }

    if (n == 0) {
        mta_sts_buf_add_cstr(text, "    Old    (none)\n");
    }
}


static void
text_open(mta_sts_printer_t *printer, mta_sts_str_t zone)
{
    mta_sts_format_add(&printer->text, "%V\n", zone);
}


static void
text_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t                   i;
    const mta_sts_record_t  *record;

    for (i = 0; i < batch->n; i++) {
        record = &batch->records[i];

        mta_sts_format_add(&printer->text, "    Type   %V\n    Host   %V\n"
                   "    Value  %V\n", record->type,
                   mta_sts_format_relative(record->name, batch->zone),
                   record->value);

        text_live(&printer->text, batch, record);

        mta_sts_format_add(&printer->text, "    TTL    %u\n\n", record->ttl);
    }
}


static void
text_remove(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t  i;

    for (i = 0; i < batch->n; i++) {
        mta_sts_format_add(&printer->text, "    Remove %V %V\n",
                           batch->records[i].name, batch->records[i].type);
    }
}


const mta_sts_format_t  mta_sts_format_text = {
    .name = "text",
    .description = "Type / Host / Value, as DNS panels ask for them",
    .suffix = ".txt",
    .open = text_open,
    .batch = text_batch,
    .remove = text_remove
};
