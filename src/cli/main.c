/*
 * mta-sts: the table of commands, and the exit status.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "cli/commands/command.h"
#include "cli/formats/formats.h"
#include "cli/report/report.h"
#include "cli/diag/diag.h"


#ifndef MTA_STS_VERSION
#define MTA_STS_VERSION  "unknown"
#endif


static const command_t  commands[] = {

    { "records", "[DOMAIN...]",
      "the DNS records of the configured domains",
      OPTIONS_CONF|OPTIONS_RECORDS|OPTIONS_NET, command_records },

    { "policy", "DOMAIN",
      "the exact bytes that are served for a domain",
      OPTIONS_CONF, command_policy },

    { "list", "[DOMAIN...]",
      "domains, policy hosts, modes, ids and where each is configured",
      OPTIONS_CONF|OPTIONS_HOSTS, command_list },

    { "check", "[DOMAIN...]",
      "whether DNS, HTTPS and mail servers agree with the configuration",
      OPTIONS_CONF|OPTIONS_CHECK|OPTIONS_NET, command_check },

    { "generate", "DOMAIN",
      "policy, records and nginx.conf from options alone",
      OPTIONS_SETTINGS, command_generate }
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

    (void) fprintf(out, "\nmta-sts COMMAND --help tells more; mta-sts "
                   "--version tells the version.\n");
}


static void
usage_command(FILE *out, const command_t *command)
{
    (void) fprintf(out, "usage: mta-sts %s [options] %s\n\n    %s\n",
                   command->name, command->arguments, command->description);

    options_usage(out, command->options);

    if (command->options & OPTIONS_RECORDS) {
        (void) fprintf(out, "\nformats:\n");
        format_usage(out);
    }

    if (command->options & OPTIONS_CHECK) {
        (void) fprintf(out, "\nformats:\n");
        report_usage(out);
    }
}


static const command_t *
command_find(const char *name)
{
    size_t  i;

    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }

    return NULL;
}


static int
command_run(const command_t *command, int argc, char **argv,
    const mta_sts_env_t *env)
{
    options_t  options;

    if (options_parse(&options, argc, argv, command->options, env)
        != MTA_STS_OK)
    {
        if (options.settings) {
            return COMMAND_USAGE;
        }

        /* memory ran out: to a caller, 2 would be another matter */

        return command->options & OPTIONS_CHECK ? COMMAND_UNKNOWN
                                                : COMMAND_ERROR;
    }

    if (options.help) {
        usage_command(stdout, command);
        return COMMAND_OK;
    }

    return command->run(&options, env);
}


/* What was not written is not done. */

static int
finish(int status)
{
    int  failed;

    failed = ferror(stdout);
    errno = 0;

    if (fclose(stdout) == 0 && !failed) {
        return status;
    }

    say("write error on standard output%s%s", errno ? ": " : "",
        errno ? strerror(errno) : "");

    return COMMAND_ERROR;
}


int
main(int argc, char **argv)
{
    int               status;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, say_warning, &arena };
    const command_t  *command;

    /* a closed pipe is a write error, not a silent end */

    (void) signal(SIGPIPE, SIG_IGN);

    if (argc < 2) {
        usage(stderr);
        return COMMAND_USAGE;
    }

    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return finish(COMMAND_OK);
    }

    if (strcmp(argv[1], "--version") == 0) {
        (void) printf("mta-sts %s\n", MTA_STS_VERSION);
        return finish(COMMAND_OK);
    }

    command = command_find(argv[1]);

    if (command == NULL) {
        say("unknown command \"%s\"", argv[1]);
        usage(stderr);
        return COMMAND_USAGE;
    }

    status = command_run(command, argc - 1, argv + 1, &env);

    mta_sts_arena_free(&arena);

    return finish(status);
}
