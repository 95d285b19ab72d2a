/*
 * The nginx server block of one policy.
 */

#include "generator.h"


#define BLOCK_INDENT  "                        "


/*
 * Appends the values of one directive, one per line, and the ";".  They need no
 * quotes: names and encoded URIs have no character that is special in
 * nginx.conf.
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
