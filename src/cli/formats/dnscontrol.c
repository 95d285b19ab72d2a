/*
 * D_EXTEND() calls for DNSControl's dnsconfig.js: they add to a zone that is
 * declared there, with names relative to it.
 */

#include "policy/policy.h"
#include "formats.h"
#include "quote.h"


/* Domains in a call, since interpreters bound the number of arguments. */

#define DNSCONTROL_MAX  1000


static void
dnscontrol_record(mta_sts_buf_t *call, mta_sts_str_t zone,
    const mta_sts_record_t *record, const mta_sts_env_t *env)
{
    mta_sts_str_t   name;
    mta_sts_buf_t  value = { env, NULL, 0, 0, 0 };

    (void) mta_sts_name_in_zone(record->name, zone, &name);

    /* DNSControl splits a long text by itself */

    if (mta_sts_str_eq(record->type, mta_sts_str("TXT"))) {
        mta_sts_buf_add(&value, record->value);

    } else {
        quote_rdata(&value, record);
    }

    call->failed |= value.failed;

    mta_sts_buf_add_cstr(call, ",\n    ");
    mta_sts_buf_add(call, record->type);
    mta_sts_buf_add_char(call, '(');
    quote_json(call, name.len ? name : mta_sts_str("@"));
    mta_sts_buf_add_cstr(call, ", ");
    quote_json(call, mta_sts_buf_str(&value));
    mta_sts_buf_add_cstr(call, ", TTL(");
    mta_sts_buf_add_uint(call, record->ttl);
    mta_sts_buf_add_cstr(call, "))");
}


/* Prints a domain's records; the first of a call begin it. */

static void
dnscontrol_set(stream_t *stream, const stream_set_t *set, int first)
{
    size_t          i;
    mta_sts_buf_t  call = { &stream->env, NULL, 0, 0, 0 };

    if (first) {
        mta_sts_buf_add_cstr(&call, "D_EXTEND(");
        quote_json(&call, set->zone);
    }

    for (i = 0; i < set->n; i++) {
        dnscontrol_record(&call, set->zone, &set->records[i], &stream->env);
    }

    if (call.failed) {
        stream_fail_memory(stream);
        return;
    }

    (void) fwrite(call.data, 1, call.len, stream->out);
}


void
format_dnscontrol(stream_t *stream)
{
    size_t         n;
    stream_set_t   set;
    mta_sts_str_t  zone;

    while (stream_next_zone(stream, &zone)) {
        n = 0;

        while (stream_next(stream, &set)) {

            if (n == DNSCONTROL_MAX) {
                (void) fputs("\n);\n", stream->out);
                n = 0;
            }

            dnscontrol_set(stream, &set, n == 0);
            n++;
        }

        if (!stream->failed) {
            (void) fputs("\n);\n", stream->out);
        }
    }
}
