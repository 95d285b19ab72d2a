/*
 * The program that "mta-sts follow" runs: its command line.
 */

#include <stdlib.h>
#include <sys/stat.h>

#include "cli/commands/command.h"
#include "cli/diag/diag.h"
#include "follow.h"


#define MAIN_EVERY         5          /* seconds, with a query of changes */
#define MAIN_EVERY_LISTEN  60
#define MAIN_EVERY_FULL    60         /* without one */


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


/* Opens what is needed; the source is connected later. */

static int
main_open(follow_t *follow, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&buf, follow->settings->table);
    mta_sts_buf_add_cstr(&buf, ".follow");

    if (rows_open(&follow->rows, err) != MTA_STS_OK
        || replica_open(&follow->replica,
                        mta_sts_str_from(follow->settings->table), env, err)
           != MTA_STS_OK
        || signals_init(err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    follow->memo = memo_open(mta_sts_str_copy(env, mta_sts_buf_str(&buf)).data,
                             err);

    return follow->memo ? MTA_STS_OK : MTA_STS_ERROR;
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

    } else if (main_open(follow, env, &err) != MTA_STS_OK) {
        say_error(&err);
        status = follow->replica.unread ? COMMAND_UNKNOWN : COMMAND_ERROR;

    } else {
        main_defaults(settings, follow->feed);
        status = follow_run(follow);
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
main_run(const options_t *options, const mta_sts_env_t *env)
{
    follow_settings_t  settings = {
        .table = options->table,
        .policies = options->domains,
        .state = options->state,
        .exec = options->exec,
        .metrics = options->metrics,
        .every = options->every,
        .full = options->full,
        .grace = options->grace,
        .allow = options->allow_removals,
        .once = options->once,
        .source = {
            .query = options->query,
            .changes = options->changes,
            .listen = options->listen,
            .timeout = options->silent,
            .stopped = follow_stopped
        }
    };

    if (options->init) {
        return main_init(options->init);
    }

    if (options->args.n != 1 || settings.table == NULL) {
        say("command \"follow\" needs one SOURCE and --table TABLE");
        return COMMAND_USAGE;
    }

    if (!main_check_files(&settings)) {
        return COMMAND_USAGE;
    }

    settings.url = options->args.values[0].text.data;

    return main_follow(&settings, env);
}


static const command_t  command = {
    "follow", "SOURCE --table TABLE | --init sqlite:FILE",
    "keeps a table equal to a database, for nginx; SOURCE is\n"
    "    postgresql://..., mysql://..., sqlite:FILE, or \"-\" for lines on\n"
    "    standard input",
    OPTIONS_FOLLOW, main_run, NULL, NULL
};


int
main(int argc, char **argv)
{
    return command_main(argc, argv, &command);
}
