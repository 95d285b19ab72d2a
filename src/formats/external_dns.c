/*
 * DNSEndpoint objects for external-dns: one per domain, so that a change is a
 * change of one object.  Its name is that of the policy host, which is also a
 * valid name in Kubernetes.
 */

#include "domains/yaml.h"
#include "policy/policy.h"
#include "formats.h"


static const char  external_dns_note[] =
    "# external-dns before 0.22, with its TXT registry, drops changed TXT\n"
    "# values and does not say so: kubernetes-sigs/external-dns #6718.\n";


/* external-dns passes a text on as it is, and Route 53 wants strings. */

static void
external_dns_target(mta_sts_printer_t *printer, const mta_sts_record_t *record)
{
    mta_sts_buf_t  strings = { printer->env, NULL, 0, 0, 0 };

    if (printer->settings->provider == MTA_STS_PROVIDER_ROUTE53
        && mta_sts_record_is(record, "TXT"))
    {
        mta_sts_quote_txt(&strings, record->value, " ");
        printer->text.failed |= strings.failed;
        mta_sts_emitter_text(printer->state, mta_sts_buf_str(&strings));

    } else {
        mta_sts_emitter_text(printer->state, record->value);
    }
}


/* An RRset of n records. */

static void
external_dns_endpoint(mta_sts_printer_t *printer,
    const mta_sts_record_t *records, size_t n)
{
    size_t              i;
    mta_sts_emitter_t  *emitter;

    emitter = printer->state;

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
        external_dns_target(printer, &records[i]);
    }

    mta_sts_emitter_list_end(emitter);
    mta_sts_emitter_map_end(emitter);
}


static void
external_dns_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t              i, n;
    mta_sts_str_t       host;
    mta_sts_emitter_t  *emitter;

    emitter = printer->state;
    host = mta_sts_name_policy_host(batch->entry->domain, printer->env);

    if (emitter == NULL || host.data == NULL) {
        printer->text.failed = 1;
        return;
    }

    mta_sts_emitter_document(emitter, 1);
    mta_sts_emitter_map(emitter);

    mta_sts_emitter_word(emitter, "apiVersion");
    mta_sts_emitter_word(emitter, "externaldns.k8s.io/v1alpha1");

    mta_sts_emitter_word(emitter, "kind");
    mta_sts_emitter_word(emitter, "DNSEndpoint");

    mta_sts_emitter_word(emitter, "metadata");
    mta_sts_emitter_map(emitter);
    mta_sts_emitter_word(emitter, "name");
    mta_sts_emitter_name(emitter, host);
    mta_sts_emitter_map_end(emitter);

    mta_sts_emitter_word(emitter, "spec");
    mta_sts_emitter_map(emitter);
    mta_sts_emitter_word(emitter, "endpoints");
    mta_sts_emitter_list(emitter);

    for (i = 0; i < batch->n; i += n) {
        n = mta_sts_rrset_len(&batch->records[i], batch->n - i);
        external_dns_endpoint(printer, &batch->records[i], n);
    }

    mta_sts_emitter_list_end(emitter);
    mta_sts_emitter_map_end(emitter);

    mta_sts_emitter_map_end(emitter);
    mta_sts_emitter_document_end(emitter);
}


static void
external_dns_begin(mta_sts_printer_t *printer)
{
    mta_sts_format_add(&printer->text, "%V", mta_sts_str(external_dns_note));

    printer->state = mta_sts_printer_emitter(printer);
}


static void
external_dns_end(mta_sts_printer_t *printer)
{
    if (printer->state) {
        mta_sts_printer_emitter_end(printer, printer->state);
    }
}


const mta_sts_format_t  mta_sts_format_external_dns = {
    .name = "external-dns",
    .description = "DNSEndpoint objects of Kubernetes",
    .suffix = ".yaml",
    .flags = MTA_STS_FORMAT_WHOLE|MTA_STS_FORMAT_DOMAIN|MTA_STS_FORMAT_PROVIDER,
    .begin = external_dns_begin,
    .batch = external_dns_batch,
    .end = external_dns_end
};
