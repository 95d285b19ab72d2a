/*
 * A zone for octoDNS's YamlProvider: names relative to it, in the natural order
 * that octoDNS requires (a2 before a10), which is not the plan's.  So this
 * format keeps all records of the zone until its end.
 */

#include <stdlib.h>

#include "domains/yaml.h"
#include "policy/policy.h"
#include "formats.h"


typedef struct {
    mta_sts_record_t  *records;        /* names relative to the zone */
    size_t             n;
    size_t             size;
} octodns_zone_t;


static int
octodns_is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}


/* The value of a record, as octoDNS reads it. */

static mta_sts_str_t
octodns_value(mta_sts_printer_t *printer, const mta_sts_record_t *record)
{
    size_t         i;
    mta_sts_buf_t  text = { printer->env, NULL, 0, 0, 0 };

    if (!mta_sts_record_is(record, "TXT")) {
        mta_sts_quote_rdata(&text, record);
        printer->text.failed |= text.failed;
        return mta_sts_buf_str(&text);
    }

    if (!printer->settings->escaped_semicolons) {
        return record->value;
    }

    for (i = 0; i < record->value.len; i++) {

        if (record->value.data[i] == ';') {
            mta_sts_buf_add_char(&text, '\\');
        }

        mta_sts_buf_add_char(&text, record->value.data[i]);
    }

    printer->text.failed |= text.failed;

    return mta_sts_buf_str(&text);
}


static void
octodns_open(mta_sts_printer_t *printer, mta_sts_str_t zone)
{
    const mta_sts_env_t  *env;

    (void) zone;

    env = printer->zone_env;
    printer->state = env->alloc(env->ctx, sizeof(octodns_zone_t));

    if (printer->state == NULL) {
        printer->text.failed = 1;
        return;
    }

    memset(printer->state, 0, sizeof(octodns_zone_t));
}


/* Keeps a record for as long as the zone is open. */

static int
octodns_keep(mta_sts_printer_t *printer, const mta_sts_batch_t *batch,
    const mta_sts_record_t *record)
{
    mta_sts_str_t      name;
    octodns_zone_t    *kept;
    mta_sts_record_t  *copy, *records;

    kept = printer->state;

    records = mta_sts_env_grow(printer->zone_env, kept->records, kept->n,
                               &kept->size, sizeof(mta_sts_record_t));
    if (records == NULL) {
        return 0;
    }

    kept->records = records;
    copy = &kept->records[kept->n];

    (void) mta_sts_name_in_zone(record->name, batch->zone, &name);

    *copy = *record;
    copy->name = mta_sts_str_copy(printer->zone_env, name);
    copy->value = mta_sts_str_copy(printer->zone_env,
                                   octodns_value(printer, record));

    if (copy->name.data == NULL || copy->value.data == NULL) {
        return 0;
    }

    kept->n++;

    return 1;
}


static void
octodns_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t  i;

    for (i = 0; printer->state && i < batch->n; i++) {
        if (!octodns_keep(printer, batch, &batch->records[i])) {
            printer->text.failed = 1;
            return;
        }
    }
}


/* Takes a number from the beginning of *str, without leading zeros. */

static mta_sts_str_t
octodns_number(mta_sts_str_t *str)
{
    size_t         i, zeros;
    mta_sts_str_t  number;

    for (i = 0, zeros = 0; i < str->len && octodns_is_digit(str->data[i]); i++)
    {
        zeros += zeros == i && str->data[i] == '0';
    }

    number = mta_sts_str_after(*str, zeros);
    number.len = i - zeros;

    *str = mta_sts_str_after(*str, i);

    return number;
}


/* The end of a name and of a text before a number is less than a character. */

