/*
 * mta-sts check: what is live against what is configured.
 */

#include <stdlib.h>
#include <unistd.h>

#include "cli/check/check.h"
#include "cli/report/report.h"
#include "policy/policy.h"
#include "cli/diag/diag.h"
#include "command.h"
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
        if (strcmp(options->fail_on,
                   finding_severity((finding_severity_e) severity)) == 0)
        {
            return severity;
        }
    }

    say("invalid \"--fail-on %s\", must be note, warning or error",
        options->fail_on);

    return -1;
}


/* Entries without a policy, of the arguments. */

static int
check_arguments(const options_t *options, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n)
{
    size_t           i;
    mta_sts_err_t    err;

    *n = options->args.n;
    *entries = env->alloc(env->ctx, (*n + 1) * sizeof(mta_sts_entry_t));

    memset(*entries, 0, *n * sizeof(mta_sts_entry_t));

    for (i = 0; i < *n; i++) {
        if (mta_sts_name_domain("domain", &options->args.values[i], env,
                                &(*entries)[i].domain, &err)
            != MTA_STS_OK)
        {
            say_error(&err);
            return COMMAND_USAGE;
        }
    }

    return COMMAND_OK;
}


/* The domains to check, what is configured for them, and the state. */

static int
check_entries(const options_t *options, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n, state_t **state)
{
    site_t  site;

    if (options->no_config) {
        *state = command_state(options, NULL);
        return check_arguments(options, env, entries, n);
    }

    if (command_site(&site, options, env) != MTA_STS_OK
        || command_entries(&site, options, env, entries, n) != MTA_STS_OK
        || command_refused(&site, *entries, n))
    {
        return COMMAND_UNKNOWN;
    }

    if (*n == 0) {
        if (!site_is_empty(&site)) {
            say("the domains are not known here, name them as arguments");
        }

        return COMMAND_UNKNOWN;
    }

    *state = command_state(options, &site);

    if (options->args.n == 0) {
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
        say("\"--no-config\" and \"-c\", \"-d\" or \"-p\" are mutually exclusive");
        return COMMAND_USAGE;
    }

    if (options->no_config && options->args.n == 0) {
        say("\"--no-config\" needs the names of domains");
        return COMMAND_USAGE;
    }

    if (options->new_only && options->no_config && options->state == NULL) {
        say("\"--new\" needs \"--state\" with \"--no-config\"");
        return COMMAND_USAGE;
    }

    *fail_on = check_fail_on(options);

    return *fail_on == -1 ? COMMAND_USAGE : COMMAND_OK;
}


static int
check_status(const report_t *report, const report_format_t *format,
    int fail_on)
{
    int  severity;

    if (report->unknown == report->n) {
        return COMMAND_UNKNOWN;
    }

    if (format->nagios) {
        return report->counts[FINDING_ERROR]
               ? NAGIOS_CRITICAL
               : report->counts[FINDING_WARNING] ? NAGIOS_WARNING : NAGIOS_OK;
    }

    for (severity = fail_on; severity <= FINDING_ERROR; severity++) {
        if (report->counts[severity]) {
            return COMMAND_ERROR;
        }
    }

    return COMMAND_OK;
}


typedef struct {
    report_t   report;
    state_t   *state;
    int        new_only;              /* findings */
} check_run_t;


static void
check_done(void *ctx, const result_t *result)
{
    result_t          only;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, NULL, &arena };
    check_run_t      *run = ctx;

    command_progress_clear();

    only = *result;

    if (run->new_only) {
        state_new_findings(run->state, result, &env, &only.findings);
    }

    report_add(&run->report, &only);
    state_record(run->state, result);

    mta_sts_arena_free(&arena);
}


/* Other processes may write to the state while this one waits. */

static void
check_progress(void *ctx, size_t done, size_t n)
{
    check_run_t *run = ctx;

    command_progress(NULL, done, n);
    state_pause(run->state);
}


/* What is remembered has a say: bytes that came before, domains that left. */

static int
check_remembered(const options_t *options, state_t *state,
    const mta_sts_entry_t *entries, size_t n, const mta_sts_env_t *env)
{
    size_t            i, all, refused;
    mta_sts_entry_t  *configured;

    configured = env->alloc(env->ctx, (n + 1) * sizeof(mta_sts_entry_t));

    for (i = 0, all = 0; i < n; i++) {
        if (entries[i].policy) {
            configured[all++] = entries[i];
        }
    }

    refused = 0;

    if (options->args.n == 0 && !options->no_config) {
        refused = command_orphans(state, configured, all);
    }

    refused += command_gate(state, configured, &all, 0);

    return refused ? COMMAND_ERROR : COMMAND_OK;
}


static int
check_report(const options_t *options, const report_format_t *format,
    const mta_sts_entry_t *entries, size_t n, int fail_on, state_t *state,
    const mta_sts_env_t *env)
{
    int            rc, remembered;
    check_t        check;
    check_run_t    run;
    mta_sts_err_t  err;

    memset(&check, 0, sizeof(check_t));
    memset(&run, 0, sizeof(check_run_t));

    run.state = state;
    run.new_only = options->new_only;

    check.net = options->net;
    check.what = PROBE_POLICY|PROBE_RECORDS
                 |(options->no_smtp ? 0 : PROBE_SMTP);
    check.done = check_done;
    check.progress = check_progress;
    check.ctx = &run;

    run.report.out = stdout;
    run.report.color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;

    rc = check_run(&check, entries, n, &err);

    command_progress_clear();

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_UNKNOWN;
    }

    format->print(&run.report);

    if (run.report.unknown == run.report.n) {
        say("no lookup had an answer: does the resolver work?");
    }

    rc = check_status(&run.report, format, fail_on);
    remembered = check_remembered(options, state, entries, n, env);

    report_free(&run.report);

    return rc == COMMAND_OK ? remembered : rc;
}


int
command_check(const options_t *options, const mta_sts_env_t *env)
{
    int                     rc, fail_on;
    size_t                  n;
    state_t                *state;
    mta_sts_entry_t        *entries;
    const report_format_t  *format;

    rc = check_usage(options, &format, &fail_on);

    if (rc == COMMAND_OK) {
        rc = check_entries(options, env, &entries, &n, &state);
    }

    if (rc == COMMAND_OK) {
        rc = check_report(options, format, entries, n, fail_on, state, env);

        return state_close(state) ? rc : COMMAND_UNKNOWN;
    }

    /* a plugin's status 2 would be a state of what was checked */

    if (options->format && strcmp(options->format, "nagios") == 0) {
        (void) printf("MTA-STS UNKNOWN - could not check, see standard "
                      "error\n");
        return NAGIOS_UNKNOWN;
    }

    return rc;
}
