/*
 * mta-sts records: the DNS records of the configured domains.
 */

#include "cli/publish/publish.h"
#include "cli/formats/formats.h"
#include "command.h"
#include "cli/diag/diag.h"
#include "cli/conf/site.h"


/* Says which policies are for domains that the configuration does not name. */

static void
records_say_defaults(const site_t *site)
{
    size_t                        i;
    const mta_sts_place_t        *place;
    const mta_sts_server_name_t  *name;

    for (i = 0; i < site->n; i++) {
        if (site->servers[i]->server.default_policy == NULL) {
            continue;
        }

        place = &site->servers[i]->server.default_place;

        if (place->line) {
            say("%.*s:%u:%u: the domains that have the default are not known "
                "here, name them as arguments", (int) place->file.len,
                place->file.data, place->line, place->column);
            continue;
        }

        name = site_names_first(site->servers[i]);
        place = &name->value.place;

        say("%.*s:%u:%u: the domains of server name \"%s%.*s\" are not "
            "known here, name them as arguments", (int) place->file.len,
            place->file.data, place->line, place->column,
            name->regex ? "~" : "", MTA_STS_SHOW(name->value.text));
    }
}


/* The format of the options; NULL after it has said what is wrong with them. */

static const format_t *
records_format(const options_t *options)
{
    const char      *provider;
    const format_t  *format;

    format = format_find(options->format ? options->format : "zone");

    if (format == NULL) {
        say("unknown format \"%s\", see mta-sts records --help",
            options->format);
        return NULL;
    }

    provider = options->provider;

    if (provider && strcmp(provider, "route53") != 0
        && strcmp(provider, "cloudflare") != 0)
    {
        say("unknown provider \"%s\", must be route53 or cloudflare",
            provider);
        return NULL;
    }

    if (provider && !(format->flags & FORMAT_PROVIDER)) {
        say("format \"%s\" does not take option \"--provider\"",
            format->name);
        return NULL;
    }

    if (provider == NULL && (format->flags & FORMAT_NEEDS_PROVIDER)) {
        say("format \"%s\" needs \"--provider\": route53 or cloudflare",
            format->name);
        return NULL;
    }

    if (options->escaped_semicolons && !(format->flags & FORMAT_SEMICOLONS)) {
        say("format \"%s\" does not take option \"--escaped-semicolons\"",
            format->name);
        return NULL;
    }

    if (options->output && options->output[0] == '\0') {
        say("option \"-o\" needs the name of a folder");
        return NULL;
    }

    return format;
}


/* Prints the records of n entries, or those of them that changed. */

static int
records_print(const options_t *options, const mta_sts_entry_t *entries,
    size_t n, const zones_t *zones, const mta_sts_record_wanted_t *wanted,
    const format_t *format, const net_settings_t *net, mta_sts_err_t *err)
{
    int        rc;
    changed_t  changed;

    if (!options->changed) {
        return output_records(entries, n, zones, wanted, NULL, format,
                              options, err);
    }

    memset(&changed, 0, sizeof(changed_t));

    rc = changed_build(&changed, entries, n, wanted, net, err);

    if (rc == MTA_STS_OK) {
        rc = output_records(entries, n, zones, wanted, &changed, format,
                            options, err);
    }

    changed_free(&changed);

    return rc;
}


int
command_records(const options_t *options, const mta_sts_env_t *env)
{
    site_t                    site;
    size_t                    n, all;
    zones_t                   zones;
    mta_sts_err_t             err;
    net_settings_t            net;
    mta_sts_entry_t          *entries;
    const format_t           *format;
    mta_sts_record_wanted_t   wanted;

    format = records_format(options);

    if (format == NULL) {
        return COMMAND_USAGE;
    }

    if (live_settings(&net, options, &err) != MTA_STS_OK
        || wanted_set(&wanted, options, env, &err) != MTA_STS_OK
        || zones_set(&zones, options->zones.values, options->zones.n, env,
                     &err)
           != MTA_STS_OK)
    {
        say_error(&err);
        return err.memory ? COMMAND_ERROR : COMMAND_USAGE;
    }

    if (command_site(&site, options, env) != MTA_STS_OK
        || command_entries(&site, options, env, &entries, &n) != MTA_STS_OK)
    {
        return COMMAND_ERROR;
    }

    if (options->args.n == 0) {
        records_say_defaults(&site);
    }

    all = n;

    (void) command_refused(&site, entries, &n);

    /* an empty zone is more likely a wrong file than what was wanted */

    if (n == 0) {
        return COMMAND_ERROR;
    }

    if (options->served
        && guard_served(entries, &n, &net, &err) != MTA_STS_OK)
    {
        say_error(&err);
        return COMMAND_ERROR;
    }

    if (n && records_print(options, entries, n, &zones, &wanted, format, &net,
                           &err)
             != MTA_STS_OK)
    {
        say_error(&err);
        return COMMAND_ERROR;
    }

    return n == all ? COMMAND_OK : COMMAND_ERROR;
}
