/*
 * The program that "mta-sts reports" runs: its command line.
 */

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands/command.h"
#include "cli/diag/diag.h"
#include "reports.h"


#define MAIN_DAYS  30                 /* of a summary */
#define MAIN_KEEP  400                /* days */
#define DAY        86400


static const struct {
    const char  *name;
    void       (*print)(const summary_t *summary, FILE *out);
    int          named;               /* not what a default policy covers */
    const char  *about;
} formats[] = {
    { "text", summary_text, 0, "for people" },
    { "json", summary_json, 0, "one object" },
    { "prometheus", summary_prometheus, 1,
      "metrics; with -c or -d only of domains that are named" },
    { "html", summary_html, 0, "one page, without scripts" }
};

#define FORMATS  (sizeof(formats) / sizeof(formats[0]))


static void
main_formats(FILE *out)
{
    size_t  i;

    for (i = 0; i < FORMATS; i++) {
        (void) fprintf(out, "    %-11s %s\n", formats[i].name,
                       formats[i].about);
    }
}


/* SUMMARY_GOOD: nothing fails.  Returns 0 after it has said what is wrong. */

static int
main_severity(const char *value, summary_severity_e *severity)
{
    if (value == NULL) {
        *severity = SUMMARY_GOOD;

    } else if (strcmp(value, "note") == 0) {
        *severity = SUMMARY_NOTE;

    } else if (strcmp(value, "warning") == 0) {
        *severity = SUMMARY_WARNING;

    } else if (strcmp(value, "error") == 0) {
        *severity = SUMMARY_ERROR;

    } else {
        say("invalid \"--fail-on %s\", must be note, warning or error", value);
        return 0;
    }

    return 1;
}


/* Returns NULL after it has said what is wrong. */

static mta_sts_str_t *
main_trusted(const options_list_t *names, const mta_sts_env_t *env)
{
    size_t          i;
    const char     *name;
    mta_sts_str_t  *texts;

    texts = env->alloc(env->ctx, (names->n + 1) * sizeof(mta_sts_str_t));

    for (i = 0; i < names->n; i++) {
        name = names->values[i].text.data;

        if (name[0] == '\0' || strpbrk(name, " \t;()\"")) {
            say("invalid \"--trust-authserv %s\", must be the name at the "
                "beginning of your server's Authentication-Results", name);
            return NULL;
        }

        texts[i] = names->values[i].text;
    }

    return texts;
}


/* Says what was added; returns the exit status. */

static int
main_added(const reports_adder_t *adder)
{
    if (adder->full) {
        say("there are reports about %d or more domains that the configuration "
            "does not name: those about further ones are refused, unless it "
            "names them", REPORTS_OTHERS_MAX);
    }

    if (adder->pipe) {
        return adder->unread ? EX_TEMPFAIL : COMMAND_OK;
    }

    (void) printf("%zu new, %zu known, %zu refused (other domains, or too "
                  "many), %zu old, %zu bad", adder->added, adder->known,
                  adder->refused, adder->old, adder->bad);

    if (adder->skipped) {
        (void) printf(", %zu skipped", adder->skipped);
    }

    if (adder->unread) {
        (void) printf(", %zu unread", adder->unread);
    }

    (void) putchar('\n');

    return adder->unread ? COMMAND_UNKNOWN
           : adder->bad ? COMMAND_ERROR : COMMAND_OK;
}


static int
main_add(const options_t *options, const options_list_t *files,
    const mta_sts_env_t *env)
{
    int              rc, failed;
    size_t           i;
    site_t           site;
    const char      *state;
    mta_sts_err_t    err;
    reports_adder_t  adder;

    failed = options->pipe ? EX_TEMPFAIL : COMMAND_UNKNOWN;
    state = options->state;

    memset(&adder, 0, sizeof(reports_adder_t));

    adder.trusted = main_trusted(&options->trusted, env);

    if (adder.trusted == NULL) {
        return COMMAND_USAGE;
    }

    rc = reports_ours(options, env, &site, &state);

    if (rc == COMMAND_OK) {
        rc = reports_state(options, env, &state);
    }

    if (rc != COMMAND_OK) {
        return options->pipe ? failed : rc;
    }

    adder.ours = &site;
    adder.state = state;
    adder.pipe = options->pipe;
    adder.n_trusted = options->trusted.n;
    adder.now = (int64_t) time(NULL);
    adder.since = adder.now
                  - (int64_t) (options->keep ? options->keep : MAIN_KEEP) * DAY;
    adder.store = store_open(state, 1, &err);

    if (adder.store == NULL) {
        say_error(&err);
        return failed;
    }

    /* before it adds: what is dropped makes room */

    rc = reports_drop(&adder, &err);

    if (rc == MTA_STS_OK && files->n == 0) {
        rc = reports_add(&adder, "-", &err);
    }

    for (i = 0; i < files->n && rc == MTA_STS_OK; i++) {
        rc = reports_add(&adder, files->values[i].text.data, &err);
    }

    store_close(adder.store);

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return failed;
    }

    return main_added(&adder);
}


/* The index of a format; FORMATS after it has said that there is none. */

