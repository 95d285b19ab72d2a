/*
 * The commands, one a file, and their table.
 */

#ifndef MTA_STS_COMMAND_H
#define MTA_STS_COMMAND_H


#include "../options.h"
#include "../site/site.h"


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


#endif /* MTA_STS_COMMAND_H */
