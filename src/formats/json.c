/*
 * An array with one object per domain, each on its own line: a program may read
 * it line by line or as a whole.  The keys are domain, policy_host, mode, id,
 * max_age (seconds), mx (a list) and records, each of which has name, type, ttl
 * (seconds) and value.  What is to be deleted has the keys zone and remove, a
 * list of name and type.
 */

#include "policy/policy.h"
#include "formats.h"


static void
json_record(mta_sts_buf_t *text, const mta_sts_record_t *record)
{
    mta_sts_format_add(text, "{\"name\": %J, \"type\": %J, \"ttl\": %u, "
               "\"value\": %J}", record->name, record->type, record->ttl,
               record->value);
}


static void
json_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t                   i, cursor;
    mta_sts_str_t            host, mx;
    mta_sts_buf_t           *text;
    const mta_sts_policy_t  *policy;

    text = &printer->text;
    policy = batch->entry.policy;
    host = mta_sts_name_policy_host(batch->entry.domain, printer->env);
    text->failed |= host.data == NULL;

    mta_sts_format_add(text, printer->total ? ",\n" : "[\n");
    mta_sts_format_add(text, "{\"domain\": %J, \"policy_host\": %J, "
                       "\"mode\": %J, \"id\": %J, \"max_age\": %u, \"mx\": [",
               batch->entry.domain, host, mta_sts_policy_mode(policy),
               mta_sts_policy_id(policy), mta_sts_policy_max_age(policy));

    for (i = 0, cursor = 0; mta_sts_policy_next_mx(policy, &cursor, &mx); i++) {
        mta_sts_format_add(text, i ? ", %J" : "%J", mx);
    }

    mta_sts_format_add(text, "], \"records\": [");

    for (i = 0; i < batch->n; i++) {
        mta_sts_format_add(text, i ? ", " : "");
        json_record(text, &batch->records[i]);
    }

    mta_sts_format_add(text, "]}");
}


static void
json_remove(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t          i;
    mta_sts_buf_t  *text;

    text = &printer->text;

    mta_sts_format_add(text, printer->total ? ",\n" : "[\n");
    mta_sts_format_add(text, "{\"zone\": %J, \"remove\": [", batch->zone);

    for (i = 0; i < batch->n; i++) {
        mta_sts_format_add(text, i ? ", " : "");
        mta_sts_format_add(text, "{\"name\": %J, \"type\": %J}",
                           batch->records[i].name, batch->records[i].type);
    }

    mta_sts_format_add(text, "]}");
}


/* An array without its end shows that it is truncated. */

static void
json_end(mta_sts_printer_t *printer)
{
    mta_sts_format_add(&printer->text, printer->total ? "\n]\n" : "[]\n");
}


const mta_sts_format_t  mta_sts_format_json = {
    .name = "json",
    .description = "an array, one object per domain",
    .suffix = ".json",
    .flags = MTA_STS_FORMAT_DOMAIN,
    .batch = json_batch,
    .remove = json_remove,
    .end = json_end
};
