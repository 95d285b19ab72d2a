/*
 * The commands, one per file, the command line that they are called with, and
 * what they share.
 */

#ifndef MTA_STS_COMMANDS_COMMAND_H
#define MTA_STS_COMMANDS_COMMAND_H


#include <stdio.h>

#include "cli/conf/site.h"
#include "cli/formats/formats.h"
#include "cli/probe/probe.h"
#include "policy/policy.h"


/* nginx's own path; the build sets it. */

#ifndef MTA_STS_CONF_PATH
#define MTA_STS_CONF_PATH  "/etc/nginx/nginx.conf"
#endif

/* Where the reports are if nothing says so. */

#define MTA_STS_STATE_DIR  "/var/lib/nginx-mta-sts"


/* Exit statuses. */

#define COMMAND_OK       0
#define COMMAND_ERROR    1            /* the input is wrong */
#define COMMAND_USAGE    2
#define COMMAND_UNKNOWN  3            /* the live world could not be seen */


/* Groups of options; a command takes some of them. */

#define OPTIONS_CONF      1           /* -c, -d, -p */
#define OPTIONS_RECORDS   2           /* -o, which records, which zones */
#define OPTIONS_SETTINGS  4           /* --mode and other settings */
#define OPTIONS_HOSTS     8           /* --hosts and which of them */
#define OPTIONS_CHECK     16          /* -f, --no-config, what to check */
#define OPTIONS_NET       32          /* --resolver, --ca, --timeout, --jobs */
#define OPTIONS_FORMAT    64          /* -f, --provider, of records */
#define OPTIONS_COMPILE   128         /* -d, -o */
#define OPTIONS_STATE     256         /* --state */
#define OPTIONS_PLAN      512         /* -f, --until */
#define OPTIONS_TREE      1024        /* --tree, --prune */
#define OPTIONS_IMPORT    2048        /* -f, -o, --from-conf, --repair */
#define OPTIONS_REPORTS   4096        /* all of reports */
#define OPTIONS_FOLLOW    8192        /* all of follow */


/* A policy setting and its value. */

typedef struct {
    mta_sts_setting_e  setting;
    mta_sts_value_t    value;
} options_setting_t;


/* The values of an option that may be repeated, in their order. */

typedef struct {
    mta_sts_value_t  *values;
    size_t            n;
} options_list_t;


/*
 * An option that is not on the command line is NULL, 0, empty or its default.
 */

typedef struct {
    const char         *conf;
    const char         *domains;
    const char         *prefix;
    const char         *format;
    const char         *output;
    const char         *tree;
    const char         *delegate;
    const char         *provider;
    const char         *zones_from;
    const char         *domains_from;
    const char         *from_conf;
    const char         *delegated_from;
    const char         *fail_on;
    const char         *since;
    const char         *state;
    const char         *until;
    const char         *table;
    const char         *query;
    const char         *changes;
    const char         *listen;
    const char         *exec;
    const char         *metrics;
    const char         *init;

    unsigned            ttl;          /* seconds */
    unsigned            every;        /* seconds, as up to grace; or 0 */
    unsigned            full;
    unsigned            silent;
    unsigned            grace;
    unsigned            days;
    unsigned            keep;         /* days */
    net_settings_t      net;

    options_list_t      zones;
    options_list_t      policy_hosts;
    options_list_t      accept;
    options_list_t      only;
    options_list_t      pointing;
    options_list_t      trusted;
    options_list_t      args;

    options_setting_t  *settings;     /* in the order of the command line */
    size_t              n_settings;

    int                 customer;
    int                 escaped_semicolons;
    int                 served;
    int                 smtp;
    int                 changed;
    int                 removed;
    int                 only_changes;
    int                 prune;
    int                 before_reload;
    int                 new_only;
    int                 repair;
    int                 no_config;
    int                 no_smtp;
    int                 hosts;
    int                 without_certificate;
    int                 pipe;
    int                 allow_removals;
    int                 once;
    int                 help;
} options_t;


typedef struct {
    const char  *name;
    const char  *arguments;
    const char  *description;
    unsigned     options;
    int        (*run)(const options_t *options, const mta_sts_env_t *env);
    void       (*formats)(FILE *out);  /* of -f; or NULL */
    int        (*program)(int argc, char **argv);  /* instead of run; or NULL */
} command_t;


/*
 * Parses the arguments of a command, after its name, in env's memory.  Returns
 * MTA_STS_OK, or MTA_STS_ERROR after it has said what is wrong.
 */
