/*
 * The policies of a table that is being built, equal ones kept once.
 */

#ifndef MTA_STS_POLICIES_H
#define MTA_STS_POLICIES_H


#include "table.h"


/* Zero one to begin with, and set the builder. */

typedef struct {
    mta_sts_table_builder_t  *builder;
    uint32_t                 *slots;     /* 1 + the index of a policy, or 0 */
    uint8_t                  *tags;      /* of their hashes */
    size_t                    n_slots;
    size_t                    n;
    mta_sts_digest_t          digest;
} mta_sts_policies_t;


/*
 * Renders the policy of settings that have inherited, adds it to the builder
 * and gives its index there.  The bytes of a policy that equals an earlier one
 * are not kept a second time; with a label it has an index of its own still.
 * Memory of scratch is not used after the call; label must live as long as
 * the table.
 *
 * Errors: those of mta_sts_policy_render() and mta_sts_table_add_policy().
 */
int mta_sts_policies_add(mta_sts_policies_t *policies,
    mta_sts_settings_t *settings, mta_sts_str_t label,
    const mta_sts_env_t *env, const mta_sts_env_t *scratch, uint32_t *index,
    mta_sts_err_t *err);

/* Frees what is only needed while policies are added. */
void mta_sts_policies_free(mta_sts_policies_t *policies);


#endif /* MTA_STS_POLICIES_H */
