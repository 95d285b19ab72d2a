/*
 * mta-sts check: what is live against what is configured.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/check/check.h"
#include "cli/report/report.h"
#include "policy/policy.h"
#include "cli/diag/diag.h"
#include "memory.h"


/* A plugin's exit status. */

#define NAGIOS_OK        0
#define NAGIOS_WARNING   1
#define NAGIOS_CRITICAL  2
#define NAGIOS_UNKNOWN   3


/* The severity of --fail-on, or -1 after an error message. */

static int
check_fail_on(const options_t *options)
{
    int  severity;

    if (options->fail_on == NULL) {
        return FINDING_WARNING;
    }

    for (severity = FINDING_NOTE; severity <= FINDING_ERROR; severity++) {
        if (severity != FINDING_UNKNOWN
            && strcmp(options->fail_on,
                      finding_severity((finding_severity_e) severity)) == 0)
        {
            return severity;
        }
    }

    say("invalid \"--fail-on %s\", must be note, warning or error",
        options->fail_on);

    return -1;
}


/* Says how to check a domain that is not configured. */

static void
check_unconfigured(const options_t *options, const site_t *site,
    const mta_sts_env_t *env)
{
    size_t         i;
    mta_sts_err_t  err;
    mta_sts_str_t  name;

    for (i = 0; i < options->args.n; i++) {
        if (mta_sts_name_domain("domain", &options->args.values[i], env, &name,
                                &err) == MTA_STS_OK
            && !mta_sts_str_starts(name, mta_sts_str("mta-sts."))
            && !site_has(site, name))
        {
            say("\"--no-config\" checks domains that are not configured here");
            return;
        }
    }
}


/* The domains to check, what is configured for them, state and reports. */

static int
check_entries(const options_t *options, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n, state_t **state,
    evidence_reader_t **evidence)
{
    site_t            site;
    mta_sts_err_t     err;
    mta_sts_values_t  names;

    if (options->no_config) {

        if (options->new_only && options->state == NULL) {
            command_say_stateless();
            return COMMAND_USAGE;
        }

        if (command_domains(options, env, &names, &err) != MTA_STS_OK) {
            say_error(&err);
            return COMMAND_UNKNOWN;
        }

        if (command_unconfigured(&names, env, entries, n, &err)
            != MTA_STS_OK)
        {
            say_error(&err);
            return COMMAND_USAGE;
        }

        *state = command_state(options, NULL);
        *evidence = evidence_open(command_state_dir(options, NULL));

        return COMMAND_OK;
    }

    if (command_site(&site, options, env) != COMMAND_OK) {
        return COMMAND_UNKNOWN;
    }

    if (command_entries(&site, options, env, entries, n) != MTA_STS_OK) {
        check_unconfigured(options, &site, env);
        return COMMAND_UNKNOWN;
    }

    if (command_refused(&site, *entries, n)) {
        return COMMAND_UNKNOWN;
    }

    if (options->new_only && command_state_dir(options, &site) == NULL) {
        command_say_stateless();
        return COMMAND_USAGE;
    }

    if (*n == 0) {
        if (!site_is_empty(&site)) {
            say("the domains are not known here, name them as arguments");
        }

        return COMMAND_UNKNOWN;
    }

    *state = command_state(options, &site);
    *evidence = evidence_open(command_state_dir(options, &site));

    if (options->args.n == 0 && options->domains_from == NULL) {
        command_left(*state, env, entries, n);
    }

    return COMMAND_OK;
}


