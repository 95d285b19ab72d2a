/*
 * The nginx server block that serves a policy, and the entry of a domains file,
 * for people to copy.
 */

#ifndef MTA_STS_BLOCK_H
#define MTA_STS_BLOCK_H


#include "policy.h"


/*
 * Appends a complete server block for the policy domain, with every setting
 * spelt out.  What it says renders to the same bytes again.
 */
void mta_sts_block_add(mta_sts_text_t *text, const mta_sts_settings_t *settings,
    mta_sts_str_t domain);

/*
 * Appends the same as the domains file of one domain (README: "Many domains").
 * Returns MTA_STS_ERROR when memory ran out.
 */
int mta_sts_block_add_yaml(mta_sts_text_t *text,
    const mta_sts_settings_t *settings, mta_sts_str_t domain);


#endif /* MTA_STS_BLOCK_H */
