/*
 * A zone for octoDNS's YamlProvider: names relative to it, in the natural order
 * that octoDNS insists on (a2 before a10), which is not the stream's.  So this
 * format keeps the zone's records until the last of them is known.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "domains/yaml.h"
#include "policy/policy.h"
#include "formats.h"
#include "quote.h"


typedef struct {
    mta_sts_record_t  *records;        /* names relative to the zone */
    size_t             n;
    size_t             size;
    mta_sts_arena_t    arena;
} octodns_zone_t;


/* The value of a record, as octoDNS reads it. */

static void
octodns_value(mta_sts_buf_t *text, const mta_sts_record_t *record,
    int escaped)
{
    char    ch;
    size_t  i;

    if (!mta_sts_str_eq(record->type, mta_sts_str("TXT"))) {
        quote_rdata(text, record);
        return;
    }

    for (i = 0; i < record->value.len; i++) {
        ch = record->value.data[i];

        if (ch == ';' && escaped) {
            mta_sts_buf_add_char(text, '\\');
        }

        mta_sts_buf_add_char(text, ch);
    }
}


static int
octodns_add(octodns_zone_t *kept, mta_sts_str_t zone,
    const mta_sts_record_t *record, int escaped)
{
    mta_sts_str_t      name;
    mta_sts_env_t      env = { diag_alloc, NULL, &kept->arena };
    mta_sts_buf_t     value = { &env, NULL, 0, 0, 0 };
    mta_sts_record_t  *records, *copy;

    if (kept->n == kept->size) {
        kept->size = kept->size ? kept->size * 2 : 16;

        records = realloc(kept->records,
                          kept->size * sizeof(mta_sts_record_t));
        if (records == NULL) {
            return MTA_STS_ERROR;
        }

        kept->records = records;
    }

    (void) mta_sts_name_in_zone(record->name, zone, &name);

    octodns_value(&value, record, escaped);

    copy = &kept->records[kept->n++];

    *copy = *record;
    copy->name = mta_sts_str_copy(&env, name);
    copy->value = mta_sts_buf_str(&value);

    return copy->name.data && !value.failed ? MTA_STS_OK : MTA_STS_ERROR;
}


/* Takes what comes next in *str: a number, or all that is none. */

static mta_sts_str_t
octodns_chunk(mta_sts_str_t *str, int digits)
{
    size_t         i;
    mta_sts_str_t  chunk;

    for (i = 0; i < str->len; i++) {
        if ((str->data[i] >= '0' && str->data[i] <= '9') != digits) {
            break;
        }
    }

    chunk = *str;
    chunk.len = i;

    *str = mta_sts_str_after(*str, i);

    return chunk;
}


static int
octodns_number_cmp(mta_sts_str_t a, mta_sts_str_t b)
{
    while (a.len && a.data[0] == '0') {
        a = mta_sts_str_after(a, 1);
    }

    while (b.len && b.data[0] == '0') {
        b = mta_sts_str_after(b, 1);
    }

    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }

    return mta_sts_str_cmp(a, b);
}


/* Texts and numbers take turns, a text comes first and may be empty. */

static int
octodns_name_cmp(mta_sts_str_t a, mta_sts_str_t b)
{
    int            rc, digits;
    mta_sts_str_t  x, y;

    for (digits = 0; a.len && b.len; digits = !digits) {
        x = octodns_chunk(&a, digits);
        y = octodns_chunk(&b, digits);

        rc = digits ? octodns_number_cmp(x, y) : mta_sts_str_cmp(x, y);

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

    rc = octodns_name_cmp(x->name, y->name);

    if (rc == 0) {
        rc = mta_sts_str_cmp(x->name, y->name);
    }

    if (rc == 0) {
        rc = mta_sts_str_cmp(x->type, y->type);
    }

    return rc ? rc : mta_sts_str_cmp(x->value, y->value);
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

    len = rrset_len(records, n);

    if (len == n) {
        octodns_rrset(emitter, records, n);
        return;
    }

    mta_sts_emitter_list(emitter);

    for (i = 0; i < n; i += len) {
        len = rrset_len(&records[i], n - i);
        octodns_rrset(emitter, &records[i], len);
    }

    mta_sts_emitter_list_end(emitter);
}


static void
octodns_print(stream_t *stream, const octodns_zone_t *kept)
{
    size_t              i, n;
    mta_sts_emitter_t  *emitter;

    emitter = mta_sts_emitter_begin(stream_write, stream);
    if (emitter == NULL) {
        stream_fail_memory(stream);
        return;
    }

    mta_sts_emitter_document(emitter, 1);
    mta_sts_emitter_map(emitter);

    for (i = 0; i < kept->n; i += n) {
        n = rrset_name_len(&kept->records[i], kept->n - i);
        octodns_name(emitter, &kept->records[i], n);
    }

    mta_sts_emitter_map_end(emitter);
    mta_sts_emitter_document_end(emitter);

    if (mta_sts_emitter_end(emitter) != MTA_STS_OK) {
        stream_fail_memory(stream);
    }
}


void
format_octodns(stream_t *stream)
{
    size_t          i;
    stream_set_t    set;
    mta_sts_str_t   zone;
    octodns_zone_t  kept;

    memset(&kept, 0, sizeof(octodns_zone_t));

    while (stream_next_zone(stream, &zone)) {
        kept.n = 0;

        while (stream_next(stream, &set)) {
            for (i = 0; i < set.n; i++) {
                if (octodns_add(&kept, zone, &set.records[i],
                                stream->options->escaped_semicolons)
                    != MTA_STS_OK)
                {
                    stream_fail_memory(stream);
                    break;
                }
            }
        }

        if (kept.n && !stream->failed) {
            qsort(kept.records, kept.n, sizeof(mta_sts_record_t), octodns_cmp);
            octodns_print(stream, &kept);
        }

        mta_sts_arena_reset(&kept.arena);
    }

    mta_sts_arena_free(&kept.arena);
    free(kept.records);
}
