/*
 * The commands, one a file, and their table.
 */

#ifndef MTA_STS_COMMANDS_COMMAND_H
#define MTA_STS_COMMANDS_COMMAND_H


#include "cli/conf/site.h"
#include "cli/probe/probe.h"
#include "options.h"
#include "records/records.h"


/* Exit statuses. */

#define COMMAND_OK     0
#define COMMAND_ERROR  1          /* the input is wrong */
#define COMMAND_USAGE  2
#define COMMAND_UNKNOWN  3        /* the live world could not be seen */


typedef struct {
    const char  *name;
    const char  *arguments;
    const char  *description;
    unsigned     options;
    int        (*run)(const options_t *options, const mta_sts_env_t *env);
} command_t;


/*
 * Each prints to standard output, but nothing before its input is read and
 * found right; what is wrong it says.  Returns an exit status.
 */
int command_records(const options_t *options, const mta_sts_env_t *env);
int command_policy(const options_t *options, const mta_sts_env_t *env);
int command_list(const options_t *options, const mta_sts_env_t *env);
int command_check(const options_t *options, const mta_sts_env_t *env);
int command_generate(const options_t *options, const mta_sts_env_t *env);

/*
 * Reads the site that the options name.  Returns MTA_STS_OK, or MTA_STS_ERROR
 * after it has said what is wrong.
 */
int command_site(site_t *site, const options_t *options,
    const mta_sts_env_t *env);

/*
 * Gives the entries of the domains that are arguments, or without arguments
 * all, sorted by domain; says when no policy is configured at all.  Returns as
 * command_site().
 */
int command_entries(const site_t *site, const options_t *options,
    const mta_sts_env_t *env, mta_sts_entry_t **entries, size_t *n);

/*
 * Removes the entries of domains whose policy is not what nginx serves, and says
 * why.  Returns 1 if there are any.
 */
int command_refused(const site_t *site, mta_sts_entry_t *entries, size_t *n);


/*
 * What commands share that look at the live world.
 */


/*
 * Makes the settings of the options --resolver, --ca, --timeout and --jobs.
 *
 * Errors: invalid timeout or jobs, and the rule.
 */
int live_settings(net_settings_t *settings, const options_t *options,
    mta_sts_err_t *err);

/*
 * Shows on standard error, where that is a terminal, how far a command is; fits
 * into check_t.
 */
void live_progress(void *ctx, size_t done, size_t n);

/* Makes place for other output. */
void live_progress_clear(void);


/*
 * Which records are wanted, of the command line.
 */


/*
 * Makes wanted of --ttl, --delegate, --customer and --policy-host, in env's
 * memory.
 *
 * Errors: invalid ttl "VALUE", and the rule; options that do not go together;
 * those of mta_sts_target_set() and mta_sts_name_zone().
 */
int wanted_set(mta_sts_record_wanted_t *wanted, const options_t *options,
    const mta_sts_env_t *env, mta_sts_err_t *err);


#endif /* MTA_STS_COMMANDS_COMMAND_H */
