/*
 * What commands share that remember something: the state, domains that left the
 * configuration, and records that were published.
 */

#ifndef MTA_STS_COMMANDS_MEMORY_H
#define MTA_STS_COMMANDS_MEMORY_H


#include "cli/state/state.h"
#include "command.h"


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

/* Records what was printed of a plan: what is not held back. */
void command_published(state_t *state, const plan_t *plan);

/*
 * Prints the deletions of "records --removed": only what the rules allow to go,
 * and says what stays until when.  Returns an exit status.
 */
int command_removed(const options_t *options, const site_t *site,
    state_t *state, const zones_t *zones, const mta_sts_env_t *env);


#endif /* MTA_STS_COMMANDS_MEMORY_H */
