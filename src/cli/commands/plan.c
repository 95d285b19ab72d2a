/*
 * mta-sts plan: what may be done next, and when.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "cli/plan/output.h"
#include "memory.h"


typedef struct {
    const options_t        *options;
    const site_t           *site;
    const mta_sts_entry_t  *entries;      /* configured, sorted */
    size_t                  n;
    size_t                  next;
    evidence_reader_t      *reader;       /* of reports */
    plan_output_t           output;
} plan_run_t;


/* Advice about a domain: entry is NULL when it is not configured. */

static void
plan_one(plan_run_t *run, state_domain_t *domain, const mta_sts_entry_t *entry)
{
    evidence_t            evidence;
    plan_list_t           list;
    plan_domain_t         of;
    const mta_sts_env_t  *env;

    env = domain->history.env;

    memset(&list, 0, sizeof(plan_list_t));
    memset(&of, 0, sizeof(plan_domain_t));

    list.env = env;
    of.name = domain->name;
    of.history = &domain->history;
    of.runs = domain->runs;
    of.forgotten = domain->forgotten;
    of.details = run->options->args.n > 0;
    of.file = "";

    if (entry) {
        of.configured = state_policy(entry->policy, env);
        of.file = mta_sts_str_copy(env, entry->place.file).data;
        of.line = entry->place.line;
        of.directive = site_is_directive(run->site, &entry->place);

        if (of.configured->mode == MTA_STS_TESTING) {
            evidence_read(run->reader, domain->name,
                          run->output.now - PLAN_REPORTS, env, &evidence);
            of.evidence = &evidence;
        }
    }

    if (domain->history.look == 0) {
        (void) plan_say(&list, PLAN_DUE, "look", 17, 0, "nothing is known of "
                        "the domain: run mta-sts check %.*s",
                        MTA_STS_SHOW(domain->name));

    } else {
        plan_advise(&of, run->output.now, &list);
    }

    plan_output(&run->output, domain->name, &list);
}


/* A configured domain of which nothing is recorded. */

static void
plan_unknown(plan_run_t *run, const mta_sts_entry_t *entry)
{
    state_domain_t    domain;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { .alloc = diag_alloc, .ctx = &arena };

    memset(&domain, 0, sizeof(state_domain_t));

    domain.name = entry->domain;
    domain.history.env = &env;

    plan_one(run, &domain, entry);

    mta_sts_arena_free(&arena);
}


/* Merges the domains of the state and of the configuration, both sorted. */

static void
plan_each(void *ctx, state_domain_t *domain)
{
    int          rc;
    plan_run_t  *run = ctx;

    for (rc = 1; run->next < run->n; run->next++) {
        rc = mta_sts_str_cmp(run->entries[run->next].domain, domain->name);

        if (rc >= 0) {
            break;
        }

        plan_unknown(run, &run->entries[run->next]);
    }

    plan_one(run, domain, rc == 0 ? &run->entries[run->next] : NULL);

    run->next += rc == 0;
}


/* Domains of the command line: configured, or only remembered. */

static int
plan_named(plan_run_t *run, state_t *state, const mta_sts_env_t *env)
{
    int              known;
    size_t           i;
    mta_sts_err_t    err;
    mta_sts_str_t    name;
    mta_sts_entry_t  entry;
    state_domain_t   domain;

    for (i = 0; i < run->options->args.n; i++) {
        known = site_find(run->site, &run->options->args.values[i], env, &entry,
                          &err) == MTA_STS_OK;
        name = entry.domain;

        if (!known && mta_sts_name_domain("domain",
                                          &run->options->args.values[i], env,
                                          &name, &err) != MTA_STS_OK)
        {
            say_error(&err);
            return COMMAND_USAGE;
        }

        if (!state_get(state, name, env, &domain) && !known) {
            say_error(&err);
            return COMMAND_ERROR;
        }

        plan_one(run, &domain, known ? &entry : NULL);
    }

    return COMMAND_OK;
}


static int
plan_print(const options_t *options, const site_t *site, state_t *state,
    const plan_format_t *format, const mta_sts_env_t *env)
{
    int               rc;
    plan_run_t        run;
    mta_sts_err_t     err;
    mta_sts_entry_t  *entries;

    memset(&run, 0, sizeof(plan_run_t));

    json_set_alloc_funcs(diag_malloc, free);

    run.options = options;
    run.site = site;
    run.output.out = stdout;
    run.output.format = format;
    run.output.now = time(NULL);
    run.reader = evidence_open(command_state_dir(options, site));

    format->begin(&run.output);

    rc = COMMAND_OK;

    if (options->args.n) {
        rc = plan_named(&run, state, env);

    } else {
        site_domains(site, env, &entries, &run.n);
        run.entries = entries;

        state_each(state, plan_each, &run);

        for (; run.next < run.n; run.next++) {
            plan_unknown(&run, &entries[run.next]);
        }
    }

    format->end(&run.output);

    if (!evidence_close(run.reader, &err)) {
        say_error(&err);
        return COMMAND_UNKNOWN;
    }

    return rc != COMMAND_OK ? rc : run.output.due ? COMMAND_ERROR : COMMAND_OK;
}


