/*
 * The format of -f, and what it takes with it.
 */

#include "cli/diag/diag.h"
#include "cli/formats/formats.h"
#include "command.h"


static mta_sts_provider_e
format_provider(const char *name)
{
    if (strcmp(name, "route53") == 0) {
        return MTA_STS_PROVIDER_ROUTE53;
    }

    return strcmp(name, "cloudflare") == 0 ? MTA_STS_PROVIDER_CLOUDFLARE
                                           : MTA_STS_PROVIDER_NONE;
}


const mta_sts_format_t *
command_format(const options_t *options, mta_sts_format_settings_t *settings)
{
    const char              *name;
    const mta_sts_format_t  *format;

    name = options->format ? options->format : "zone";
    format = mta_sts_format_find(mta_sts_str_from(name));

    if (format == NULL) {
        say("unknown format \"%s\", see mta-sts records --help", name);
        return NULL;
    }

    settings->escaped_semicolons = options->escaped_semicolons;
    settings->provider = options->provider
                         ? format_provider(options->provider)
                         : MTA_STS_PROVIDER_NONE;

    if (options->provider && settings->provider == MTA_STS_PROVIDER_NONE) {
        say("unknown provider \"%s\", must be route53 or cloudflare",
            options->provider);

    } else if (options->provider
               && !(format->flags & MTA_STS_FORMAT_PROVIDER))
    {
        say("format \"%s\" does not take option \"--provider\"", name);

    } else if (!options->provider
               && (format->flags & MTA_STS_FORMAT_NEEDS_PROVIDER))
    {
        say("format \"%s\" needs \"--provider\": route53 or cloudflare", name);

    } else if (options->escaped_semicolons
               && !(format->flags & MTA_STS_FORMAT_SEMICOLONS))
    {
        say("format \"%s\" does not take option \"--escaped-semicolons\"",
            name);

    } else if (options->output && options->output[0] == '\0') {
        say("option \"-o\" needs the name of a folder");

    } else {
        return format;
    }

    return NULL;
}
