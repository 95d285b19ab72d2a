/*
 * Mail servers and patterns, in both directions (RFC 8461, 4.1).
 */

#include "check.h"


/*
 * The patterns that senders go by: those of the live policy, or else of the
 * configured one.  Returns the mode, or -1 where there is neither.
 */

static int
drift_patterns(domain_t *domain, mta_sts_str_t **mx, size_t *n)
{
    size_t                   cursor;
    mta_sts_str_t            pattern, *list;
    const mta_sts_policy_t  *policy;

    if (domain->fetched && domain->policy.valid) {
        *mx = domain->policy.mx;
        *n = domain->policy.n;

        return domain->policy.mode;
    }

    policy = domain->result.entry->policy;
    if (policy == NULL) {
        return -1;
    }

    /* each pattern is a line of the body */

    list = domain->env.alloc(domain->env.ctx,
                             (policy->len / 6 + 1u) * sizeof(mta_sts_str_t));
    if (list == NULL) {
        domain->failed = 1;
        return -1;
    }

    cursor = 0;
    *n = 0;
    *mx = list;

    while (mta_sts_policy_next_mx(policy, &cursor, &pattern)) {
        list[(*n)++] = pattern;
    }

    return policy->mode;
}


void
domain_drift(domain_t *domain)
{
    int             mode;
    size_t          i, k, n;
    mta_sts_str_t  *patterns;

    mode = drift_patterns(domain, &patterns, &n);

    if (mode == -1 || mode == MTA_STS_NONE || !domain->mx_known) {
        return;
    }

    for (i = 0; i < domain->n_mx; i++) {

        for (k = 0; k < n; k++) {
            if (body_mx_matches(patterns[k], domain->mx[i])) {
                break;
            }
        }

        if (k == n) {
            finding_add(&domain->result.findings, MX_NOT_COVERED, "%.*s "
                        "matches no mx of the policy; in mode enforce no mail "
                        "is sent to it; add it, or remove the MX record",
                        MTA_STS_SHOW(domain->mx[i]));
        }
    }

    for (k = 0; k < n; k++) {

        for (i = 0; i < domain->n_mx; i++) {
            if (body_mx_matches(patterns[k], domain->mx[i])) {
                break;
            }
        }

        if (i == domain->n_mx) {
            finding_add(&domain->result.findings, MX_STALE, "mx %.*s matches "
                        "no mail server of the domain; remove it if it is not "
                        "for one to come", MTA_STS_SHOW(patterns[k]));
        }
    }
}
