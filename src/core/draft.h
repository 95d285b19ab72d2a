/*
 * The policy of one domain without any configuration: what mta-sts generate
 * and the page make of what they are told.
 */

#ifndef MTA_STS_DRAFT_H
#define MTA_STS_DRAFT_H


#include "server.h"


/* Zero one to begin with; name the domain, set settings, end. */

typedef struct {
    mta_sts_str_t       domain;
    mta_sts_settings_t  settings;
    mta_sts_entry_t     entry;          /* when it has ended */
} mta_sts_draft_t;


/*
 * Normalises the policy domain.  Errors: invalid domain "DOMAIN", and the rule;
 * out of memory.
 */
int mta_sts_draft_domain(mta_sts_draft_t *draft, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* Sets a setting; errors are those of mta_sts_settings_set(). */
int mta_sts_draft_set(mta_sts_draft_t *draft, mta_sts_setting_e setting,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Does the mode need an mx, and is none set? */
int mta_sts_draft_lacks_mx(const mta_sts_draft_t *draft);

/*
 * Renders the policy, with the warnings that nginx would give, into env's
 * memory.  Errors are those of mta_sts_server_build().
 */
int mta_sts_draft_end(mta_sts_draft_t *draft, const mta_sts_env_t *env,
    mta_sts_err_t *err);


#endif /* MTA_STS_DRAFT_H */
