/*
 * An array with one object a domain, each on a line of its own, so that a
 * program may take them line by line or the whole at once.
 */

#include "records/records.h"
#include "formats.h"


void
format_json(stream_t *stream)
{
    int            first;
    json_t        *json;
    stream_set_t   set;
    mta_sts_str_t  zone;

    first = 1;

    while (stream_next_zone(stream, &zone)) {
        while (stream_next(stream, &set)) {

            json = mta_sts_json_domain(set.entry, set.records, set.n,
                                       &stream->env);
            if (json == NULL) {
                stream_fail_memory(stream);
                return;
            }

            (void) fputs(first ? "[\n" : ",\n", stream->out);
            first = 0;

            if (json_dumpf(json, stream->out, JSON_ENSURE_ASCII) != 0
                && !ferror(stream->out))
            {
                stream_fail_memory(stream);
            }

            json_decref(json);
        }
    }

    /* an array without its end is seen to be cut */

    if (!stream->failed) {
        (void) fputs(first ? "[]\n" : "\n]\n", stream->out);
    }
}
