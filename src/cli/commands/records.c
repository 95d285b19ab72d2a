/*
 * mta-sts records: the DNS records of the configured domains.
 */

#include "cli/diag/diag.h"
#include "memory.h"


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


static format_provider_e
records_provider(const char *name)
{
    if (strcmp(name, "route53") == 0) {
        return FORMAT_ROUTE53;
    }

    return strcmp(name, "cloudflare") == 0 ? FORMAT_CLOUDFLARE
                                           : FORMAT_NO_PROVIDER;
}


/* The format and its settings; NULL after it has said what is wrong. */

static const format_t *
records_format(const options_t *options, format_settings_t *settings)
{
    const char      *name;
    const format_t  *format;

    name = options->format ? options->format : "zone";
    format = format_find(name);

    if (format == NULL) {
        say("unknown format \"%s\", see mta-sts records --help", name);
        return NULL;
    }

    settings->escaped_semicolons = options->escaped_semicolons;
    settings->provider = options->provider
                         ? records_provider(options->provider)
                         : FORMAT_NO_PROVIDER;

    if (options->provider && settings->provider == FORMAT_NO_PROVIDER) {
        say("unknown provider \"%s\", must be route53 or cloudflare",
            options->provider);

    } else if (options->provider && !(format->flags & FORMAT_PROVIDER)) {
        say("format \"%s\" does not take option \"--provider\"", name);

    } else if (!options->provider && (format->flags & FORMAT_NEEDS_PROVIDER)) {
        say("format \"%s\" needs \"--provider\": route53 or cloudflare", name);

    } else if (options->escaped_semicolons
               && !(format->flags & FORMAT_SEMICOLONS))
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


/* Makes wanted of --ttl, --delegate, --customer and --policy-host. */

static int
records_wanted(const options_t *options, const mta_sts_env_t *env,
    mta_sts_record_wanted_t *wanted, mta_sts_err_t *err)
{
    mta_sts_value_t       delegate;
    mta_sts_target_t     *targets;
    const options_list_t  *hosts;

    memset(wanted, 0, sizeof(mta_sts_record_wanted_t));

    hosts = &options->policy_hosts;
    targets = env->alloc(env->ctx, hosts->n * sizeof(mta_sts_target_t));

    wanted->ttl = options->ttl;
    wanted->customer = options->customer;
    wanted->targets = targets;

    if (options->customer && options->delegate == NULL) {
        return mta_sts_error(err, MTA_STS_NOWHERE,
                             "option \"--customer\" needs \"--delegate\"");
    }

    if (options->delegate && hosts->n && !options->customer) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "policy hosts are in the "
                             "customers' zones, \"--policy-host\" needs "
                             "\"--customer\" next to \"--delegate\"");
    }

    if (options->delegate) {
        delegate.text = mta_sts_str_from(options->delegate);
        delegate.place = MTA_STS_NOWHERE;

        if (mta_sts_name_zone("delegate", &delegate, env, &wanted->delegate,
                              err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_target_set("policy host", hosts->values, hosts->n, env,
                              targets, &wanted->n_targets, err);
}


/*
 * Prints what the guard and the rules let pass, with the zones and wanted of the
 * plan.  Returns an exit status.
 */

static int
records_print(const options_t *options, state_t *state, plan_t *plan,
    mta_sts_entry_t *entries, size_t n, const format_t *format,
    const format_settings_t *settings)
{
    int            rc;
    size_t         all;
    mta_sts_err_t  err;

    all = n;
    rc = MTA_STS_OK;

    if (options->served) {
        rc = guard_served(entries, &n, &options->net, state, &err);
    }

    if (rc == MTA_STS_OK) {
        (void) command_gate(state, entries, &n, options->served);
        rc = plan_build(plan, entries, n, &err);
    }

    if (rc == MTA_STS_OK && options->changed) {
        rc = changed_filter(plan, &options->net, &err);
    }

    if (rc == MTA_STS_OK && n) {
        rc = output_plan(plan, format, settings, options->output, &err);
    }

    plan_free(plan);

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    if (options->served || options->changed) {
        command_published(state, entries, n, plan->wanted);
    }

    return n == all ? COMMAND_OK : COMMAND_ERROR;
}


/* The same, after what is wrong with the configured domains has been said. */

static int
records_of(const options_t *options, const site_t *site, state_t *state,
    plan_t *plan, mta_sts_entry_t *entries, size_t n, const format_t *format,
    const format_settings_t *settings)
{
    int  rc, wrong;

    wrong = options->args.n == 0 && command_orphans(state, entries, n);

    if (command_refused(site, entries, &n)) {
        wrong = 1;
    }

    /* an empty output is more likely a wrong file than what was wanted */

    if (n == 0) {
        return COMMAND_ERROR;
    }

    rc = records_print(options, state, plan, entries, n, format, settings);

    return wrong ? COMMAND_ERROR : rc;
}


int
command_records(const options_t *options, const mta_sts_env_t *env)
{
    int                       rc;
    site_t                    site;
    size_t                    n;
    plan_t                    plan;
    zones_t                   zones;
    state_t                  *state;
    mta_sts_err_t             err;
    const format_t           *format;
    mta_sts_entry_t          *entries;
    format_settings_t         settings;
    mta_sts_record_wanted_t   wanted;

    format = records_format(options, &settings);

    if (format == NULL) {
        return COMMAND_USAGE;
    }

    if (records_wanted(options, env, &wanted, &err) != MTA_STS_OK
        || zones_set(&zones, options->zones.values, options->zones.n, env,
                     &err)
           != MTA_STS_OK)
    {
        say_error(&err);
        return COMMAND_USAGE;
    }

    if (command_site(&site, options, env) != MTA_STS_OK) {
        return COMMAND_ERROR;
    }

    if (options->removed) {
        state = command_state(options, &site);
        rc = command_removed(options, &site, state, &zones, env);

        return state_close(state) ? rc : COMMAND_UNKNOWN;
    }

    if (command_entries(&site, options, env, &entries, &n) != MTA_STS_OK) {
        return COMMAND_ERROR;
    }

    if (options->args.n == 0) {
        records_say_defaults(&site);
    }

    memset(&plan, 0, sizeof(plan_t));

    plan.wanted = &wanted;
    plan.zones = &zones;
    plan.whole = format->flags & FORMAT_DOMAIN;

    state = command_state(options, &site);

    rc = records_of(options, &site, state, &plan, entries, n, format,
                    &settings);

    return state_close(state) ? rc : COMMAND_UNKNOWN;
}
