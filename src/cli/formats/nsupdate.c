/*
 * A script for nsupdate: what stands at each name is deleted and the new
 * records are added, in one update (RFC 2136, 2) of the zone.
 *
 * An alias that is added beside other data, and data beside an alias, are
 * ignored by the server without a word (RFC 2136, 3.4.2.2): so those of the
 * other kind are deleted, too.
 */

#include "formats.h"
#include "quote.h"


/* Bytes of script: a message has less than 64 KiB, and less than its script. */

#define NSUPDATE_MAX  32768


static void
nsupdate_delete(mta_sts_buf_t *script, const mta_sts_record_t *record)
{
    size_t         i, n;
    mta_sts_str_t  types[RRSET_TYPES_MAX];

    n = rrset_types(record, types);

    for (i = 0; i < n; i++) {
        mta_sts_buf_add_cstr(script, "update delete ");
        mta_sts_buf_add(script, record->name);
        mta_sts_buf_add_cstr(script, ". ");
        mta_sts_buf_add(script, types[i]);
        mta_sts_buf_add_char(script, '\n');
    }
}


/* Prints what replaces a domain's records; returns its bytes. */

static size_t
nsupdate_set(stream_t *stream, const stream_set_t *set)
{
    size_t          i, k, n;
    mta_sts_buf_t  script = { &stream->env, NULL, 0, 0, 0 };

    for (i = 0; i < set->n; i += n) {
        n = rrset_name_len(&set->records[i], set->n - i);

        nsupdate_delete(&script, &set->records[i]);

        for (k = 0; k < n; k++) {
            mta_sts_buf_add_cstr(&script, "update add ");
            quote_record(&script, &set->records[i + k]);
        }
    }

    if (script.failed) {
        stream_fail_memory(stream);
        return 0;
    }

    (void) fwrite(script.data, 1, script.len, stream->out);

    return script.len;
}


void
format_nsupdate(stream_t *stream)
{
    size_t         len;
    stream_set_t   set;
    mta_sts_str_t  zone;

    while (stream_next_zone(stream, &zone)) {
        len = 0;

        while (stream_next(stream, &set)) {

            if (len > NSUPDATE_MAX) {
                (void) fprintf(stream->out, "send\n");
                len = 0;
            }

            if (len == 0) {
                (void) fprintf(stream->out, "zone %.*s.\n", (int) zone.len,
                               zone.data);
            }

            len += nsupdate_set(stream, &set);
        }

        /* what is not sent is not done: no half of an update */

        if (!stream->failed) {
            (void) fprintf(stream->out, "send\n");
        }
    }
}