int options_parse(options_t *options, int argc, char **argv,
    const command_t *command, const mta_sts_env_t *env);

/* Prints the options of the allowed groups. */
void options_usage(FILE *out, unsigned allowed);

/* Prints what --help does. */
void command_usage(FILE *out, const command_t *command);

/* Parses the arguments, and runs the command or prints its help. */
int command_run(const command_t *command, int argc, char **argv,
    const mta_sts_env_t *env);


/*
 * Each prints to standard output, but nothing before its input is read and
 * valid; it says what is wrong.  Returns an exit status.
 */
int command_records(const options_t *options, const mta_sts_env_t *env);
int command_policy(const options_t *options, const mta_sts_env_t *env);
int command_list(const options_t *options, const mta_sts_env_t *env);
int command_compile(const options_t *options, const mta_sts_env_t *env);
int command_check(const options_t *options, const mta_sts_env_t *env);
int command_plan(const options_t *options, const mta_sts_env_t *env);
int command_generate(const options_t *options, const mta_sts_env_t *env);
int command_import(const options_t *options, const mta_sts_env_t *env);

/*
 * Becomes the program of a command, argv[0], such as "reports"; the other
 * arguments are its own.  Returns only after it has said why it could not.
 */
int command_program(int argc, char **argv);

/*
 * The exit status of a failure where an argument is "--pipe": a mail server
 * tries again after EX_TEMPFAIL, and sends the mail back after any other.
 */
int command_pipe_status(int argc, char **argv, int status);

/* The main() of such a program: runs its command, and gives the exit status. */
int command_main(int argc, char **argv, const command_t *command);

/*
 * Flushes and closes standard output.  Output that is not written is an error,
 * but one without a message where the reader of a pipe has what it wants.
 * Returns the exit status, which is status if all is written.
 */
int command_finish(int status);

/*
 * Reads the site that the options name.  Returns COMMAND_OK, or another exit
 * status after it has said what is wrong.
 */
int command_site(site_t *site, const options_t *options,
    const mta_sts_env_t *env);

/*
 * Reads names that are separated by white space from a file, or from standard
 * input for "-", into env's memory; "#" begins a comment.
 *
 * Errors: open() or read() "FILE" failed; no name is in "FILE".
 */
int command_names(const char *file, const mta_sts_env_t *env,
    mta_sts_values_t *names, mta_sts_err_t *err);

/*
 * Gives the names of domains that are arguments or in --domains-from, in env's
 * memory.  Errors: those of command_names().
 */
int command_domains(const options_t *options, const mta_sts_env_t *env,
    mta_sts_values_t *names, mta_sts_err_t *err);

/*
 * Makes entries without a policy of names, sorted, each domain once.
 *
 * Errors: invalid domain "NAME", and the rule.
 */
int command_unconfigured(const mta_sts_values_t *names,
    const mta_sts_env_t *env, mta_sts_entry_t **entries, size_t *n,
    mta_sts_err_t *err);

/* Says that no policy is configured at all. */
void command_say_empty(const site_t *site);

/* Says which policies are for domains that the configuration does not name. */
void command_say_defaults(const site_t *site);

/*
 * Gives the entries of the domains that are arguments or in --domains-from, or
 * without both all, sorted by domain, without duplicates; says so if no policy
 * is configured at all.  Returns MTA_STS_OK, or MTA_STS_ERROR after it has said
 * what is wrong.
 */
int command_entries(const site_t *site, const options_t *options,
    const mta_sts_env_t *env, mta_sts_entry_t **entries, size_t *n);

/*
 * The format of -f and its settings, those of records; NULL after it has said
 * what is wrong.
 */
const mta_sts_format_t *command_format(const options_t *options,
    mta_sts_format_settings_t *settings);

/*
 * Removes the entries of domains whose policy is not what nginx serves, and
 * says why.  Returns 1 if there are any.
 */
int command_refused(const site_t *site, mta_sts_entry_t *entries, size_t *n);

/*
 * Keeps the entries whose policy host resolves, and only to the addresses of
 * --pointing.
 *
 * Errors: those of mta_sts_target_set() and net_init(); invalid address
 * "NAME", must be an IP address.
 */
int command_pointing(const options_t *options, const mta_sts_env_t *env,
    mta_sts_entry_t *entries, size_t *n, mta_sts_err_t *err);

/*
 * Shows the progress of a command on standard error, if that is a terminal, for
 * check_t; and removes it for other output.
 */
void command_progress(void *ctx, size_t done, size_t n);
void command_progress_clear(void);


#endif /* MTA_STS_COMMANDS_COMMAND_H */
