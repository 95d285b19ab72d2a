/*
 * mta-sts: the table of commands, and the exit status.
 */

#include <ares.h>
#include <idn2.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <signal.h>

#include "domains/yaml.h"
#include "cli/commands/command.h"
#include "cli/diag/diag.h"
#include "cli/import/import.h"
#include "cli/plan/output.h"
#include "cli/report/report.h"


#ifndef MTA_STS_VERSION
#define MTA_STS_VERSION  "unknown"
#endif


static const command_t  commands[] = {

    { "records", "[DOMAIN...]",
      "the DNS records of the configured domains",
      OPTIONS_CONF|OPTIONS_FORMAT|OPTIONS_RECORDS|OPTIONS_NET|OPTIONS_STATE,
      command_records,
      format_usage, NULL },

    { "policy", "DOMAIN | --tree DIR [DOMAIN...]",
      "the exact bytes that are served for a domain",
      OPTIONS_CONF|OPTIONS_TREE, command_policy, NULL, NULL },

    { "list", "[DOMAIN...]",
      "domains, policy hosts, modes, ids and where each is configured",
      OPTIONS_CONF|OPTIONS_HOSTS|OPTIONS_NET, command_list, NULL, NULL },

    { "compile", "-d FILE... -o TABLE",
      "domains files into a table that nginx maps",
      OPTIONS_COMPILE, command_compile, NULL, NULL },

    { "check", "[DOMAIN...]",
      "whether DNS, HTTPS and mail servers agree with the configuration",
      OPTIONS_CONF|OPTIONS_CHECK|OPTIONS_NET|OPTIONS_STATE, command_check,
      report_usage, NULL },

    { "plan", "[DOMAIN...] | note DOMAIN | forget DOMAIN...",
      "what may be done next, and when: promote, move an MX, leave",
      OPTIONS_CONF|OPTIONS_STATE|OPTIONS_PLAN, command_plan,
      plan_format_usage, NULL },

    { "generate", "DOMAIN",
      "policy, records and nginx.conf from options alone",
      OPTIONS_SETTINGS|OPTIONS_FORMAT, command_generate, format_usage, NULL },

    { "import", "DOMAIN... | --from-conf FILE [DOMAIN...]",
      "policies that others serve into a domains file",
      OPTIONS_IMPORT|OPTIONS_NET, command_import, import_usage, NULL },

    { "reports", "[DOMAIN...] | add [FILE...] | show ID",
      "what the TLS reports of senders say",
      0, NULL, NULL, command_program },

    { "follow", "SOURCE --table TABLE",
      "keeps a table equal to a database, for nginx",
      0, NULL, NULL, command_program }
};

#define COMMANDS  (sizeof(commands) / sizeof(commands[0]))


static void
usage(FILE *out)
{
    size_t  i;

    (void) fprintf(out, "usage: mta-sts COMMAND [options] [DOMAIN...]\n\n");

    for (i = 0; i < COMMANDS; i++) {
        (void) fprintf(out, "    %-11s %s\n", commands[i].name,
                       commands[i].description);
    }

    (void) fprintf(out, "\nmta-sts help COMMAND prints the options of a "
                   "command; mta-sts --version\nprints the versions of "
                   "mta-sts and its libraries.\n");
}


static void
version(void)
{
    (void) printf("mta-sts %s\n", MTA_STS_VERSION);
    (void) printf("c-ares %s\n", ares_version(NULL));
    (void) printf("jansson %s\n", jansson_version_str());
    (void) printf("libcurl %s\n", curl_version_info(CURLVERSION_NOW)->version);
    (void) printf("libidn2 %s\n", idn2_check_version(NULL));
    (void) printf("libyaml %s\n", mta_sts_yaml_version());
    (void) printf("OpenSSL %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
}


/*
 * The command of that name; NULL after it has said that there is none, and
 * which is the nearest.
 */

static const command_t *
command_find(const char *name)
{
    size_t             i;
    mta_sts_err_t      err;
    mta_sts_nearest_t  nearest;

    memset(&nearest, 0, sizeof(mta_sts_nearest_t));

    nearest.wanted = mta_sts_str_from(name);

    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }

        mta_sts_nearest_add(&nearest, mta_sts_str_from(commands[i].name));
    }

    (void) mta_sts_nearest_error(&nearest, "command", MTA_STS_NOWHERE, &err);
    say_error(&err);
    usage(stderr);

    return NULL;
}


/* Runs argv[0], or prints the help that is asked for. */

static int
run(int argc, char **argv, const mta_sts_env_t *env)
{
    int               help;
    const command_t  *command;

    static char  help_option[] = "--help";

    help = strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0
           || strcmp(argv[0], "-h") == 0;

    if (help && argc == 1) {
        usage(stdout);
        return COMMAND_OK;
    }

    if (strcmp(argv[0], "--version") == 0) {
        version();
        return COMMAND_OK;
    }

    command = command_find(argv[help]);

    if (command == NULL) {
        return COMMAND_USAGE;
    }

    if (command->program) {
        argv += help;
        argc -= help;

        if (help && argc == 1) {
            argv[argc++] = help_option;
        }

        return command->program(argc, argv);
    }

    if (help) {
        command_usage(stdout, command);
        return COMMAND_OK;
    }

    return command_run(command, argc, argv, env);
}


int
main(int argc, char **argv)
{
    int              status;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena,
                             site_is_public_suffix };

    /* a closed connection is an error of one transfer, not an end */

    (void) signal(SIGPIPE, SIG_IGN);

    if (argc < 2) {
        usage(stderr);
        return COMMAND_USAGE;
    }

    status = run(argc - 1, argv + 1, &env);

    mta_sts_arena_free(&arena);

    return command_pipe_status(argc, argv, command_finish(status));
}
