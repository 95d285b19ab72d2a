/*
 * The program that "mta-sts reports" runs: its command line.
 */

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands/command.h"
#include "cli/diag/diag.h"
#include "reports.h"


#define MAIN_DAYS   30
#define MAIN_KEEP   400
#define DAY         86400


typedef struct {
    options_t           site;         /* -c, -d, -p */
    const char         *state;
    const char         *format;
    unsigned            days;
    unsigned            keep;         /* days */
    summary_severity_e  fail_on;      /* SUMMARY_GOOD: nothing fails */
    int                 pipe;
    mta_sts_values_t    trusted;
} main_options_t;


static const struct option  options_long[] = {
    { "conf", required_argument, NULL, 'c' },
    { "domains", required_argument, NULL, 'd' },
    { "prefix", required_argument, NULL, 'p' },
    { "state", required_argument, NULL, 's' },
    { "format", required_argument, NULL, 'f' },
    { "days", required_argument, NULL, 'D' },
    { "keep", required_argument, NULL, 'K' },
    { "fail-on", required_argument, NULL, 'F' },
    { "trust-authserv", required_argument, NULL, 'T' },
    { "pipe", no_argument, NULL, 'P' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static const struct {
    const char  *name;
    void       (*print)(const summary_t *summary, FILE *out);
    const char  *about;
} formats[] = {
    { "text", summary_text, "for people" },
    { "json", summary_json, "one object" },
    { "prometheus", summary_prometheus, "metrics; no text of a sender" },
    { "html", summary_html, "one page, without scripts" }
};

#define FORMATS  (sizeof(formats) / sizeof(formats[0]))


static void
main_usage(FILE *out)
{
    size_t  i;

    (void) fprintf(out,
        "usage: mta-sts reports [options] [DOMAIN...]\n"
        "       mta-sts reports add [options] [FILE...]\n"
        "       mta-sts reports show [options] ID\n\n"
        "    TLS reports (RFC 8460): a summary, adding, one report\n\n"
        "options:\n"
        "    --state DIR          where reports.sqlite is (default:\n"
        "                         mta_sts_state of nginx.conf, or else\n"
        "                         " REPORTS_STATE ")\n"
        "    -c FILE              nginx.conf, whose domains are ours (default\n"
        "                         of add: " MTA_STS_CONF_PATH ";\n"
        "                         of a summary: those that had a report)\n"
        "    -d FILE              only a domains file\n"
        "    -p PREFIX            folder of a relative FILE, as nginx's -p\n"
        "    -h                   this text\n\n"
        "options of the summary:\n"
        "    -f FORMAT            one of the formats (default: the first)\n"
        "    --days N             of the last N days (default: %d)\n"
        "    --fail-on SEVERITY   exit status 1 for note, warning or error,\n"
        "                         and for what is worse (default: 0)\n\n"
        "options of add, whose FILE is a report, a mail, an mbox, a Maildir,\n"
        "a spool of nginx, or \"-\" for standard input (default):\n"
        "    --trust-authserv ID  of the mail server whose DKIM results are\n"
        "                         believed; may be repeated\n"
        "    --keep DAYS          drop older reports (default: %d)\n"
        "    --pipe               exit statuses for a mail server: 0, or 75\n"
        "                         to try again\n\n"
        "formats:\n", MAIN_DAYS, MAIN_KEEP);

    for (i = 0; i < FORMATS; i++) {
        (void) fprintf(out, "    %-11s %s\n", formats[i].name,
                       formats[i].about);
    }
}


/* A number of days, or 0 after it has said what is wrong. */

static unsigned
main_days(const char *option, const char *value)
{
    char           *end;
    unsigned long   n;

    errno = 0;
    n = strtoul(value, &end, 10);

    if (value[0] < '0' || value[0] > '9' || *end || errno || n == 0
        || n > 100000)
    {
        say("invalid \"--%s %s\", must be days from 1 to 100000", option,
            value);
        return 0;
    }

    return (unsigned) n;
}


static int
main_severity(const char *value, summary_severity_e *severity)
{
    if (strcmp(value, "note") == 0) {
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


/* Returns 0 after it has said what is wrong. */

static int
main_set(main_options_t *options, int ch, const mta_sts_env_t *env)
{
    mta_sts_err_t  err;

    switch (ch) {

    case 'c':
        options->site.conf = optarg;
        return 1;

    case 'd':
        options->site.domains = optarg;
        return 1;

    case 'p':
        options->site.prefix = optarg;
        return 1;

    case 's':
        options->state = optarg;
        return 1;

    case 'f':
        options->format = optarg;
        return 1;

    case 'D':
        options->days = main_days("days", optarg);
        return options->days != 0;

    case 'K':
        options->keep = main_days("keep", optarg);
        return options->keep != 0;

    case 'F':
        return main_severity(optarg, &options->fail_on);

    case 'T':
        if (optarg[0] == '\0' || strpbrk(optarg, " \t;()\"")) {
            say("invalid \"--trust-authserv %s\", must be the name at the "
                "beginning of your server's Authentication-Results", optarg);
            return 0;
        }

        (void) mta_sts_values_add(&options->trusted, mta_sts_str_from(optarg),
                                  MTA_STS_NOWHERE, env, &err);
        return 1;

    case 'P':
        options->pipe = 1;
        return 1;

    default:
        return 0;
    }
}


/*
 * Are the options, given by their characters, those of a command?  Says which
 * one is not.
 */

static int
main_allowed(const char *given, const char *command)
{
    size_t       i;
    const char  *of;

    for ( /* void */ ; *given; given++) {
        of = strchr("fDF", *given) ? "" : strchr("TKP", *given) ? "add"
                                                                : command;

        if (strcmp(of, command) == 0) {
            continue;
        }

        for (i = 0; options_long[i].val != *given; i++) { /* void */ }

        say("option \"--%s\" is one of %s, see mta-sts reports --help",
            options_long[i].name, *of ? "\"reports add\"" : "the summary");
        return 0;
    }

    return 1;
}


static mta_sts_str_t *
main_texts(const mta_sts_values_t *values, const mta_sts_env_t *env)
{
    size_t          i;
    mta_sts_str_t  *texts;

    texts = env->alloc(env->ctx, values->n * sizeof(mta_sts_str_t));

    for (i = 0; i < values->n; i++) {
        texts[i] = values->elts[i].text;
    }

    return texts;
}


static int
main_add(main_options_t *options, char **names, size_t n,
    const mta_sts_env_t *env)
{
    int              rc, failed;
    size_t           i;
    site_t           site;
    mta_sts_err_t    err;
    reports_adder_t  adder;

    failed = options->pipe ? EX_TEMPFAIL : COMMAND_UNKNOWN;

    memset(&adder, 0, sizeof(reports_adder_t));

    rc = reports_ours(&options->site, env, &site, &options->state);

    if (rc == COMMAND_OK) {
        rc = reports_state(&options->site, env, &options->state);
    }

    if (rc != COMMAND_OK) {
        return options->pipe ? failed : rc;
    }

    adder.ours = &site;
    adder.state = options->state;
    adder.pipe = options->pipe;
    adder.trusted = main_texts(&options->trusted, env);
    adder.n_trusted = options->trusted.n;
    adder.now = (int64_t) time(NULL);
    adder.since = adder.now - (int64_t) options->keep * DAY;
    adder.store = store_open(options->state, 1, &err);

    if (adder.store == NULL) {
        say_error(&err);
        return failed;
    }

    rc = n ? MTA_STS_OK : reports_add(&adder, "-", &err);

    for (i = 0; i < n && rc == MTA_STS_OK; i++) {
        rc = reports_add(&adder, names[i], &err);
    }

    if (rc == MTA_STS_OK) {
        rc = store_drop(adder.store, adder.since,
                        adder.now - (int64_t) REPORTS_SUMS_MAX * DAY, &err);
    }

    store_close(adder.store);

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return failed;
    }

    if (adder.full) {
        say("there are reports about %d domains that the configuration does "
            "not name: those about further ones are refused, unless it names "
            "them", REPORTS_OTHERS_MAX);
    }

    if (options->pipe) {
        return adder.unread ? failed : COMMAND_OK;
    }

    (void) printf("%zu new, %zu known, %zu refused (other domains), %zu old, "
                  "%zu bad", adder.added, adder.known, adder.refused,
                  adder.old, adder.bad);

    if (adder.skipped) {
        (void) printf(", %zu skipped", adder.skipped);
    }

    if (adder.unread) {
        (void) printf(", %zu unread", adder.unread);
    }

    (void) putchar('\n');

    return adder.unread ? failed : adder.bad ? COMMAND_ERROR : COMMAND_OK;
}


static int
main_summary(main_options_t *options, char **args, size_t n,
    const mta_sts_env_t *env)
{
    int             rc;
    size_t          i, format;
    site_t          site;
    store_t        *store;
    summary_t       summary;
    mta_sts_err_t   err;
    mta_sts_str_t  *names;

    for (format = 0; format < FORMATS; format++) {
        if (strcmp(options->format, formats[format].name) == 0) {
            break;
        }
    }

    if (format == FORMATS) {
        say("unknown format \"%s\", must be text, json, prometheus or html",
            options->format);
        return COMMAND_USAGE;
    }

    if (reports_names(args, n, env, &names) != MTA_STS_OK) {
        return COMMAND_USAGE;
    }

    memset(&summary, 0, sizeof(summary_t));
    rc = COMMAND_OK;

    /* also those without a report */

    if (n == 0 && (options->site.conf || options->site.domains)) {
        rc = reports_ours(&options->site, env, &site, &options->state);
        summary.ours = &site;
    }

    if (rc == COMMAND_OK) {
        rc = reports_state(&options->site, env, &options->state);
    }

    if (rc != COMMAND_OK) {
        return rc;
    }

    if (summary.ours) {
        names = reports_named(&site, env, &n);
    }

    summary.now = (int64_t) time(NULL);
    summary.days = options->days;
    summary.color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;

    store = store_open(options->state, 0, &err);
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

    for (i = 0; i < summary.n && options->fail_on != SUMMARY_GOOD; i++) {
        if (summary_severity(&summary, &summary.domains[i])
            >= options->fail_on)
        {
            return COMMAND_ERROR;
        }
    }

    return COMMAND_OK;
}


static int
main_show(main_options_t *options, const char *id, const mta_sts_env_t *env)
{
    int             rc;
    store_t        *store;
    mta_sts_err_t   err;

    if (!reports_is_id(id)) {
        say("invalid ID \"%s\", must be 4 or more digits and letters from a to "
            "f", id);
        return COMMAND_USAGE;
    }

    rc = reports_state(&options->site, env, &options->state);

    if (rc != COMMAND_OK) {
        return rc;
    }

    store = store_open(options->state, 0, &err);
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


static int
main_run(int argc, char **argv, const mta_sts_env_t *env)
{
    int             ch;
    char            given[128];
    size_t          n;
    const char     *command;
    main_options_t  options;

    memset(&options, 0, sizeof(main_options_t));
    memset(given, 0, sizeof(given));

    options.format = "text";
    options.days = MAIN_DAYS;
    options.keep = MAIN_KEEP;

    while ((ch = command_getopt(argc, argv, ":c:d:p:f:h", options_long)) != -1)
    {
        if (ch == 'h') {
            main_usage(stdout);
            return COMMAND_OK;
        }

        if (!main_set(&options, ch, env)) {
            return COMMAND_USAGE;
        }

        given[strlen(given)] = strchr(given, ch) ? '\0' : (char) ch;
    }

    argv += optind;
    n = (size_t) (argc - optind);
    command = n && (strcmp(argv[0], "add") == 0 || strcmp(argv[0], "show") == 0)
              ? argv[0] : "";

    if (!main_allowed(given, command)) {
        return COMMAND_USAGE;
    }

    if (strcmp(command, "add") == 0) {
        return main_add(&options, argv + 1, n - 1, env);
    }

    if (strcmp(command, "show") == 0) {
        if (n != 2) {
            say("\"show\" takes one ID");
            return COMMAND_USAGE;
        }

        return main_show(&options, argv[1], env);
    }

    return main_summary(&options, argv, n, env);
}


int
main(int argc, char **argv)
{
    static char  name[] = "mta-sts reports";

    json_set_alloc_funcs(diag_malloc, free);

    return command_main(argc, argv, name, main_run);
}