static int
octodns_name_cmp(mta_sts_str_t a, mta_sts_str_t b)
{
    int            rc;
    mta_sts_str_t  x, y;

    while (a.len && b.len) {

        if (!octodns_is_digit(a.data[0]) && !octodns_is_digit(b.data[0])) {
            rc = (unsigned char) a.data[0] - (unsigned char) b.data[0];

            a = mta_sts_str_after(a, 1);
            b = mta_sts_str_after(b, 1);

        } else if (octodns_is_digit(a.data[0]) && octodns_is_digit(b.data[0])) {
            x = octodns_number(&a);
            y = octodns_number(&b);

            rc = x.len == y.len ? mta_sts_str_cmp(x, y)
                                : x.len < y.len ? -1 : 1;

        } else {
            return octodns_is_digit(a.data[0]) ? -1 : 1;
        }

        if (rc) {
            return rc;
        }
    }

    return (a.len > 0) - (b.len > 0);
}


static int
octodns_cmp(const void *a, const void *b)
{
    int                      rc;
    const mta_sts_record_t  *x = a, *y = b;

    if ((rc = octodns_name_cmp(x->name, y->name)) != 0
        || (rc = mta_sts_str_cmp(x->name, y->name)) != 0
        || (rc = mta_sts_str_cmp(x->type, y->type)) != 0)
    {
        return rc;
    }

    return mta_sts_str_cmp(x->value, y->value);
}


/* An RRset of n records. */

static void
octodns_rrset(mta_sts_emitter_t *emitter, const mta_sts_record_t *records,
    size_t n)
{
    size_t  i;

    mta_sts_emitter_map(emitter);

    mta_sts_emitter_word(emitter, "ttl");
    mta_sts_emitter_uint(emitter, records[0].ttl);

    mta_sts_emitter_word(emitter, "type");
    mta_sts_emitter_word(emitter, records[0].type.data);

    if (n == 1) {
        mta_sts_emitter_word(emitter, "value");
        mta_sts_emitter_text(emitter, records[0].value);

    } else {
        mta_sts_emitter_word(emitter, "values");
        mta_sts_emitter_list(emitter);

        for (i = 0; i < n; i++) {
            mta_sts_emitter_text(emitter, records[i].value);
        }

        mta_sts_emitter_list_end(emitter);
    }

    mta_sts_emitter_map_end(emitter);
}


/* The n records of a name: an RRset, or a list of them. */

static void
octodns_name(mta_sts_emitter_t *emitter, const mta_sts_record_t *records,
    size_t n)
{
    size_t  i, len;

    mta_sts_emitter_name(emitter, records[0].name);

    len = mta_sts_rrset_len(records, n);

    if (len == n) {
        octodns_rrset(emitter, records, n);
        return;
    }

    mta_sts_emitter_list(emitter);

    for (i = 0; i < n; i += len) {
        len = mta_sts_rrset_len(&records[i], n - i);
        octodns_rrset(emitter, &records[i], len);
    }

    mta_sts_emitter_list_end(emitter);
}


/* All records of the zone, sorted. */

static void
octodns_close(mta_sts_printer_t *printer)
{
    size_t              i, n;
    octodns_zone_t     *kept;
    mta_sts_emitter_t  *emitter;

    kept = printer->state;

    if (printer->text.failed) {
        return;
    }

    qsort(kept->records, kept->n, sizeof(mta_sts_record_t), octodns_cmp);

    emitter = mta_sts_printer_emitter(printer);
    if (emitter == NULL) {
        return;
    }

    mta_sts_emitter_document(emitter, 1);
    mta_sts_emitter_map(emitter);

    for (i = 0; i < kept->n; i += n) {
        n = mta_sts_rrset_name_len(&kept->records[i], kept->n - i);
        octodns_name(emitter, &kept->records[i], n);
    }

    mta_sts_emitter_map_end(emitter);
    mta_sts_emitter_document_end(emitter);

    mta_sts_printer_emitter_end(printer, emitter);
}


const mta_sts_format_t  mta_sts_format_octodns = {
    .name = "octodns",
    .description = "one file per zone for octoDNS's YamlProvider",
    .suffix = ".yaml",
    .flags = MTA_STS_FORMAT_WHOLE|MTA_STS_FORMAT_ZONE|MTA_STS_FORMAT_SEMICOLONS,
    .open = octodns_open,
    .batch = octodns_batch,
    .close = octodns_close
};
