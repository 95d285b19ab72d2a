/*
 * DNSEndpoint objects for external-dns: one per domain, so that a change is a
 * change of one object.  Its name is that of the policy host, which is also a
 * valid name in Kubernetes.
 */

#include "policy/policy.h"
#include "formats.h"


static void
external_dns_begin(mta_sts_printer_t *printer)
{
    mta_sts_format_add(&printer->text, "# external-dns before 0.22, with its "
                       "TXT registry, drops changed TXT\n# values and does "
                       "not say so: kubernetes-sigs/external-dns #6718.\n");
}


/* Appends a name, plain where YAML of any version takes it as a text. */

static void
external_dns_name(mta_sts_buf_t *text, mta_sts_str_t name)
{
    int  plain;

    plain = mta_sts_str_starts(name, mta_sts_str("_"))
            || mta_sts_str_starts(name, mta_sts_str("mta-sts"));

    mta_sts_format_add(text, plain ? "%V\n" : "%Y\n", name);
}


/* An RRset of n records. */

static void
external_dns_endpoint(mta_sts_printer_t *printer,
    const mta_sts_record_t *records, size_t n)
{
    size_t          i;
    mta_sts_buf_t  *text;
    mta_sts_buf_t   strings = { printer->env, NULL, 0, 0, 0 };

    text = &printer->text;

    mta_sts_format_add(text, "  - dnsName: ");
    external_dns_name(text, records[0].name);
    mta_sts_format_add(text, "    recordTTL: %u\n    recordType: %V\n"
                       "    targets:\n", records[0].ttl, records[0].type);

    for (i = 0; i < n; i++) {

        /* external-dns passes a text on as it is, and Route 53 wants strings */

        if (printer->settings->provider == MTA_STS_PROVIDER_ROUTE53
            && mta_sts_record_is(&records[i], "TXT"))
        {
            strings.len = 0;
            mta_sts_quote_txt(&strings, records[i].value, " ");
            text->failed |= strings.failed;

            mta_sts_format_add(text, "    - %Y\n", mta_sts_buf_str(&strings));

        } else {
            mta_sts_format_add(text, "    - %Y\n", records[i].value);
        }
    }
}


static void
external_dns_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t  i, n;

    mta_sts_format_add(&printer->text, "---\n"
                       "apiVersion: externaldns.k8s.io/v1alpha1\n"
                       "kind: DNSEndpoint\n"
                       "metadata:\n"
                       "  name: mta-sts.%V\n"
                       "spec:\n"
                       "  endpoints:\n", batch->entry.domain);

    for (i = 0; i < batch->n; i += n) {
        n = mta_sts_rrset_len(&batch->records[i], batch->n - i);
        external_dns_endpoint(printer, &batch->records[i], n);
    }
}


const mta_sts_format_t  mta_sts_format_external_dns = {
    .name = "external-dns",
    .description = "DNSEndpoint objects of Kubernetes",
    .suffix = ".yaml",
    .flags = MTA_STS_FORMAT_WHOLE|MTA_STS_FORMAT_DOMAIN
             |MTA_STS_FORMAT_PROVIDER,
    .begin = external_dns_begin,
    .batch = external_dns_batch
};
