/*
 * An array with one object a domain, each on a line of its own, so that a
 * program may take them line by line or the whole at once.
 */

#include <jansson.h>

#include "../../core/name.h"
#include "format.h"


static json_t *
json_str(mta_sts_str_t str)
{
    return json_stringn(str.data, str.len);
}


static json_t *
json_mx(const mta_sts_policy_t *policy)
{
    size_t          cursor;
    json_t         *list;
    mta_sts_str_t   mx;

    list = json_array();
    cursor = 0;

    while (mta_sts_policy_next_mx(policy, &cursor, &mx)) {
        if (json_array_append_new(list, json_str(mx)) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
json_record(const mta_sts_record_t *record)
{
    return json_pack("{s:s%, s:s%, s:I, s:s%}",
                     "name", record->name.data, record->name.len,
                     "type", record->type.data, record->type.len,
                     "ttl", (json_int_t) record->ttl,
                     "value", record->value.data, record->value.len);
}


static json_t *
json_records(const stream_set_t *set)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < set->n; i++) {
        if (json_array_append_new(list, json_record(&set->records[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


/* json_pack() gives back what it took when it fails: "o" is for that. */

static json_t *
json_set(const stream_set_t *set, const mta_sts_env_t *env)
{
    mta_sts_str_t            host, mode;
    const mta_sts_policy_t  *policy;

    policy = set->entry->policy;
    mode = mta_sts_policy_mode(policy);
    host = mta_sts_name_policy_host(set->entry->domain, env);

    if (host.data == NULL) {
        return NULL;
    }

    return json_pack("{s:s%, s:s%, s:s%, s:s, s:I, s:o, s:o}",
                     "domain", set->entry->domain.data, set->entry->domain.len,
                     "policy_host", host.data, host.len,
                     "mode", mode.data, mode.len,
                     "id", policy->id,
                     "max_age", (json_int_t) mta_sts_policy_max_age(policy),
                     "mx", json_mx(policy),
                     "records", json_records(set));
}


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

            json = json_set(&set, &stream->env);
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
