/*
 * mta-sts records: the DNS records of the configured domains.
 */

#include "../../core/arena.h"
#include "../formats/format.h"
#include "../say.h"
#include "../site/names.h"
#include "command.h"


/* Says which policies are for domains that the configuration does not name. */

static void
records_say_fallbacks(const site_t *site)
{
    size_t                        i;
    const mta_sts_place_t        *place;
    const mta_sts_server_name_t  *name;

    for (i = 0; i < site->n; i++) {
        if (site->servers[i]->server.fallback == NULL) {
            continue;
        }

        place = &site->servers[i]->server.fallback_place;

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


/* Prints the records of the entries; each has memory of its own. */

static int
records_print(const format_t *format, const mta_sts_entry_t *entries, size_t n)
{
    int               rc;
    size_t            i, n_records;
    mta_sts_err_t     err;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { mta_sts_arena_alloc, say_warning, &arena };
    mta_sts_record_t  records[MTA_STS_RECORDS_MAX];

    rc = MTA_STS_OK;

    for (i = 0; i < n && rc == MTA_STS_OK; i++) {
        rc = mta_sts_record_build(entries[i].policy, &env, records, &n_records,
                                  &err);

        if (rc == MTA_STS_OK) {
            format->print(stdout, entries[i].domain, records, n_records);

        } else {
            say_error(&err);
        }

        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);

    return rc;
}


int
command_records(const options_t *options, const mta_sts_env_t *env)
{
    site_t             site;
    size_t             n;
    mta_sts_entry_t   *entries;
    const format_t    *format;

    format = format_find(options->format ? options->format : "zone");

    if (format == NULL) {
        say("unknown format \"%s\", see mta-sts records --help",
            options->format);
        return COMMAND_USAGE;
    }

    if (command_site(&site, options, env) != MTA_STS_OK
        || command_entries(&site, options, env, &entries, &n) != MTA_STS_OK)
    {
        return COMMAND_ERROR;
    }

    /* an empty zone is more likely a wrong file than what was wanted */

    if (site_is_empty(&site)) {
        return COMMAND_ERROR;
    }

    if (options->n == 0) {
        records_say_fallbacks(&site);
    }

    return records_print(format, entries, n) == MTA_STS_OK ? COMMAND_OK
                                                           : COMMAND_ERROR;
}