static int
check_usage(const options_t *options, const report_format_t **format,
    int *fail_on)
{
    *format = report_find(options->format ? options->format : "text");

    if (*format == NULL) {
        say("unknown format \"%s\", see mta-sts check --help",
            options->format);
        return COMMAND_USAGE;
    }

    if (options->no_config
        && (options->conf || options->domains || options->prefix))
    {
        say("\"--no-config\" and \"-c\", \"-d\" or \"-p\" are mutually "
            "exclusive");
        return COMMAND_USAGE;
    }

    if (options->no_config && options->args.n == 0
        && options->domains_from == NULL)
    {
        say("\"--no-config\" needs the names of domains");
        return COMMAND_USAGE;
    }

    if ((options->new_only != 0) + (options->since != NULL)
        + options->before_reload > 1)
    {
        say("\"--new\", \"--since\" and \"--before-reload\" are mutually "
            "exclusive");
        return COMMAND_USAGE;
    }

    if (options->no_config && options->before_reload) {
        say("\"--no-config\" and \"--before-reload\" are mutually exclusive");
        return COMMAND_USAGE;
    }

    if (options->net.helo
        && !mta_sts_name_is_host(mta_sts_str_from(options->net.helo)))
    {
        say("invalid helo \"%s\", must be a host name", options->net.helo);
        return COMMAND_USAGE;
    }

    *fail_on = check_fail_on(options);

    return *fail_on == -1 ? COMMAND_USAGE : COMMAND_OK;
}


/* What is unknown is neither right nor wrong: a status of its own. */

static int
check_status(const report_t *report, const report_format_t *format,
    int fail_on)
{
    int            severity;
    const size_t  *counts;

    counts = report->counts;

    if (report->refused) {
        return format->nagios ? NAGIOS_CRITICAL : COMMAND_ERROR;
    }

    if (report->unknown == report->n) {
        return COMMAND_UNKNOWN;
    }

    if (format->nagios) {
        if (counts[FINDING_ERROR]) {
            return NAGIOS_CRITICAL;
        }

        if (report->state_failed) {
            return NAGIOS_UNKNOWN;
        }

        if (counts[FINDING_WARNING]) {
            return NAGIOS_WARNING;
        }

        return counts[FINDING_UNKNOWN] ? NAGIOS_UNKNOWN : NAGIOS_OK;
    }

    for (severity = fail_on; severity <= FINDING_ERROR; severity++) {
        if (severity != FINDING_UNKNOWN && counts[severity]) {
            return COMMAND_ERROR;
        }
    }

    return counts[FINDING_UNKNOWN] ? COMMAND_UNKNOWN : COMMAND_OK;
}


typedef struct {
    report_t   report;
    state_t   *state;
    json_t    *news;                  /* what --new has reported, or NULL */
} check_run_t;


/* Does a rule forbid the configured policy, since its bytes came before? */

static void
check_rules(check_run_t *run, const result_t *result)
{
    mta_sts_err_t  err;

    if (state_refuses(run->state, result->entry, 0, &err)) {
        say_error(&err);
        run->report.refused++;
    }
}


static void
check_done(void *ctx, const result_t *result)
{
    check_run_t  *run = ctx;

    command_progress_clear();

    report_add(&run->report, result);

    if (run->news) {
        command_news_read(run->news, run->state, result->entry->domain);
    }

    state_record(run->state, result);
    check_rules(run, result);
}


/* Other processes may write to the state while this one waits. */

static void
check_progress(void *ctx, size_t done, size_t n)
{
    check_run_t *run = ctx;

    command_progress(NULL, done, n);
    state_pause(run->state);
}


/* Counts the domains that left the configuration, after it has named them. */

static size_t
check_orphans(const options_t *options, state_t *state,
    const mta_sts_entry_t *entries, size_t n, const mta_sts_env_t *env)
{
    size_t            i, k;
    entries_t         known;
    mta_sts_entry_t  *configured;

    if (options->args.n || options->domains_from) {
        return 0;
    }

    configured = env->alloc(env->ctx, (n + 1) * sizeof(mta_sts_entry_t));

    for (i = 0, k = 0; i < n; i++) {
        if (entries[i].policy) {
            configured[k++] = entries[i];
        }
    }

    memset(&known, 0, sizeof(entries_t));

    known.elts = configured;
    known.n = k;

    return command_orphans(state, &known);
}


/* Leaves what is new: to --new, or since the output of a check. */

