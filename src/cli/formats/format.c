/*
 * The table of formats.
 */

#include "formats.h"


static const format_t  formats[] = {

    { "zone", "lines of a zone file (RFC 1035), absolute names",
      format_zone, ".zone", 0 },

    { "nsupdate", "a script that replaces each record (RFC 2136)",
      format_nsupdate, ".nsupdate", 0 },

    { "powerdns", "bodies to PATCH zones with, one a line",
      format_powerdns, ".json", 0 },

    { "octodns", "a file a zone for octoDNS's YamlProvider",
      format_octodns, ".yaml", FORMAT_ZONE|FORMAT_SEMICOLONS },

    { "dnscontrol", "a D_EXTEND() a zone for dnsconfig.js",
      format_dnscontrol, ".js", 0 },

    { "external-dns", "DNSEndpoint objects of Kubernetes",
      format_external_dns, ".yaml", FORMAT_DOMAIN|FORMAT_PROVIDER },

    { "terraform", "resources; needs --provider",
      format_terraform, ".tf", FORMAT_PROVIDER|FORMAT_NEEDS_PROVIDER },

    { "json", "an array, one object a domain",
      format_json, ".json", FORMAT_DOMAIN },

    { "text", "Type / Host / Value, as DNS panels ask for them",
      format_text, ".txt", 0 }
};

#define FORMATS  (sizeof(formats) / sizeof(formats[0]))


const format_t *
format_find(const char *name)
{
    size_t  i;

    for (i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }

    return NULL;
}


void
format_usage(FILE *out)
{
    size_t  i;

    for (i = 0; i < FORMATS; i++) {
        (void) fprintf(out, "    %-12s  %s\n", formats[i].name,
                       formats[i].description);
    }
}
