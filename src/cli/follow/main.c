/*
 * The program that "mta-sts follow" runs: its command line.
 */

#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/commands/command.h"
#include "cli/diag/diag.h"
#include "follow.h"


#define MAIN_TIMEOUT       30         /* seconds, as all of these */
#define MAIN_EVERY         5          /* with a query of changes */
#define MAIN_EVERY_LISTEN  60
#define MAIN_EVERY_FULL    60         /* without one */
#define MAIN_FULL          3600
#define MAIN_GRACE         86400
#define MAIN_TIME_MAX      31536000


static const struct option  options_long[] = {
    { "table", required_argument, NULL, 't' },
    { "domains", required_argument, NULL, 'd' },
    { "query", required_argument, NULL, 'q' },
    { "changes", required_argument, NULL, 'c' },
    { "listen", required_argument, NULL, 'l' },
    { "every", required_argument, NULL, 'e' },
    { "full", required_argument, NULL, 'f' },
    { "timeout", required_argument, NULL, 'T' },
    { "grace", required_argument, NULL, 'g' },
    { "allow-removals", no_argument, NULL, 'A' },
    { "state", required_argument, NULL, 's' },
    { "exec", required_argument, NULL, 'x' },
    { "metrics", required_argument, NULL, 'm' },
    { "once", no_argument, NULL, 'o' },
    { "init", required_argument, NULL, 'i' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


static void
main_usage(FILE *out)
{
    (void) fprintf(out,
        "usage: mta-sts follow [options] SOURCE --table TABLE\n"
        "       mta-sts follow --init sqlite:FILE\n\n"
        "    keeps a table equal to a database, for nginx\n\n"
        "SOURCE is postgresql://..., mysql://..., sqlite:FILE, or \"-\" for\n"
        "lines on standard input\n\n"
        "options:\n"
        "    --table TABLE        what mta_sts_domains names; it is replaced\n"
        "    -d FILE              a domains file with policies and settings,\n"
        "                         which rows name\n"
        "    --query SQL          selects all domains (default: those of the\n"
        "                         table mta_sts_domains)\n"
        "    --changes SQL        selects what has changed since a cursor\n"
        "    --listen CHANNEL     of PostgreSQL, which notifies of changes\n"
        "    --every TIME         between looks for changes (default: %ds,\n"
        "                         with --listen or without --changes %ds)\n"
        "    --full TIME          between reads of everything, if there is\n"
        "                         --changes or --listen (default: 1h)\n"
        "    --timeout TIME       of a silent source (default: %ds)\n"
        "    --grace TIME         how long a domain that left stays as it is\n"
        "                         (default: 1d)\n"
        "    --allow-removals     once, even if most domains have left\n"
        "    --state DIR          of mta-sts check, which says when senders\n"
        "                         are free\n"
        "    --exec COMMAND       gets the changed domains on standard input\n"
        "    --metrics FILE       for Prometheus, replaced when they change\n"
        "    --once               read, write and end, for cron\n"
        "    --init sqlite:FILE   instead: creates a database\n"
        "    -h                   this text\n",
        MAIN_EVERY, MAIN_EVERY_LISTEN, MAIN_TIMEOUT);
}


/* Returns 0 after it has said what is wrong. */

static int
main_time(const char *option, const char *value, unsigned *time)
{
    int64_t  n;

    n = mta_sts_duration_parse(mta_sts_str_from(value));

    if (n < 1 || n > MAIN_TIME_MAX) {
        say("invalid \"--%s %s\", must be a time from 1s to 1y", option,
            value);
        return 0;
    }

    *time = (unsigned) n;

    return 1;
}


/* Returns 0 after it has said what is wrong. */

static int
main_set(follow_settings_t *settings, int ch)
{
    switch (ch) {

    case 't':
        settings->table = optarg;
        return 1;

    case 'd':
        settings->policies = optarg;
        return 1;

    case 'q':
        settings->source.query = optarg;
        return 1;

    case 'c':
        settings->source.changes = optarg;
        return 1;

    case 'l':
        settings->source.listen = optarg;
        return 1;

    case 'e':
        return main_time("every", optarg, &settings->every);

    case 'f':
        return main_time("full", optarg, &settings->full);

    case 'T':
        return main_time("timeout", optarg, &settings->source.timeout);

    case 'g':
        return main_time("grace", optarg, &settings->grace);

    case 'A':
        settings->allow = 1;
        return 1;

    case 's':
        settings->state = optarg;
        return 1;

    case 'x':
        settings->exec = optarg;
        return 1;

    case 'm':
        settings->metrics = optarg;
        return 1;

    case 'o':
        settings->once = 1;
        return 1;

    default:
        return 0;
    }
}


static int
main_init(const char *url)
{
    mta_sts_err_t  err;

    if (feed_init(url, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    return COMMAND_OK;
}


/* The defaults that depend on other options, and on the source. */

static void
main_defaults(follow_settings_t *settings, const feed_t *feed)
{
    if (settings->every == 0) {
        settings->every = settings->source.listen ? MAIN_EVERY_LISTEN
                          : feed_has_changes(feed) ? MAIN_EVERY
                          : MAIN_EVERY_FULL;
    }
}


/*
 * Opens what is needed; the source is connected later.  Returns an exit status:
 * COMMAND_ERROR if the policies are wrong, or the name of the table is.
 */

static int
main_open(follow_t *follow, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&buf, follow->settings->table);
    mta_sts_buf_add_cstr(&buf, ".follow");

    if (rows_open(&follow->rows, err) != MTA_STS_OK) {
        return COMMAND_ERROR;
    }

    if (replica_open(&follow->replica,
                     mta_sts_str_from(follow->settings->table), env, err)
        != MTA_STS_OK)
    {
        return err->errnum ? COMMAND_UNKNOWN : COMMAND_ERROR;
    }

    if (signals_init(err) != MTA_STS_OK) {
        return COMMAND_UNKNOWN;
    }

    follow->memo = memo_open(mta_sts_str_copy(env, mta_sts_buf_str(&buf)).data,
                             err);

    return follow->memo ? COMMAND_OK : COMMAND_UNKNOWN;
}


static int
main_follow(follow_settings_t *settings, const mta_sts_env_t *env)
{
    int            status;
    follow_t      *follow;
    mta_sts_err_t  err;

    follow = diag_calloc(1, sizeof(follow_t));

    follow->settings = settings;
    follow->allow = settings->allow;
    follow->rows.file = settings->policies;
    follow->replica.lock = -1;
    follow->place = strcmp(settings->url, "-") == 0
                    ? mta_sts_str("stdin")
                    : mta_sts_str_from(settings->url);

    follow->feed = feed_open(settings->url, &settings->source, &err);

    if (follow->feed == NULL) {
        say_error(&err);
        status = COMMAND_USAGE;

    } else {
        status = main_open(follow, env, &err);

        if (status == COMMAND_OK) {
            main_defaults(settings, follow->feed);
            status = follow_run(follow);

        } else {
            say_error(&err);
        }
    }

    memo_close(follow->memo);
    feed_close(follow->feed);
    rows_close(&follow->rows);
    replica_close(&follow->replica);
    free(follow);

    return status;
}


/* May the file of the metrics be replaced?  Says why not. */

static int
main_check_metrics(const char *file)
{
    int          ours;
    char         begin[7];
    FILE        *in;
    struct stat  st;

    if (stat(file, &st) != 0) {
        return 1;
    }

    if (!S_ISREG(st.st_mode)) {
        say("\"%s\" is not a regular file, so it is not replaced", file);
        return 0;
    }

    if (st.st_size == 0) {
        return 1;
    }

    in = fopen(file, "re");
    ours = in && fread(begin, 1, sizeof(begin), in) == sizeof(begin)
           && (memcmp(begin, "# HELP ", 7) == 0
               || memcmp(begin, "# TYPE ", 7) == 0);

    if (in) {
        (void) fclose(in);
    }

    if (!ours) {
        say("\"%s\" has no metrics, so \"--metrics\" does not replace it",
            file);
    }

    return ours;
}


/*
 * Without a state nothing is wrong until domains leave, days later, so a
 * misspelled one is said now.  Returns 0 if a file must not be written.
 */

static int
main_check_files(const follow_settings_t *settings)
{
    struct stat  st;

    if (settings->metrics && !main_check_metrics(settings->metrics)) {
        return 0;
    }

    if (settings->state
        && (stat(settings->state, &st) != 0 || !S_ISDIR(st.st_mode)))
    {
        say("warning: the directory \"%s\" of \"--state\" does not exist: "
            "domains that leave stay \"none\" until it does",
            settings->state);
    }

    return 1;
}


static int
main_run(int argc, char **argv, const mta_sts_env_t *env)
{
    int                ch, others;
    const char        *init;
    follow_settings_t  settings;

    memset(&settings, 0, sizeof(follow_settings_t));

    init = NULL;
    others = 0;
    settings.full = MAIN_FULL;
    settings.grace = MAIN_GRACE;
    settings.source.timeout = MAIN_TIMEOUT;

    while ((ch = command_getopt(argc, argv, ":d:h", options_long)) != -1) {

        if (ch == 'h') {
            main_usage(stdout);
            return COMMAND_OK;
        }

        if (ch == 'i') {
            others |= init != NULL;
            init = optarg;
            continue;
        }

        others = 1;

        if (!main_set(&settings, ch)) {
            return COMMAND_USAGE;
        }
    }

    if (init && (others || optind != argc)) {
        say("\"--init\" takes no other option and no SOURCE: follow the "
            "database when it is created");
        return COMMAND_USAGE;
    }

    if (init) {
        return main_init(init);
    }

    if (argc - optind != 1 || settings.table == NULL) {
        say("command \"follow\" needs one SOURCE and --table TABLE");
        return COMMAND_USAGE;
    }

    if (settings.policies && strcmp(settings.policies, "-") == 0) {
        say("\"-d -\": SIGHUP reads the policies again, so they must be in a "
            "file");
        return COMMAND_USAGE;
    }

    if (!main_check_files(&settings)) {
        return COMMAND_USAGE;
    }

    settings.url = argv[optind];
    settings.source.stopped = follow_stopped;

    return main_follow(&settings, env);
}


int
main(int argc, char **argv)
{
    static char  name[] = "mta-sts follow";

    return command_main(argc, argv, name, main_run);
}
