/*
 * The judgement of one domain, from all that is known about it.
 */

#include "judge.h"


#define JUDGE_TTL  86400              /* seconds */


/* The policy that senders follow: the live one, or else the configured one. */

typedef struct {
    int            read;              /* an address serves one */
    mta_sts_str_t  text;
    body_t         live;
    body_t         configured;
} judge_policy_t;


static const body_t *
judge_followed(const judge_policy_t *policy, const mta_sts_entry_t *entry)
{
    if (policy->read && policy->live.valid) {
        return &policy->live;
    }

    return entry->policy ? &policy->configured : NULL;
}


/* Is the live policy the configured one? */

static int
judge_is_live(const judge_policy_t *policy, const mta_sts_policy_t *configured)
{
    return policy->read
           && mta_sts_str_eq(policy->text, mta_sts_policy_body(configured));
}


static void
judge_txt(const facts_t *facts, result_t *result)
{
    findings_t              *findings;
    const mta_sts_policy_t  *policy;

    findings = &result->findings;
    policy = result->entry->policy;

    if (facts->txt.status == DNS_FAILED) {
        finding_add(findings, TXT_DNS, "the lookup of _mta-sts.%.*s fails: "
                    "%s", MTA_STS_SHOW(facts->domain), facts->txt.error);
        return;
    }

    result->id = txt_sts(facts->txt.records, facts->txt.n, findings);

    if (policy && result->id.len
        && !mta_sts_str_eq(result->id, mta_sts_policy_id(policy)))
    {
        finding_add(findings, TXT_ID_DIFFERS, "id %.*s is live, the "
                    "configured policy has %s; publish it once the policy is "
                    "served", MTA_STS_SHOW(result->id), policy->id);
    }

    if (facts->txt.n && facts->txt.ttl > JUDGE_TTL) {
        finding_add(findings, TXT_TTL, "a TTL of %u seconds keeps a new id "
                    "from senders for so long", (unsigned) facts->txt.ttl);
    }
}


static void
judge_tlsrpt(const facts_t *facts, result_t *result)
{
    findings_t     *findings;
    mta_sts_str_t   rua, wanted = { NULL, 0 };

    findings = &result->findings;

    if (result->entry->policy) {
        wanted = mta_sts_policy_rua(result->entry->policy);
    }

    if (facts->tlsrpt.status == DNS_FAILED) {
        finding_add(findings, TLSRPT_DNS, "the lookup of _smtp._tls.%.*s "
                    "fails: %s", MTA_STS_SHOW(facts->domain),
                    facts->tlsrpt.error);
        return;
    }

    rua = txt_tlsrpt(facts->tlsrpt.records, facts->tlsrpt.n, findings);

    if (wanted.len && !mta_sts_str_eq(wanted, rua)
        && !finding_has(findings, TLSRPT_SEVERAL))
    {
        finding_add(findings, TLSRPT_DIFFERS, "reports go to \"%.*s\", "
                    "configured is \"%.*s\"", MTA_STS_SHOW(rua),
                    MTA_STS_SHOW(wanted));
    }
}


void
judge_addresses(const probe_host_t *host, finding_kind_e dns,
    findings_t *findings)
{
    size_t               i;
    const dns_answer_t  *answers[] = { &host->a, &host->aaaa };

    for (i = 0; i < 2; i++) {
        if (answers[i]->status == DNS_FAILED) {
            finding_add(findings, dns, "%.*s: the lookup of its addresses "
                        "fails: %s", MTA_STS_SHOW(host->name),
                        answers[i]->error);
        }
    }

    if (host->a.status == DNS_EMPTY && host->aaaa.status == DNS_EMPTY) {
        finding_add(findings, dns + 1, "%.*s has no address; publish an A or "
                    "AAAA record for it", MTA_STS_SHOW(host->name));
    }

    if (host->n_addresses > HOST_ADDRESSES) {
        finding_add(findings, dns + 2, "%.*s: %zu addresses not tried, %d are "
                    "looked at", MTA_STS_SHOW(host->name),
                    host->n_addresses - HOST_ADDRESSES, HOST_ADDRESSES);
    }
}


/* Judges the policy host, and finds the live policy. */

