/*
 * Zone file lines (RFC 1035, 5.1), with absolute names: they fit into any
 * zone's file.
 */

#include "formats.h"
#include "quote.h"


static void
zone_line(stream_t *stream, const mta_sts_record_t *record)
{
    mta_sts_buf_t  line = { &stream->env, NULL, 0, 0, 0 };

    quote_record(&line, record);

    if (line.failed) {
        stream_fail_memory(stream);
        return;
    }

    (void) fwrite(line.data, 1, line.len, stream->out);
}


void
format_zone(stream_t *stream)
{
    size_t         i;
    stream_set_t   set;
    mta_sts_str_t  zone;

    while (stream_next_zone(stream, &zone)) {
        while (stream_next(stream, &set)) {

            /* no line after one that there was no memory for */

            for (i = 0; i < set.n && !stream->failed; i++) {
                zone_line(stream, &set.records[i]);
            }
        }
    }
}
