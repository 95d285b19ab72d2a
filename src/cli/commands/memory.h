/*
 * What commands share that remember something: the state, domains that left the
 * configuration, and records that were published.
 */

#ifndef MTA_STS_COMMANDS_MEMORY_H
#define MTA_STS_COMMANDS_MEMORY_H


#include <jansson.h>

#include "cli/state/state.h"
#include "command.h"


/* Says that a command needs a state and that there is none. */
void command_say_stateless(void);

/*
 * The directory of --state, or else of the site; NULL for none.  site may be
 * NULL.
 */
const char *command_state_dir(const options_t *options, const site_t *site);

/* Opens the state in it; see state_open(). */
state_t *command_state(const options_t *options, const site_t *site);

/*
 * Adds to n entries, which are sorted, those of domains that left the
 * configuration and may still be believed, without a policy: to look at them.
 */
void command_left(state_t *state, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n);

/*
 * Says which domains left the configuration while they are believed; entries
 * are those that are configured.  Returns how many.
 */
size_t command_orphans(state_t *state, const entries_t *entries);

/*
 * Adds a domain to list, an array, with the findings that "check --new" has
 * reported of it, as report_since_list() takes them.
 */
void command_news_read(json_t *list, state_t *state, mta_sts_str_t name);

/* Stores what list has after report_since_list(): it was reported. */
void command_news_write(const json_t *list, state_t *state);

/* Records what was printed of a plan: what is not held back. */
void command_published(state_t *state, const plan_t *plan);

/*
 * Prints the deletions of "records --removed": only what the rules allow to go,
 * and says what stays until when.  Returns an exit status.
 */
int command_removed(const options_t *options, const site_t *site,
    state_t *state, const zones_t *zones, const mta_sts_env_t *env);


#endif /* MTA_STS_COMMANDS_MEMORY_H */