static void
judge_host(const facts_t *facts, judge_policy_t *policy, result_t *result)
{
    size_t               i;
    findings_t          *findings;
    const fetch_t       *fetch;
    const probe_host_t  *host;

    host = &facts->host;
    findings = &result->findings;

    judge_addresses(host, HOST_DNS, findings);

    for (i = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        served_findings(fetch, result->entry->policy, facts->now, findings);

        if (!served_has_body(fetch, facts->now)) {
            continue;
        }

        if (!policy->read) {
            policy->read = 1;
            policy->text = fetch->body;
            body_parse(&policy->live, fetch->body, findings);

        } else if (!mta_sts_str_eq(policy->text, fetch->body)
                   && !finding_has(findings, POLICY_ADDRESSES_DIFFER))
        {
            finding_add(findings, POLICY_ADDRESSES_DIFFER, "the addresses of "
                        "%.*s serve different policies",
                        MTA_STS_SHOW(host->name));
        }
    }
}


static int
judge_is_served(const facts_t *facts, const mta_sts_policy_t *policy)
{
    size_t               i;
    const probe_host_t  *host;

    host = &facts->host;

    if (policy == NULL || host->a.status == DNS_FAILED
        || host->aaaa.status == DNS_FAILED)
    {
        return 0;
    }

    for (i = 0; i < host->n; i++) {
        if (!served_is_read(host->fetches[i], facts->now)
            || !mta_sts_str_eq(host->fetches[i]->body,
                               mta_sts_policy_body(policy)))
        {
            return 0;
        }
    }

    return host->n > 0 && host->n == host->n_addresses;
}


static void
judge_certs(const probe_host_t *host, const mta_sts_env_t *env, size_t *size,
    result_t *result)
{
    size_t          i;
    cert_seen_t    *cert;
    const fetch_t  *fetch;

    for (i = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        if (!fetch->cert.seen) {
            continue;
        }

        result->certs = mta_sts_env_grow(env, result->certs, result->n_certs,
                                         size, sizeof(cert_seen_t));

        cert = &result->certs[result->n_certs++];
        cert->smtp = fetch->what == FETCH_SMTP;
        cert->host = host->name;
        cert->address = mta_sts_str_from(fetch->address);
        cert->not_after = fetch->cert.not_after;
    }
}


/* Has no lookup of those that were wanted had an answer? */

static int
judge_is_unknown(const facts_t *facts)
{
    return (!(facts->what & PROBE_RECORDS)
            || (facts->txt.status == DNS_FAILED
                && facts->tlsrpt.status == DNS_FAILED
                && facts->mx.status == DNS_FAILED))
           && (!(facts->what & PROBE_POLICY)
               || (facts->host.a.status == DNS_FAILED
                   && facts->host.aaaa.status == DNS_FAILED));
}


void
judge(const facts_t *facts, const mta_sts_entry_t *entry,
    const mta_sts_env_t *env, result_t *result)
{
    size_t           i, size;
    const body_t    *followed;
    judge_policy_t   policy;

    memset(result, 0, sizeof(result_t));
    memset(&policy, 0, sizeof(judge_policy_t));

    result->entry = entry;
    result->facts = facts;
    result->now = facts->now;
    result->mode = -1;
    result->findings.env = env;
    result->unknown = judge_is_unknown(facts);

    size = 0;

    if (entry->policy) {
        body_of(&policy.configured, entry->policy, env);
    }

    if (facts->what & PROBE_POLICY) {
        judge_host(facts, &policy, result);
        judge_certs(&facts->host, env, &size, result);

        result->served = judge_is_served(facts, entry->policy);
        result->mode = policy.read ? policy.live.mode : -1;
    }

    followed = judge_followed(&policy, entry);

    if (facts->what & PROBE_RECORDS) {
        judge_txt(facts, result);
        judge_tlsrpt(facts, result);
        mail_findings(facts, &result->findings);

        if (followed == &policy.live) {
            mx_findings(facts, followed, &result->findings);
        }

        if (entry->policy) {
            result->covered = mx_covered(facts, &policy.configured,
                                         judge_is_live(&policy, entry->policy)
                                         ? NULL : &result->findings);
        }
    }

    for (i = 0; i < facts->n_mail; i++) {
        judge_certs(facts->mail[i], env, &size, result);
    }

    finding_settle(&result->findings,
                   followed && followed->mode == MTA_STS_ENFORCE);
}