/* A date, or a date and time, in UTC; or -1. */

static int64_t
plan_parse_date(const char *text)
{
    int        date, end;
    struct tm  tm;

    memset(&tm, 0, sizeof(struct tm));

    date = end = 0;

    (void) sscanf(text, "%4d-%2d-%2d%n %2d:%2d%n", &tm.tm_year, &tm.tm_mon,
                  &tm.tm_mday, &date, &tm.tm_hour, &tm.tm_min, &end);

    if (date == 0 || (text[date] && (end == 0 || text[end]))
        || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1
        || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59)
    {
        return -1;
    }

    tm.tm_year -= 1900;
    tm.tm_mon--;

    return (int64_t) timegm(&tm);
}


static int
plan_note(const options_t *options, state_t *state, mta_sts_str_t name,
    const mta_sts_env_t *env)
{
    char                id[64];
    size_t              i;
    int64_t             until;
    mta_sts_err_t       err;
    mta_sts_value_t     setting;
    plan_policy_t       policy;
    state_domain_t      domain;
    mta_sts_settings_t  settings;

    until = options->until ? plan_parse_date(options->until) : time(NULL);

    if (until <= 0 || until > time(NULL)) {
        say("invalid date \"%s\", must be like 2026-12-31 or \"2026-12-31 "
            "23:59\", in UTC, and not in the future", options->until);
        return COMMAND_USAGE;
    }

    memset(&settings, 0, sizeof(mta_sts_settings_t));
    memset(&policy, 0, sizeof(plan_policy_t));

    for (i = 0; i < options->n_settings; i++) {
        setting.text = mta_sts_settings_name(options->settings[i].setting);
        setting.place = MTA_STS_NOWHERE;

        if (mta_sts_settings_set(&settings, &setting,
                                 &options->settings[i].value, 1, env, &err)
            != MTA_STS_OK)
        {
            say_error(&err);
            return COMMAND_USAGE;
        }
    }

    if (!(settings.own & (1u << MTA_STS_SET_MAX_AGE))) {
        say("\"plan note\" needs \"--max-age\"");
        return COMMAND_USAGE;
    }

    policy.mode = MTA_STS_ENFORCE;
    policy.max_age = settings.max_age;
    policy.n_mx = settings.mx.n;
    policy.mx = env->alloc(env->ctx, (policy.n_mx + 1) * sizeof(mta_sts_str_t));

    for (i = 0; i < policy.n_mx; i++) {
        policy.mx[i] = settings.mx.elts[i].text;
    }

    (void) state_get(state, name, env, &domain);

    (void) snprintf(id, sizeof(id), "noted-%zu", domain.history.n_policies);
    policy.id = mta_sts_str_from(id);

    plan_noted(&domain.history, &policy, until);
    state_put(state, &domain);

    return COMMAND_OK;
}


/* "note" and "forget": what a person knows better. */

static int
plan_told(const options_t *options, state_t *state, int forget,
    const mta_sts_env_t *env)
{
    size_t          i;
    mta_sts_err_t   err;
    mta_sts_str_t   name;
    state_domain_t  domain;

    if (options->args.n < 2 || (!forget && options->args.n != 2)) {
        say("\"plan %s\" needs the name of a domain", forget ? "forget"
                                                             : "note");
        return COMMAND_USAGE;
    }

    for (i = 1; i < options->args.n; i++) {
        if (mta_sts_name_domain("domain", &options->args.values[i], env, &name,
                                &err) != MTA_STS_OK)
        {
            say_error(&err);
            return COMMAND_USAGE;
        }

        if (!forget) {
            return plan_note(options, state, name, env);
        }

        if (!state_get(state, name, env, &domain)) {
            say("nothing is known of %.*s", MTA_STS_SHOW(name));
            return COMMAND_ERROR;
        }

        domain.forgotten = time(NULL);
        state_put(state, &domain);
    }

    return COMMAND_OK;
}


int
command_plan(const options_t *options, const mta_sts_env_t *env)
{
    int                   rc, note, forget;
    site_t                site;
    state_t              *state;
    mta_sts_str_t         first;
    const plan_format_t  *format;

    format = plan_format(options->format ? options->format : "text");

    if (format == NULL) {
        say("unknown format \"%s\", see mta-sts plan --help",
            options->format);
        return COMMAND_USAGE;
    }

    first = options->args.n ? options->args.values[0].text : mta_sts_str("");
    note = mta_sts_str_eq(first, mta_sts_str("note"));
    forget = mta_sts_str_eq(first, mta_sts_str("forget"));

    if ((!note && !forget) || options->state == NULL) {
        rc = command_site(&site, options, env);

        if (rc != COMMAND_OK) {
            return rc;
        }
    }

    if (options->state == NULL && site.state.text.data == NULL) {
        say("no state is configured: set \"mta_sts_state\" or \"--state\"");
        return COMMAND_USAGE;
    }

    state = command_state(options, options->state ? NULL : &site);

    rc = note || forget ? plan_told(options, state, forget, env)
                        : plan_print(options, &site, state, format, env);

    return state_close(state) ? rc : COMMAND_UNKNOWN;
}
