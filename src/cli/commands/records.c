/*
 * mta-sts records: the DNS records of the configured domains.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "memory.h"


/* The kinds of --only; 0 after it has said what is wrong. */

static unsigned
records_kinds(const options_t *options)
{
    size_t                i;
    unsigned              kinds;
    const mta_sts_str_t  *name;

    kinds = options->only.n ? 0 : MTA_STS_RECORD_ALL;

    for (i = 0; i < options->only.n; i++) {
        name = &options->only.values[i].text;

        if (mta_sts_str_eq(*name, mta_sts_str("address"))) {
            kinds |= MTA_STS_RECORD_ADDRESS;

        } else if (mta_sts_str_eq(*name, mta_sts_str("policy"))) {
            kinds |= MTA_STS_RECORD_POLICY;

        } else if (mta_sts_str_eq(*name, mta_sts_str("tlsrpt"))) {
            kinds |= MTA_STS_RECORD_TLSRPT;

        } else {
            say("unknown kind \"%.*s\", must be address, policy or tlsrpt",
                MTA_STS_SHOW(*name));
            return 0;
        }
    }

    return kinds;
}


/* Are the options that need others next to others? */

static int
records_usage(const options_t *options, const mta_sts_format_t *format)
{
    size_t  i;

    if (records_kinds(options) == MTA_STS_RECORD_ADDRESS
        && options->policy_hosts.n == 0 && options->delegate == NULL)
    {
        say("\"--only address\" needs \"--policy-host\": an address, or a name "
            "for a CNAME");

    } else if (options->changed && options->output) {
        say("\"--changed\" and \"-o\" are mutually exclusive: what is missing "
            "in the file of a zone is deleted by the program that reads it");

    } else if (options->changed && (format->flags & MTA_STS_FORMAT_WHOLE)) {
        say("format \"%s\" does not take option \"--changed\": what is missing "
            "there is deleted by the program that reads it", format->name);

    } else if ((options->accept.n || options->smtp) && !options->served) {
        say("option \"%s\" needs \"--served\"",
            options->smtp ? "--smtp" : "--accept");

    } else if (options->prune && options->output == NULL) {
        say("option \"--prune\" needs \"-o\"");

    } else if (options->prune && (options->args.n || options->domains_from)) {
        say("\"--prune\" needs all domains, without names of some");

    } else if (options->customer && options->delegate == NULL) {
        say("option \"--customer\" needs \"--delegate\"");

    } else if (options->delegated_from && options->delegate == NULL) {
        say("option \"--delegated-from\" needs \"--delegate\"");

    } else if (options->delegate && options->policy_hosts.n
               && !options->customer && options->delegated_from == NULL)
    {
        say("policy hosts are in the customers' zones, \"--policy-host\" needs "
            "\"--customer\" next to \"--delegate\"");

    } else if (options->zones_from && options->zones.n) {
        say("options \"--zone\" and \"--zones-from\" are mutually exclusive");

    } else {

        for (i = 0; i < options->accept.n; i++) {
            if (!gate_is_code(options->accept.values[i].text)) {
                say("unknown reason \"%.*s\", must be the code of a finding, "
                    "or CODE:DOMAIN",
                    MTA_STS_SHOW(options->accept.values[i].text));
                return MTA_STS_ERROR;
            }
        }

        return MTA_STS_OK;
    }

    return MTA_STS_ERROR;
}


/* Makes wanted of --only, --ttl, --delegate, --customer and --policy-host. */

