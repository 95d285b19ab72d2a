/*
 * DNSEndpoint objects for external-dns: one a domain, so that what has changed
 * is one object.  Its name is the policy host's, which Kubernetes takes as one,
 * too.
 */

#include "domains/yaml.h"
#include "policy/policy.h"
#include "formats.h"
#include "quote.h"


static const char  external_dns_note[] =
    "# external-dns before 0.22, with its TXT registry, drops changed TXT\n"
    "# values and does not say so: kubernetes-sigs/external-dns #6718.\n";


/* external-dns hands a text on as it is, and Route 53 wants strings. */

static void
external_dns_target(stream_t *stream, mta_sts_emitter_t *emitter,
    const mta_sts_record_t *record)
{
    const char      *provider;
    mta_sts_buf_t   strings = { &stream->env, NULL, 0, 0, 0 };

    provider = stream->options->provider;

    if (provider == NULL || strcmp(provider, "route53") != 0
        || !mta_sts_str_eq(record->type, mta_sts_str("TXT")))
    {
        mta_sts_emitter_text(emitter, record->value);
        return;
    }

    quote_txt(&strings, record->value, " ");

    if (strings.failed) {
        stream_fail_memory(stream);
        return;
    }

    mta_sts_emitter_text(emitter, mta_sts_buf_str(&strings));
}


/* An RRset of n records. */

static void
external_dns_endpoint(stream_t *stream, mta_sts_emitter_t *emitter,
    const mta_sts_record_t *records, size_t n)
{
    size_t  i;

    mta_sts_emitter_map(emitter);

    mta_sts_emitter_word(emitter, "dnsName");
    mta_sts_emitter_name(emitter, records[0].name);

    mta_sts_emitter_word(emitter, "recordTTL");
    mta_sts_emitter_uint(emitter, records[0].ttl);

    mta_sts_emitter_word(emitter, "recordType");
    mta_sts_emitter_word(emitter, records[0].type.data);

    mta_sts_emitter_word(emitter, "targets");
    mta_sts_emitter_list(emitter);

    for (i = 0; i < n; i++) {
        external_dns_target(stream, emitter, &records[i]);
    }

    mta_sts_emitter_list_end(emitter);
    mta_sts_emitter_map_end(emitter);
}


static void
external_dns_object(stream_t *stream, mta_sts_emitter_t *emitter,
    const stream_set_t *set, mta_sts_str_t name)
{
    size_t  i, n;

    mta_sts_emitter_document(emitter, 1);
    mta_sts_emitter_map(emitter);

    mta_sts_emitter_word(emitter, "apiVersion");
    mta_sts_emitter_word(emitter, "externaldns.k8s.io/v1alpha1");

    mta_sts_emitter_word(emitter, "kind");
    mta_sts_emitter_word(emitter, "DNSEndpoint");

    mta_sts_emitter_word(emitter, "metadata");
    mta_sts_emitter_map(emitter);
    mta_sts_emitter_word(emitter, "name");
    mta_sts_emitter_name(emitter, name);
    mta_sts_emitter_map_end(emitter);

    mta_sts_emitter_word(emitter, "spec");
    mta_sts_emitter_map(emitter);
    mta_sts_emitter_word(emitter, "endpoints");
    mta_sts_emitter_list(emitter);

    for (i = 0; i < set->n; i += n) {
        n = rrset_len(&set->records[i], set->n - i);
        external_dns_endpoint(stream, emitter, &set->records[i], n);
    }

    mta_sts_emitter_list_end(emitter);
    mta_sts_emitter_map_end(emitter);

    mta_sts_emitter_map_end(emitter);
    mta_sts_emitter_document_end(emitter);
}


void
format_external_dns(stream_t *stream)
{
    stream_set_t        set;
    mta_sts_str_t       zone, name;
    mta_sts_emitter_t  *emitter;

    (void) fputs(external_dns_note, stream->out);

    emitter = mta_sts_emitter_begin(stream_write, stream);
    if (emitter == NULL) {
        stream_fail_memory(stream);
        return;
    }

    while (stream_next_zone(stream, &zone)) {
        while (stream_next(stream, &set)) {

            name = mta_sts_name_policy_host(set.entry->domain, &stream->env);

            if (name.data == NULL) {
                stream_fail_memory(stream);
                break;
            }

            external_dns_object(stream, emitter, &set, name);
        }
    }

    if (mta_sts_emitter_end(emitter) != MTA_STS_OK) {
        stream_fail_memory(stream);
    }
}
