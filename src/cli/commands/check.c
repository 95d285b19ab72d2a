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
#include "command.h"


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


/* Entries without a policy, of names; each domain once. */

static int
check_unconfigured(const mta_sts_values_t *names, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n)
{
    size_t         i, k;
    mta_sts_err_t  err;

    *entries = env->alloc(env->ctx, names->n * sizeof(mta_sts_entry_t));
    memset(*entries, 0, names->n * sizeof(mta_sts_entry_t));

    for (i = 0; i < names->n; i++) {
        if (mta_sts_name_domain("domain", &names->elts[i], env,
                                &(*entries)[i].domain, &err)
            != MTA_STS_OK)
        {
            say_error(&err);
            return COMMAND_USAGE;
        }
    }

    site_sort(*entries, names->n);

    for (i = 0, k = 0; i < names->n; i++) {
        if (k == 0 || !mta_sts_str_eq((*entries)[k - 1].domain,
                                      (*entries)[i].domain))
        {
            (*entries)[k++] = (*entries)[i];
        }
    }

    *n = k;

    return COMMAND_OK;
}


/* The domains to check, and what is configured for them. */

static int
check_entries(const options_t *options, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n)
{
    site_t            site;
    mta_sts_err_t     err;
    mta_sts_values_t  names;

    if (options->no_config) {

        if (command_domains(options, env, &names, &err) != MTA_STS_OK) {
            say_error(&err);
            return COMMAND_UNKNOWN;
        }

        return check_unconfigured(&names, env, entries, n);
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

    if (report->unknown == report->n) {
        return COMMAND_UNKNOWN;
    }

    if (format->nagios) {
        if (counts[FINDING_ERROR]) {
            return NAGIOS_CRITICAL;
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


static void
check_done(void *ctx, const result_t *result)
{
    command_progress_clear();
    report_add(ctx, result);
}


/* The same for --before-reload: only what the configured policy would stop. */

static void
check_done_before(void *ctx, const result_t *result)
{
    size_t      i, n;
    result_t    before;
    finding_t  *findings;

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

    check_done(ctx, &before);
}


static int
check_report(const options_t *options, const report_format_t *format,
    const mta_sts_entry_t *entries, size_t n, int fail_on)
{
    int            rc;
    check_t        check;
    report_t       report;
    mta_sts_err_t  err;

    memset(&check, 0, sizeof(check_t));
    memset(&report, 0, sizeof(report_t));

    check.net = options->net;
    check.what = PROBE_POLICY|PROBE_RECORDS
                 |(options->no_smtp || options->before_reload ? 0
                                                              : PROBE_SMTP);
    check.done = options->before_reload ? check_done_before : check_done;
    check.progress = command_progress;
    check.ctx = &report;

    report.out = stdout;
    report.family = check.net.family;
    report.color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;

    rc = check_run(&check, entries, n, &err);

    command_progress_clear();

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_UNKNOWN;
    }

    if (options->since
        && report_since(&report, options->since, &err) != MTA_STS_OK)
    {
        say_error(&err);
        report_free(&report);
        return COMMAND_UNKNOWN;
    }

    report_end(&report);
    format->print(&report);

    if (report.unknown == report.n) {
        say("no lookup had an answer: does the resolver work?");
    }

    rc = check_status(&report, format, fail_on);

    report_free(&report);

    return rc;
}


int
command_check(const options_t *options, const mta_sts_env_t *env)
{
    int                     rc, fail_on;
    size_t                  n;
    mta_sts_entry_t        *entries;
    const report_format_t  *format;

    rc = check_usage(options, &format, &fail_on);

    if (rc == COMMAND_OK) {
        rc = check_entries(options, env, &entries, &n);
    }

    if (rc == COMMAND_OK) {
        return check_report(options, format, entries, n, fail_on);
    }

    /* a plugin's status 2 would be a state of what was checked */

    if (options->format && strcmp(options->format, "nagios") == 0) {
        (void) printf("MTA-STS UNKNOWN - could not check, see standard "
                      "error\n");
        return NAGIOS_UNKNOWN;
    }

    return rc;
}
