/*
 * Terraform resources: aws_route53_record, or cloudflare_dns_record (version 5
 * of the provider).  A zone is found by its name, as a data source.
 */

#include "formats.h"
#include "quote.h"


static void
terraform_quote(mta_sts_buf_t *text, mta_sts_str_t str,
    const mta_sts_env_t *env)
{
    char            ch;
    size_t          i;
    mta_sts_buf_t  escaped = { env, NULL, 0, 0, 0 };

    /* "${" and "%{" begin what is evaluated */

    for (i = 0; i < str.len; i++) {
        ch = str.data[i];

        if ((ch == '$' || ch == '%') && i + 1 < str.len
            && str.data[i + 1] == '{')
        {
            mta_sts_buf_add_char(&escaped, ch);
        }

        mta_sts_buf_add_char(&escaped, ch);
    }

    text->failed |= escaped.failed;

    quote_json(text, mta_sts_buf_str(&escaped));
}


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


static void
terraform_zone_id(mta_sts_buf_t *text, mta_sts_str_t zone)
{
    mta_sts_buf_add_cstr(text, "zone_");
    terraform_id(text, zone, "__");
}


/* Appends "TYPE" "NAME_TYPE", and in a name's stead that of an address. */

static void
terraform_resource(mta_sts_buf_t *text, const char *type,
    const mta_sts_record_t *record)
{
    size_t  i;

    mta_sts_buf_add_cstr(text, "\nresource \"");
    mta_sts_buf_add_cstr(text, type);
    mta_sts_buf_add_cstr(text, "\" \"");

    /* an identifier does not begin with a digit */

    if (record->name.data[0] >= '0' && record->name.data[0] <= '9') {
        mta_sts_buf_add_char(text, '_');
    }

    terraform_id(text, record->name, "_");
    mta_sts_buf_add_char(text, '_');

    for (i = 0; i < record->type.len; i++) {
        mta_sts_buf_add_char(text, (char) (record->type.data[i] | 0x20));
    }
}


/* An RRset of n records. */

static void
terraform_route53(mta_sts_buf_t *text, mta_sts_str_t zone,
    const mta_sts_record_t *records, size_t n, const mta_sts_env_t *env)
{
    size_t          i;
    mta_sts_str_t   value;
    mta_sts_buf_t  txt = { env, NULL, 0, 0, 0 };

    terraform_resource(text, "aws_route53_record", records);
    mta_sts_buf_add_cstr(text, "\" {\n"
                          "  zone_id = data.aws_route53_zone.");
    terraform_zone_id(text, zone);
    mta_sts_buf_add_cstr(text, ".zone_id\n  name    = ");
    terraform_quote(text, records[0].name, env);
    mta_sts_buf_add_cstr(text, "\n  type    = ");
    terraform_quote(text, records[0].type, env);
    mta_sts_buf_add_cstr(text, "\n  ttl     = ");
    mta_sts_buf_add_uint(text, records[0].ttl);
    mta_sts_buf_add_cstr(text, "\n  records = [");

    for (i = 0; i < n; i++) {
        value = records[i].value;

        /* the provider puts the outer quotes around a text */

        if (mta_sts_str_eq(records[i].type, mta_sts_str("TXT"))) {
            quote_txt(&txt, value, "");
            text->failed |= txt.failed;

            value = mta_sts_buf_str(&txt);
            value.data += value.len > 1;
            value.len -= value.len > 1 ? 2 : 0;
        }

        mta_sts_buf_add_cstr(text, i ? ", " : "");
        terraform_quote(text, value, env);
    }

    mta_sts_buf_add_cstr(text, "]\n}\n");
}


/* One record is one resource. */

static void
terraform_cloudflare(mta_sts_buf_t *text, mta_sts_str_t zone,
    const mta_sts_record_t *record, const mta_sts_env_t *env)
{
    mta_sts_buf_t  content = { env, NULL, 0, 0, 0 };

    terraform_resource(text, "cloudflare_dns_record", record);

    if (record->type.data[0] == 'A') {
        mta_sts_buf_add_char(text, '_');
        terraform_id(text, record->value, "_");
    }

    if (mta_sts_str_eq(record->type, mta_sts_str("TXT"))) {
        quote_txt(&content, record->value, " ");

    } else {
        mta_sts_buf_add(&content, record->value);
    }

    text->failed |= content.failed;

    mta_sts_buf_add_cstr(text, "\" {\n"
                          "  zone_id = data.cloudflare_zone.");
    terraform_zone_id(text, zone);
    mta_sts_buf_add_cstr(text, ".zone_id\n  name    = ");
    terraform_quote(text, record->name, env);
    mta_sts_buf_add_cstr(text, "\n  type    = ");
    terraform_quote(text, record->type, env);
    mta_sts_buf_add_cstr(text, "\n  ttl     = ");
    mta_sts_buf_add_uint(text, record->ttl);
    mta_sts_buf_add_cstr(text, "\n  content = ");
    terraform_quote(text, mta_sts_buf_str(&content), env);
    mta_sts_buf_add_cstr(text, "\n}\n");
}


/* How a zone is found. */

static void
terraform_zone(mta_sts_buf_t *text, mta_sts_str_t zone, int cloudflare,
    const mta_sts_env_t *env)
{
    mta_sts_buf_add_cstr(text, cloudflare
                                ? "\ndata \"cloudflare_zone\" \""
                                : "\ndata \"aws_route53_zone\" \"");
    terraform_zone_id(text, zone);
    mta_sts_buf_add_cstr(text, "\" {\n");
    mta_sts_buf_add_cstr(text, cloudflare ? "  filter = {\n    name = "
                                           : "  name = ");
    terraform_quote(text, zone, env);
    mta_sts_buf_add_cstr(text, cloudflare ? "\n  }\n}\n" : "\n}\n");
}


static void
terraform_print(stream_t *stream, const mta_sts_buf_t *text)
{
    if (text->failed) {
        stream_fail_memory(stream);
        return;
    }

    (void) fwrite(text->data, 1, text->len, stream->out);
}


static void
terraform_set(stream_t *stream, const stream_set_t *set, int cloudflare)
{
    size_t          i, n;
    mta_sts_buf_t  text = { &stream->env, NULL, 0, 0, 0 };

    for (i = 0; i < set->n; i += n) {

        if (cloudflare) {
            n = 1;
            terraform_cloudflare(&text, set->zone, &set->records[i],
                                 &stream->env);

        } else {
            n = rrset_len(&set->records[i], set->n - i);
            terraform_route53(&text, set->zone, &set->records[i], n,
                              &stream->env);
        }
    }

    terraform_print(stream, &text);
}


void
format_terraform(stream_t *stream)
{
    int             cloudflare;
    stream_set_t    set;
    mta_sts_str_t   zone;
    mta_sts_buf_t  text;

    cloudflare = strcmp(stream->options->provider, "cloudflare") == 0;

    (void) fputs("# Records of MTA-STS (RFC 8461) and TLSRPT (RFC 8460), by "
                 "mta-sts.\n", stream->out);

    while (stream_next_zone(stream, &zone)) {

        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = &stream->env;

        terraform_zone(&text, zone, cloudflare, &stream->env);
        terraform_print(stream, &text);

        while (stream_next(stream, &set)) {
            terraform_set(stream, &set, cloudflare);
        }
    }
}
