/*
 * Bodies for PATCH /api/v1/servers/localhost/zones/ZONE of the PowerDNS
 * Authoritative Server: one a line and zone.  The zone's name is there for
 * whoever has to make the URL of it.
 */

#include <jansson.h>

#include "formats.h"
#include "quote.h"


/*
 * Bytes of a body, more or less: the server takes 2 MB unless it is told
 * otherwise, so that a zone of very many domains has several bodies.
 */

#define POWERDNS_MAX       1000000
#define POWERDNS_OVERHEAD  128         /* bytes of a record beside its texts */


static json_t *
powerdns_name(mta_sts_str_t name)
{
    return json_sprintf("%.*s.", (int) name.len, name.data);
}


/* A type that goes from a name. */

static json_t *
powerdns_delete(mta_sts_str_t name, mta_sts_str_t type)
{
    return json_pack("{s:o, s:s%, s:s}", "name", powerdns_name(name),
                     "type", type.data, type.len, "changetype", "DELETE");
}


/* The new records of a name and type. */

static json_t *
powerdns_replace(const mta_sts_record_t *records, size_t n,
    const mta_sts_env_t *env)
{
    size_t          i;
    json_t         *list, *record;
    mta_sts_buf_t  text;

    list = json_array();

    for (i = 0; i < n; i++) {
        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = env;

        quote_rdata(&text, &records[i]);

        record = text.failed ? NULL
                             : json_pack("{s:s%, s:b}", "content", text.data,
                                         text.len, "disabled", 0);

        if (json_array_append_new(list, record) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return json_pack("{s:o, s:s%, s:I, s:s, s:o}",
                     "name", powerdns_name(records[0].name),
                     "type", records[0].type.data, records[0].type.len,
                     "ttl", (json_int_t) records[0].ttl,
                     "changetype", "REPLACE",
                     "records", list);
}


/* Adds what changes at the name of n records to list. */

static int
powerdns_add_name(json_t *list, const mta_sts_record_t *records, size_t n,
    const mta_sts_env_t *env)
{
    size_t         i, k, len, n_types;
    mta_sts_str_t  types[RRSET_TYPES_MAX];

    n_types = rrset_types(records, types);

    /* what goes comes first: it may not stand beside what is new */

    for (i = 0; i < n_types; i++) {

        for (k = 0; k < n; k++) {
            if (mta_sts_str_eq(records[k].type, types[i])) {
                break;
            }
        }

        if (k == n
            && json_array_append_new(list, powerdns_delete(records[0].name,
                                                           types[i]))
               != 0)
        {
            return MTA_STS_ERROR;
        }
    }

    for (i = 0; i < n; i += len) {
        len = rrset_len(&records[i], n - i);

        if (json_array_append_new(list, powerdns_replace(&records[i], len,
                                                         env))
            != 0)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Adds a domain's changes to list; *len is the body's bytes. */

static void
powerdns_add(stream_t *stream, const stream_set_t *set, json_t *list,
    size_t *len)
{
    size_t  i, n;

    for (i = 0; i < set->n; i += n) {
        n = rrset_name_len(&set->records[i], set->n - i);

        if (powerdns_add_name(list, &set->records[i], n, &stream->env)
            != MTA_STS_OK)
        {
            stream_fail_memory(stream);
            return;
        }
    }

    for (i = 0; i < set->n; i++) {
        *len += POWERDNS_OVERHEAD + 3 * set->records[i].name.len
                + set->records[i].value.len;
    }
}


/* Prints a body of the changes in list, which it takes. */

static void
powerdns_body(stream_t *stream, mta_sts_str_t zone, json_t *list)
{
    json_t  *body;

    body = json_pack("{s:o, s:o}", "name", powerdns_name(zone), "rrsets",
                     list);

    if (body == NULL
        || (json_dumpf(body, stream->out, JSON_COMPACT|JSON_ENSURE_ASCII) != 0
            && !ferror(stream->out)))
    {
        stream_fail_memory(stream);

    } else {
        (void) fputc('\n', stream->out);
    }

    json_decref(body);
}


void
format_powerdns(stream_t *stream)
{
    size_t         len;
    json_t        *list;
    stream_set_t   set;
    mta_sts_str_t  zone;

    while (stream_next_zone(stream, &zone)) {
        list = NULL;
        len = 0;

        while (stream_next(stream, &set)) {

            if (len > POWERDNS_MAX) {
                powerdns_body(stream, zone, list);
                list = NULL;
                len = 0;
            }

            if (list == NULL) {
                list = json_array();
            }

            powerdns_add(stream, &set, list, &len);
        }

        if (stream->failed) {
            json_decref(list);

        } else {
            powerdns_body(stream, zone, list);
        }
    }
}
