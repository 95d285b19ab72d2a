/*
 * What commands share that remember something: the state, and what the rules
 * say before something is printed.
 */

#ifndef MTA_STS_COMMANDS_MEMORY_H
#define MTA_STS_COMMANDS_MEMORY_H


#include "cli/state/state.h"
#include "command.h"


/*
 * Opens the state of --state, or else of the site; see state_open().  site may
 * be NULL.
 */
state_t *command_state(const options_t *options, const site_t *site);

/* Does a file have domains, and not nginx's directives? */
int command_is_yaml(const options_t *options, mta_sts_str_t file);

/* A rendered policy as the rules have it, in env's memory. */
plan_policy_t *command_policy_of(const mta_sts_policy_t *policy,
    const mta_sts_env_t *env);

/*
 * Says what the rules have against the n entries: bytes that came before, and
 * with announce also a record that is too early.  Drops those entries and
 * returns how many they are.
 */
size_t command_gate(state_t *state, mta_sts_entry_t *entries, size_t *n,
    int announce);

/*
 * Adds to n entries, which are sorted, those of domains that left the
 * configuration and may still be believed, without a policy: to look at them.
 */
void command_left(state_t *state, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n);

/*
 * Says which domains left the configuration while they are believed; n entries
 * are configured, sorted.  Returns how many.
 */
size_t command_orphans(state_t *state, const mta_sts_entry_t *entries,
    size_t n);

/* Records what was printed for n entries. */
void command_published(state_t *state, const mta_sts_entry_t *entries,
    size_t n, const mta_sts_record_wanted_t *wanted);

/*
 * Prints the deletions of "records --removed": only what the rules allow to go,
 * and says what stays until when.  Returns an exit status.
 */
int command_removed(const options_t *options, const site_t *site,
    state_t *state, const zones_t *zones, const mta_sts_env_t *env);


#endif /* MTA_STS_COMMANDS_MEMORY_H */