static int
check_since(const options_t *options, check_run_t *run, mta_sts_err_t *err)
{
    if (run->news) {
        report_since_list(&run->report, run->news);
    }

    return options->since ? report_since(&run->report, options->since, err)
                          : MTA_STS_OK;
}


/* What is not printed is not reported. */

static void
check_reported(const check_run_t *run)
{
    if (run->news && fflush(stdout) == 0) {
        command_news_write(run->news, run->state);
    }

    json_decref(run->news);
}


/* For --before-reload: only what the configured policy would stop. */

static void
check_done_before(void *ctx, const result_t *result)
{
    size_t        i, n;
    result_t      before;
    finding_t    *findings;
    check_run_t  *run = ctx;

    before = *result;
    findings = before.findings.elts;

    for (i = 0, n = 0; i < before.findings.n; i++) {
        if (findings[i].kind == MX_NOT_COVERED_NEXT
            || findings[i].kind == MX_DNS)
        {
            findings[n++] = findings[i];
        }
    }

    before.findings.n = n;

    command_progress_clear();
    report_add(&run->report, &before);
    check_rules(run, result);
}


static int
check_report(const options_t *options, const report_format_t *format,
    const mta_sts_entry_t *entries, size_t n, int fail_on, state_t *state,
    evidence_reader_t *evidence, const mta_sts_env_t *env)
{
    int            rc;
    check_t        check;
    check_run_t    run;
    mta_sts_err_t  err;

    memset(&check, 0, sizeof(check_t));
    memset(&run, 0, sizeof(check_run_t));

    json_set_alloc_funcs(diag_malloc, free);

    run.state = state;
    run.news = options->new_only ? json_array() : NULL;

    check.net = options->net;
    check.evidence = options->before_reload ? NULL : evidence;
    check.what = PROBE_POLICY|PROBE_RECORDS
                 |(options->no_smtp || options->before_reload ? 0
                                                              : PROBE_SMTP)
                 |(state_is_open(state) ? PROBE_SERVERS : 0);
    check.done = options->before_reload ? check_done_before : check_done;
    check.progress = check_progress;
    check.ctx = &run;

    run.report.out = stdout;
    run.report.family = check.net.family;
    run.report.width = diag_width(STDOUT_FILENO);
    run.report.color = run.report.width && getenv("NO_COLOR") == NULL;

    rc = check_run(&check, entries, n, &err);

    command_progress_clear();

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_UNKNOWN;
    }

    if (check_since(options, &run, &err) != MTA_STS_OK) {
        say_error(&err);
        report_free(&run.report);
        return COMMAND_UNKNOWN;
    }

    run.report.refused += check_orphans(options, state, entries, n, env);
    run.report.state_failed = !state_commit(state);

    report_end(&run.report);
    format->print(&run.report);
    check_reported(&run);

    if (run.report.unknown == run.report.n) {
        say("no lookup had an answer: does the resolver work?");
    }

    rc = check_status(&run.report, format, fail_on);

    report_free(&run.report);

    return rc;
}


int
command_check(const options_t *options, const mta_sts_env_t *env)
{
    int                     rc, fail_on;
    size_t                  n;
    state_t                *state;
    mta_sts_err_t           err;
    mta_sts_entry_t        *entries;
    evidence_reader_t      *evidence;
    const report_format_t  *format;

    rc = check_usage(options, &format, &fail_on);

    if (rc == COMMAND_OK) {
        rc = check_entries(options, env, &entries, &n, &state, &evidence);
    }

    if (rc == COMMAND_OK) {
        rc = check_report(options, format, entries, n, fail_on, state,
                          evidence, env);

        /* what could not be read is a finding */

        (void) evidence_close(evidence, &err);

        return state_close(state) || (format->nagios && rc == NAGIOS_CRITICAL)
               ? rc : COMMAND_UNKNOWN;
    }

    /* a plugin's status 2 would be a state of what was checked */

    if (options->format && strcmp(options->format, "nagios") == 0) {
        (void) printf("MTA-STS UNKNOWN - could not check, see standard "
                      "error\n");
        return NAGIOS_UNKNOWN;
    }

    return rc;
}
