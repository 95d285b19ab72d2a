/*
 * Terraform resources: aws_route53_record, or cloudflare_dns_record (version 5
 * of the provider).  A zone is found by its name, as a data source.
 */

#include "formats.h"


/*
 * Appends str as an identifier, or as a part of one: "." becomes "_", ":" "-",
 * and "_", which zones may have, becomes underscore.
 */

static void
terraform_id(mta_sts_buf_t *text, mta_sts_str_t str, const char *underscore)
{
    char    ch;
    size_t  i;

    for (i = 0; i < str.len; i++) {
        ch = str.data[i];

        if (ch == '_') {
            mta_sts_buf_add_cstr(text, underscore);

        } else {
            ch = (char) (ch == '.' ? '_' : ch == ':' ? '-' : ch);
            mta_sts_buf_add_char(text, ch);
        }
    }
}


/*
 * Begins a resource, up to its TTL.  Its name is that of the record and its
 * type, and for a single address also the address.
 */

static void
terraform_resource(mta_sts_printer_t *printer, mta_sts_str_t zone,
    const mta_sts_record_t *record, mta_sts_str_t address)
{
    int             cloudflare;
    size_t          i;
    mta_sts_buf_t  *text;

    text = &printer->text;
    cloudflare = printer->settings->provider == MTA_STS_PROVIDER_CLOUDFLARE;

    mta_sts_format_add(text, cloudflare
                             ? "\nresource \"cloudflare_dns_record\" \""
                             : "\nresource \"aws_route53_record\" \"");

    /* an identifier does not begin with a digit */

    if (record->name.data[0] >= '0' && record->name.data[0] <= '9') {
        mta_sts_buf_add_char(text, '_');
    }

    terraform_id(text, record->name, "_");
    mta_sts_buf_add_char(text, '_');

    for (i = 0; i < record->type.len; i++) {
        mta_sts_buf_add_char(text, (char) (record->type.data[i] | 0x20));
    }

    if (address.len) {
        mta_sts_buf_add_char(text, '_');
        terraform_id(text, address, "_");
    }

    mta_sts_format_add(text, cloudflare
                     ? "\" {\n  zone_id = data.cloudflare_zone.zone_"
                     : "\" {\n  zone_id = data.aws_route53_zone.zone_");
    terraform_id(text, zone, "__");
    mta_sts_format_add(text, ".zone_id\n  name    = %J\n  type    = %J\n"
               "  ttl     = %u\n", record->name, record->type, record->ttl);
}


/* An RRset of n records is one resource. */

static void
terraform_route53(mta_sts_printer_t *printer, mta_sts_str_t zone,
    const mta_sts_record_t *records, size_t n)
{
    size_t         i;
    mta_sts_str_t  value;
    mta_sts_buf_t  txt = { printer->env, NULL, 0, 0, 0 };

    terraform_resource(printer, zone, records, mta_sts_str(""));
    mta_sts_format_add(&printer->text, "  records = [");

    for (i = 0; i < n; i++) {
        value = records[i].value;

        /* the provider puts the outer quotes around a text */

        if (mta_sts_record_is(&records[i], "TXT")) {
            txt.len = 0;
            mta_sts_quote_txt(&txt, value, "");

            if (txt.failed) {
                printer->text.failed = 1;
                return;
            }

            value = mta_sts_str_after(mta_sts_buf_str(&txt), 1);
            value.len--;
        }

        mta_sts_format_add(&printer->text, i ? ", %J" : "%J", value);
    }

    mta_sts_format_add(&printer->text, "]\n}\n");
}


/* One record is one resource. */

static void
terraform_cloudflare(mta_sts_printer_t *printer, mta_sts_str_t zone,
    const mta_sts_record_t *record)
{
    mta_sts_str_t  value;
    mta_sts_buf_t  txt = { printer->env, NULL, 0, 0, 0 };

    value = record->value;

    terraform_resource(printer, zone, record, record->type.data[0] == 'A'
                                              ? value : mta_sts_str(""));

    if (mta_sts_record_is(record, "TXT")) {
        mta_sts_quote_txt(&txt, value, " ");
        printer->text.failed |= txt.failed;
        value = mta_sts_buf_str(&txt);
    }

    mta_sts_format_add(&printer->text, "  content = %J\n}\n", value);
}


static void
terraform_begin(mta_sts_printer_t *printer)
{
    mta_sts_format_add(&printer->text, "# Records of MTA-STS (RFC 8461) and "
                       "TLSRPT (RFC 8460), by mta-sts.\n");
}


/* How a zone is found. */

static void
terraform_open(mta_sts_printer_t *printer, mta_sts_str_t zone)
{
    int  cloudflare;

    cloudflare = printer->settings->provider == MTA_STS_PROVIDER_CLOUDFLARE;

    mta_sts_format_add(&printer->text, cloudflare
                               ? "\ndata \"cloudflare_zone\" \"zone_"
                               : "\ndata \"aws_route53_zone\" \"zone_");
    terraform_id(&printer->text, zone, "__");
    mta_sts_format_add(&printer->text, cloudflare
                               ? "\" {\n  filter = {\n    name = %J\n  }\n}\n"
                               : "\" {\n  name = %J\n}\n", zone);
}


static void
terraform_batch(mta_sts_printer_t *printer, const mta_sts_batch_t *batch)
{
    size_t  i, n;

    for (i = 0; i < batch->n; i += n) {

        if (printer->settings->provider == MTA_STS_PROVIDER_CLOUDFLARE) {
            n = 1;
            terraform_cloudflare(printer, batch->zone, &batch->records[i]);

        } else {
            n = mta_sts_rrset_len(&batch->records[i], batch->n - i);
            terraform_route53(printer, batch->zone, &batch->records[i], n);
        }
    }
}


const mta_sts_format_t  mta_sts_format_terraform = {
    .name = "terraform",
    .description = "resources; needs --provider",
    .suffix = ".tf",
    .flags = MTA_STS_FORMAT_WHOLE|MTA_STS_FORMAT_PROVIDER
             |MTA_STS_FORMAT_NEEDS_PROVIDER,
    .begin = terraform_begin,
    .open = terraform_open,
    .batch = terraform_batch
};
