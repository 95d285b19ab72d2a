/*
 * The nginx server block of one policy, and the entry of a domains file.
 */

#include "generator.h"
#include "domains/yaml.h"
#include "base/base.h"


#define BLOCK_INDENT  "                        "


/*
 * Appends the values of one directive, a line each, and the ";".  They need no
 * quotes: names and encoded URIs have nothing that means something to nginx.
 */

static void
block_values(mta_sts_buf_t *text, const char *directive,
    const mta_sts_values_t *values)
{
    size_t  i;

    for (i = 0; i < values->n; i++) {
        mta_sts_buf_add_cstr(text, i ? "\n" BLOCK_INDENT : directive);
        mta_sts_buf_add(text, values->elts[i].text);
    }

    if (values->n) {
        mta_sts_buf_add_cstr(text, ";\n");
    }
}


static void
block_certificate(mta_sts_buf_t *text, const char *directive,
    mta_sts_str_t domain, const char *file)
{
    mta_sts_buf_add_cstr(text, directive);
    mta_sts_buf_add_cstr(text, "/etc/letsencrypt/live/mta-sts.");
    mta_sts_buf_add(text, domain);
    mta_sts_buf_add_cstr(text, file);
}


void
mta_sts_block_add(mta_sts_buf_t *text, const mta_sts_settings_t *settings,
    mta_sts_str_t domain)
{
    mta_sts_buf_add_cstr(text, "server {\n"
                                "    listen              443 ssl;\n"
                                "    listen              [::]:443 ssl;\n"
                                "    server_name         mta-sts.");
    mta_sts_buf_add(text, domain);
    mta_sts_buf_add_cstr(text, ";\n\n");

    block_certificate(text, "    ssl_certificate     ", domain,
                      "/fullchain.pem;\n");
    block_certificate(text, "    ssl_certificate_key ", domain,
                      "/privkey.pem;\n\n");

    mta_sts_buf_add_cstr(text, "    mta_sts_mode        ");
    mta_sts_buf_add(text, mta_sts_mode_str(settings->mode));
    mta_sts_buf_add_cstr(text, ";\n");

    block_values(text, "    mta_sts_mx          ", &settings->mx);

    mta_sts_buf_add_cstr(text, "    mta_sts_max_age     ");
    mta_sts_buf_add_uint(text, mta_sts_settings_max_age(settings));
    mta_sts_buf_add_cstr(text, ";\n");

    block_values(text, "    mta_sts_tlsrpt_rua  ", &settings->tlsrpt_rua);

    mta_sts_buf_add_cstr(text, "}\n");
}


static int
block_write(void *ctx, mta_sts_str_t data)
{
    mta_sts_buf_t *text = ctx;

    mta_sts_buf_add(text, data);

    return !text->failed;
}


/* A list, or a single value as itself. */

static void
block_yaml_values(mta_sts_emitter_t *emitter, const char *key,
    const mta_sts_values_t *values)
{
    size_t  i;

    if (values->n == 0) {
        return;
    }

    mta_sts_emitter_word(emitter, key);

    if (values->n == 1) {
        mta_sts_emitter_scalar(emitter, values->elts[0].text);
        return;
    }

    mta_sts_emitter_list(emitter);

    for (i = 0; i < values->n; i++) {
        mta_sts_emitter_scalar(emitter, values->elts[i].text);
    }

    mta_sts_emitter_list_end(emitter);
}


int
mta_sts_block_add_yaml(mta_sts_buf_t *text,
    const mta_sts_settings_t *settings, mta_sts_str_t domain)
{
    mta_sts_emitter_t  *emitter;

    emitter = mta_sts_emitter_begin(block_write, text);
    if (emitter == NULL) {
        return MTA_STS_ERROR;
    }

    mta_sts_emitter_document(emitter, 0);
    mta_sts_emitter_map(emitter);
    mta_sts_emitter_word(emitter, "domains");
    mta_sts_emitter_map(emitter);
    mta_sts_emitter_scalar(emitter, domain);
    mta_sts_emitter_map(emitter);

    mta_sts_emitter_word(emitter, "mode");
    mta_sts_emitter_scalar(emitter, mta_sts_mode_str(settings->mode));

    block_yaml_values(emitter, "mx", &settings->mx);

    mta_sts_emitter_word(emitter, "max_age");
    mta_sts_emitter_uint(emitter, mta_sts_settings_max_age(settings));

    block_yaml_values(emitter, "tlsrpt_rua", &settings->tlsrpt_rua);

    mta_sts_emitter_map_end(emitter);
    mta_sts_emitter_map_end(emitter);
    mta_sts_emitter_map_end(emitter);
    mta_sts_emitter_document_end(emitter);

    return mta_sts_emitter_end(emitter);
}
