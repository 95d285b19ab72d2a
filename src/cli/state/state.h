/*
 * What the helper remembers: one SQLite file in a directory that the operator
 * names.  Nothing is written without one.
 *
 * A state that cannot be read or written is reported once, on standard error,
 * and from then on it is empty and takes nothing: the command goes on, and
 * state_close() says that its exit status is to be "could not look".
 */

#ifndef MTA_STS_STATE_STATE_H
#define MTA_STS_STATE_STATE_H


#include "cli/judge/judge.h"
#include "cli/plan/plan.h"


typedef struct state_s  state_t;


/* What is known of a domain; texts are empty where nothing is. */

typedef struct {
    mta_sts_str_t    name;
    plan_history_t   history;
    mta_sts_str_t    records;     /* that were published last: a line
                                     "NAME TTL TYPE VALUE" each */
    mta_sts_str_t    findings;    /* of the last check: a line
                                     "SEVERITY CODE TEXT" each */
    mta_sts_str_t    runs;        /* of check in the last days: a line
                                     "TIME ERRORS UNKNOWN SMTP" each */
    int64_t          configured;  /* when it was in the configuration last */
    int64_t          forgotten;   /* "plan forget", or 0 */
} state_domain_t;


/*
 * Opens the file in dir, and creates or upgrades it where needed.  dir NULL is
 * no state: every function then does nothing.  Never NULL.
 *
 * Waits up to a minute for another process that writes.
 */
state_t *state_open(const char *dir);

/* Is there a state, and has it not failed? */
int state_is_open(const state_t *state);

/* Commits and frees; returns 0 if anything failed on the way. */
int state_close(state_t *state);

/*
 * Gives what is known of a domain, in env's memory; what follows up to the next
 * state_pause() is one transaction.  Returns 0 when nothing is known; domain is
 * empty then, with its name.
 */
int state_get(state_t *state, mta_sts_str_t name, const mta_sts_env_t *env,
    state_domain_t *domain);

/* Stores it. */
void state_put(state_t *state, const state_domain_t *domain);

/*
 * Lets other processes write, if a transaction has been open for a while: to be
 * called where a command may have to wait for something.
 */
void state_pause(state_t *state);

/*
 * Calls each for every domain in the order of their names; a domain is valid
 * until it returns.  each must not call state_put().
 */
void state_each(state_t *state,
    void (*each)(void *ctx, state_domain_t *domain), void *ctx);


/*
 * Records what a check or a gate saw of a domain that is configured: the look,
 * and with PROBE_RECORDS the findings and the run.
 */
void state_record(state_t *state, const result_t *result);

/* Records that a domain's records were printed. */
void state_published(state_t *state, mta_sts_str_t domain,
    mta_sts_str_t records);

/* A rendered policy as the rules have it, in env's memory. */
plan_policy_t *state_policy(const mta_sts_policy_t *policy,
    const mta_sts_env_t *env);

/*
 * Do the rules forbid that the policy of an entry is served, since its bytes
 * came before, or with announce that its record is published now?  Returns the
 * number of the rule, and in err the reason and from when on it is safe; or 0.
 */
unsigned state_refuses(state_t *state, const mta_sts_entry_t *entry,
    int announce, mta_sts_err_t *err);


#endif /* MTA_STS_STATE_STATE_H */
