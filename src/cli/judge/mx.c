/*
 * MX hosts and mx patterns, in both directions (RFC 8461, 4.1).
 */

#include "policy/policy.h"
#include "judge.h"


/* What is no host name has a finding of its own. */

static int
mx_is_covered(mta_sts_str_t host, const body_t *policy)
{
    size_t  i;

    if (!mta_sts_name_is_host(host)) {
        return 1;
    }

    for (i = 0; i < policy->n; i++) {
        if (mta_sts_name_matches_mx(policy->mx[i], host)) {
            return 1;
        }
    }

    return 0;
}


static int
mx_is_used(mta_sts_str_t pattern, const facts_t *facts)
{
    size_t  i;

    for (i = 0; i < facts->n_mail; i++) {
        if (mta_sts_name_matches_mx(pattern, facts->mail[i]->name)) {
            return 1;
        }
    }

    return 0;
}


int
mx_covered(const facts_t *facts, const body_t *policy, findings_t *findings)
{
    int     covered;
    size_t  i;

    if (policy->mode != MTA_STS_ENFORCE) {
        return 1;
    }

    covered = facts->mx.status == DNS_FAILED ? -1 : 1;

    for (i = 0; i < facts->n_mail; i++) {
        if (mx_is_covered(facts->mail[i]->name, policy)) {
            continue;
        }

        covered = 0;

        if (findings) {
            finding_add(findings, MX_NOT_COVERED_NEXT,
                        facts->mail[i]->name.data, "matches no mx of the "
                        "configured policy: once this is served, no mail is "
                        "sent there; add it to the configuration before nginx "
                        "is reloaded");
        }
    }

    return covered;
}


void
mx_findings(const facts_t *facts, const body_t *policy, findings_t *findings)
{
    size_t  i;

    if (facts->n_mail == 0 || policy->mode == MTA_STS_NONE) {
        return;
    }

    for (i = 0; i < facts->n_mail; i++) {
        if (!mx_is_covered(facts->mail[i]->name, policy)) {
            finding_add(findings, MX_NOT_COVERED, facts->mail[i]->name.data,
                        "matches no mx of the policy; in mode enforce no mail "
                        "is sent to it; add it, or remove the MX record");
        }
    }

    for (i = 0; i < policy->n; i++) {
        if (!mx_is_used(policy->mx[i], facts)) {
            finding_add(findings, MX_STALE, NULL, "mx %.*s matches no mail "
                        "server of the domain; remove it unless it is for one "
                        "to come", MTA_STS_SHOW(policy->mx[i]));
        }
    }
}