static size_t
main_format(const char *name)
{
    size_t  i;

    for (i = 0; name && i < FORMATS; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            break;
        }
    }

    if (i == FORMATS) {
        say("unknown format \"%s\", must be text, json, prometheus or html",
            name);
    }

    return i;
}


static int
main_summary(const options_t *options, const mta_sts_env_t *env)
{
    int                  rc;
    size_t               i, n, format;
    site_t               site;
    store_t             *store;
    summary_t            summary;
    const char          *state;
    mta_sts_err_t        err;
    mta_sts_str_t       *names;
    summary_severity_e   fail_on;

    if (!main_severity(options->fail_on, &fail_on)) {
        return COMMAND_USAGE;
    }

    format = main_format(options->format);

    if (format == FORMATS
        || reports_names(&options->args, env, &names, &n) != MTA_STS_OK)
    {
        return COMMAND_USAGE;
    }

    memset(&summary, 0, sizeof(summary_t));
    rc = COMMAND_OK;
    state = options->state;

    /* also those without a report */

    if (n == 0 && (options->conf || options->domains)) {
        rc = reports_ours(options, env, &site, &state);
        summary.ours = &site;
    }

    if (rc == COMMAND_OK) {
        rc = reports_state(options, env, &state);
    }

    if (rc != COMMAND_OK) {
        return rc;
    }

    if (summary.ours) {
        names = reports_named(&site, env, &n);
    }

    summary.named = formats[format].named;
    summary.now = (int64_t) time(NULL);
    summary.days = options->days ? options->days : MAIN_DAYS;
    summary.color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;

    store = store_open(state, 0, &err);
    rc = store ? summary_read(&summary, store, names, n, env, &err)
               : MTA_STS_ERROR;

    if (store) {
        store_close(store);
    }

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_UNKNOWN;
    }

    formats[format].print(&summary, stdout);

    for (i = 0; i < summary.n && fail_on != SUMMARY_GOOD; i++) {
        if (summary_severity(&summary, &summary.domains[i]) >= fail_on) {
            return COMMAND_ERROR;
        }
    }

    return COMMAND_OK;
}


static int
main_show(const options_t *options, const char *id, const mta_sts_env_t *env)
{
    int             rc;
    store_t        *store;
    const char     *state;
    mta_sts_err_t   err;

    if (!reports_is_id(id)) {
        say("invalid ID \"%s\", must be 4 or more digits and letters from a to "
            "f", id);
        return COMMAND_USAGE;
    }

    state = options->state;
    rc = reports_state(options, env, &state);

    if (rc != COMMAND_OK) {
        return rc;
    }

    store = store_open(state, 0, &err);
    rc = store ? reports_show(store, id, stdout, &err) : MTA_STS_ERROR;

    if (rc != MTA_STS_OK) {
        say_error(&err);
    }

    if (store) {
        store_close(store);
    }

    return rc == MTA_STS_OK ? COMMAND_OK
           : store ? COMMAND_ERROR : COMMAND_UNKNOWN;
}


/* Says which option is not one of "add", or of the summary. */

static int
main_allowed(const options_t *options, int add, int summary)
{
    const char  *option;

    option = add ? NULL
             : options->trusted.n ? "trust-authserv"
             : options->keep ? "keep"
             : options->pipe ? "pipe" : NULL;

    if (option) {
        say("option \"--%s\" is one of \"reports add\", see mta-sts reports "
            "--help", option);
        return 0;
    }

    option = summary ? NULL
             : options->format ? "format"
             : options->days ? "days"
             : options->fail_on ? "fail-on" : NULL;

    if (option) {
        say("option \"--%s\" is one of the summary, see mta-sts reports "
            "--help", option);
        return 0;
    }

    return 1;
}


static int
main_run(const options_t *options, const mta_sts_env_t *env)
{
    int             add, show;
    mta_sts_str_t   first;
    options_list_t  rest;

    first = mta_sts_str("");
    rest = options->args;

    if (rest.n) {
        first = rest.values[0].text;
        rest.values++;
        rest.n--;
    }

    add = mta_sts_str_eq(first, mta_sts_str("add"));
    show = mta_sts_str_eq(first, mta_sts_str("show"));

    if (!main_allowed(options, add, !add && !show)) {
        return COMMAND_USAGE;
    }

    if (add) {
        return main_add(options, &rest, env);
    }

    if (show) {
        if (rest.n != 1) {
            say("\"show\" takes one ID");
            return COMMAND_USAGE;
        }

        return main_show(options, rest.values[0].text.data, env);
    }

    return main_summary(options, env);
}


static const command_t  command = {
    "reports", "[DOMAIN...] | add [FILE...] | show ID",
    "TLS reports (RFC 8460): a summary, adding, one report; FILE is a\n"
    "    report, a mail, an mbox, a Maildir, a spool of nginx, or \"-\" for\n"
    "    standard input (default)",
    OPTIONS_REPORTS, main_run, main_formats, NULL
};


int
main(int argc, char **argv)
{
    json_set_alloc_funcs(diag_malloc, free);

    return command_main(argc, argv, &command);
}