static int
records_wanted(const options_t *options, const mta_sts_env_t *env,
    mta_sts_record_wanted_t *wanted, mta_sts_err_t *err)
{
    mta_sts_value_t        delegate;
    mta_sts_target_t      *targets;
    const options_list_t  *hosts;

    memset(wanted, 0, sizeof(mta_sts_record_wanted_t));

    hosts = &options->policy_hosts;
    targets = env->alloc(env->ctx, hosts->n * sizeof(mta_sts_target_t));

    wanted->kinds = records_kinds(options);
    wanted->ttl = options->ttl;
    wanted->customer = options->customer;
    wanted->targets = targets;

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


/* The names of a file, or else those of a list. */

static int
records_names(zones_t *zones, const char *what, const char *file,
    const options_list_t *list, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_values_t  names;

    if (file == NULL) {
        return zones_set(zones, what, list->values, list->n, env, err);
    }

    memset(&names, 0, sizeof(mta_sts_values_t));

    if (command_names(file, env, &names, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return zones_set(zones, what, names.elts, names.n, env, err);
}


/* What the options say of the plan. */

typedef struct {
    plan_t                    plan;
    zones_t                   zones;
    zones_t                   delegated;
    mta_sts_record_wanted_t   wanted;
    mta_sts_record_wanted_t   own;
    const mta_sts_format_t           *format;
    mta_sts_format_settings_t         settings;
} records_t;


static int
records_plan(records_t *records, const options_t *options,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    plan_t                *plan;
    const options_list_t   none = { NULL, 0 };

    plan = &records->plan;

    plan->wanted = &records->wanted;
    plan->zones = &records->zones;
    plan->delegated = &records->delegated;
    plan->whole = (records->format->flags & MTA_STS_FORMAT_DOMAIN) != 0;

    if (records_wanted(options, env, &records->wanted, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (options->delegated_from) {
        records->own = records->wanted;
        records->own.delegate.len = 0;
        records->own.customer = 0;

        plan->own = &records->own;

        if (records_names(&records->delegated, "domain",
                          options->delegated_from, &none, env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (options->zones_from && strcmp(options->zones_from, "dns") == 0) {
        return MTA_STS_OK;
    }

    return records_names(&records->zones, "zone", options->zones_from,
                         &options->zones, env, err);
}


/*
 * Holds the policies back that are not what nginx serves, or whose bytes came
 * before, and says why.
 */

static void
records_refuse(plan_t *plan, const site_t *site, state_t *state)
{
    char             *refused;
    size_t            i, n;
    mta_sts_err_t     err;
    mta_sts_entry_t   entry;

    if (site->n_refused == 0 && !state_is_open(state)) {
        return;
    }

    refused = diag_calloc(plan->entries->n, 1);

    for (i = 0, n = 0; i < plan->entries->n; i++) {
        entry = entries_get(plan->entries, i);

        if (site_is_refused(site, entry.domain, &err)
            || state_refuses(state, &entry, 0, &err))
        {
            say_error(&err);

            refused[i] = 1;
            n++;
        }
    }

    for (i = 0; i < plan->n && n; i++) {
        plan_set(plan, i)->held = refused[plan->parts[i].entry];
    }

    plan->held += n;

    free(refused);
}


/* All domains, or those that are named; returns as command_entries(). */

static int
records_entries(entries_t *entries, const options_t *options,
    const site_t *site, const mta_sts_env_t *env)
{
    int               rc;
    size_t           *cursors;
    mta_sts_entry_t  *elts;

    memset(entries, 0, sizeof(entries_t));

    if (options->args.n || options->domains_from) {
        rc = command_entries(site, options, env, &elts, &entries->n);
        entries->elts = elts;

        return rc;
    }

    site_cursors(site, env, &cursors, &entries->n);

    entries->catalog = &site->answers.catalog;
    entries->cursors = cursors;

    if (site_is_empty(site)) {
        command_say_empty(site);
    }

    command_say_defaults(site);

    return MTA_STS_OK;
}


/* Plans the records, and takes out what must not be printed. */

static int
records_select(records_t *records, const options_t *options,
    const site_t *site, state_t *state, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    plan_t           *plan;
    gate_settings_t   gate;

    plan = &records->plan;

    if (options->zones_from && strcmp(options->zones_from, "dns") == 0
        && zones_discover(&records->zones, plan, &options->net, env, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    plan_build(plan);
    records_refuse(plan, site, options->served ? NULL : state);

    /* what is announced already needs no look at what is served */

    if (options->changed
        && live_changed(plan, &options->net, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    gate.net = options->net;
    gate.smtp = options->smtp;
    gate.accept = options->accept.values;
    gate.n_accept = options->accept.n;
    gate.state = state;

    if (options->served && gate_run(plan, &gate, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (plan->held
        && (options->output || (records->format->flags & MTA_STS_FORMAT_WHOLE)))
    {
        return live_held(plan, &options->net, err);
    }

    return MTA_STS_OK;
}


static files_e
records_others(const options_t *options)
{
    if (options->prune) {
        return FILES_PRUNE;
    }

    return options->args.n || options->domains_from ? FILES_IGNORE
                                                    : FILES_NAME;
}


int
command_records(const options_t *options, const mta_sts_env_t *env)
{
    int            rc;
    site_t         site;
    state_t       *state;
    entries_t      entries;
    records_t      records;
    mta_sts_err_t  err;

    memset(&records, 0, sizeof(records_t));

    records.format = command_format(options, &records.settings);

    if (records.format == NULL || records_kinds(options) == 0
        || records_usage(options, records.format) != MTA_STS_OK)
    {
        return COMMAND_USAGE;
    }

    if (records_plan(&records, options, env, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_USAGE;
    }

    rc = command_site(&site, options, env);

    if (rc != COMMAND_OK) {
        return rc;
    }

    if (options->removed) {
        state = command_state(options, &site);
        rc = command_removed(options, &site, state, &records.zones, env);

        return state_close(state) ? rc : COMMAND_UNKNOWN;
    }

    if (records_entries(&entries, options, &site, env) != MTA_STS_OK) {
        return COMMAND_ERROR;
    }

    /* an empty output is more likely a wrong file than what was wanted */

    if (entries.n == 0) {
        return COMMAND_ERROR;
    }

    state = command_state(options, &site);

    if (options->args.n == 0 && options->domains_from == NULL) {
        records.plan.held += command_orphans(state, &entries);
    }

    records.plan.entries = &entries;

    rc = records_select(&records, options, &site, state, env, &err);

    if (rc == MTA_STS_OK && records.plan.n + records.plan.held > 0) {
        rc = output_plan(&records.plan, records.format, &records.settings,
                         options->output, records_others(options), &err);
    }

    if (rc != MTA_STS_OK) {
        say_error(&err);

    } else if (options->served || options->changed) {
        command_published(state, &records.plan);
    }

    plan_free(&records.plan);

    rc = rc == MTA_STS_OK && records.plan.held == 0 ? COMMAND_OK
                                                    : COMMAND_ERROR;

    return state_close(state) ? rc : COMMAND_UNKNOWN;
}
