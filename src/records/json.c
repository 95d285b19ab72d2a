/*
 * A domain as a JSON object.
 */

#include "records.h"


static json_t *
json_of_str(mta_sts_str_t str)
{
    return json_stringn(str.data, str.len);
}


static json_t *
json_of_mx(const mta_sts_policy_t *policy)
{
    size_t          cursor;
    json_t         *list;
    mta_sts_str_t   mx;

    list = json_array();
    cursor = 0;

    while (mta_sts_policy_next_mx(policy, &cursor, &mx)) {
        if (json_array_append_new(list, json_of_str(mx)) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
json_of_record(const mta_sts_record_t *record)
{
    return json_pack("{s:s%, s:s%, s:I, s:s%}",
                     "name", record->name.data, record->name.len,
                     "type", record->type.data, record->type.len,
                     "ttl", (json_int_t) record->ttl,
                     "value", record->value.data, record->value.len);
}


static json_t *
json_of_records(const mta_sts_record_t *records, size_t n)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < n; i++) {
        if (json_array_append_new(list, json_of_record(&records[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


/* "o": json_pack() frees the values that it was given, also if it fails. */

json_t *
mta_sts_json_domain(const mta_sts_entry_t *entry,
    const mta_sts_record_t *records, size_t n, const mta_sts_env_t *env)
{
    mta_sts_str_t            host, mode;
    const mta_sts_policy_t  *policy;

    policy = entry->policy;
    mode = mta_sts_policy_mode(policy);
    host = mta_sts_name_policy_host(entry->domain, env);

    if (host.data == NULL) {
        return NULL;
    }

    return json_pack("{s:s%, s:s%, s:s%, s:s, s:I, s:o, s:o}",
                     "domain", entry->domain.data, entry->domain.len,
                     "policy_host", host.data, host.len,
                     "mode", mode.data, mode.len,
                     "id", policy->id,
                     "max_age", (json_int_t) mta_sts_policy_max_age(policy),
                     "mx", json_of_mx(policy),
                     "records", json_of_records(records, n));
}
