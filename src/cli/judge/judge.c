/*
 * The judgement of one domain, from all that is known about it.
 */

#include "judge.h"


#define JUDGE_TTL      86400          /* seconds */
#define JUDGE_WEEK     604800
#define JUDGE_PRELOAD  10886400       /* 18 weeks, as of the preload lists */


/* The policy that senders follow: the live one, or else the configured one. */

typedef struct {
    int            read;              /* an address serves one */
    mta_sts_str_t  text;
    body_t         live;
    body_t         configured;
} judge_policy_t;


/* A faulty policy is followed by the senders that accept it. */

static const body_t *
judge_followed(const judge_policy_t *policy, const mta_sts_entry_t *entry)
{
    if (policy->read && (policy->live.valid
                         || (policy->live.mode != -1 && policy->live.n)))
    {
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


/*
 * An id of this project can be computed again.  One with digits alone is more
 * likely a date.
 */

static int
judge_is_stale(mta_sts_str_t id, mta_sts_str_t body)
{
    char              again[MTA_STS_ID_LEN + 1];
    size_t            i, letters;
    mta_sts_digest_t  digest = { NULL };

    for (i = 0, letters = 0; i < id.len; i++) {
        if (strchr("0123456789abcdef", id.data[i]) == NULL) {
            return 0;
        }

        letters += id.data[i] >= 'a';
    }

    if (id.len != MTA_STS_ID_LEN || letters == 0
        || mta_sts_digest_id(&digest, body, again) != MTA_STS_OK)
    {
        return 0;
    }

    mta_sts_digest_free(&digest);

    return memcmp(again, id.data, MTA_STS_ID_LEN) != 0;
}


/* There is no STS record: is it at another name? */

static void
judge_misplaced(const facts_t *facts, findings_t *findings)
{
    int                  twice;
    mta_sts_str_t        d;
    const dns_answer_t  *found;

    twice = txt_has_sts(&facts->txt_twice);
    found = twice ? &facts->txt_twice : &facts->txt_apex;
    d = facts->domain;

    if (!txt_has_sts(found)) {
        (void) txt_sts(NULL, 0, findings);
        return;
    }

    finding_add(findings, TXT_NONE, NULL, "no TXT record; there is one at "
                "%s%.*s%s%.*s, where no sender looks: enter it as \"_mta-sts\" "
                "in the zone of the domain", twice ? "_mta-sts." : "",
                MTA_STS_SHOW(d), twice ? "." : "", twice ? (int) d.len : 0,
                d.data);
}


static void
judge_txt(const facts_t *facts, const judge_policy_t *live, result_t *result)
{
    findings_t              *findings;
    const mta_sts_policy_t  *policy;

    findings = &result->findings;
    policy = result->entry->policy;

    if (facts->txt.status == DNS_FAILED) {
        finding_add(findings, TXT_DNS, NULL, "the lookup of the record fails: "
                    "%s", facts->txt.error);
        return;
    }

    if (facts->txt.n == 0) {
        judge_misplaced(facts, findings);
        return;
    }

    result->id = txt_sts(facts->txt.records, facts->txt.n, findings);

    if (result->id.len == 0) {
        return;
    }

    if (policy && !mta_sts_str_eq(result->id, mta_sts_policy_id(policy))) {
        finding_add(findings, TXT_ID_DIFFERS, NULL, "id %.*s is live, the "
                    "configured policy has %s; publish it once the policy is "
                    "served", MTA_STS_SHOW(result->id), policy->id);

    } else if (policy == NULL && live->read
               && judge_is_stale(result->id, live->text))
    {
        finding_add(findings, TXT_ID_STALE, NULL, "id %.*s looks like one of "
                    "\"mta-sts records\", but is not that of the policy that "
                    "is served: senders may not fetch this one",
                    MTA_STS_SHOW(result->id));
    }

    if (facts->txt.ttl > JUDGE_TTL) {
        finding_add(findings, TXT_TTL, NULL, "a TTL of %u seconds keeps a new "
                    "id from senders for so long", (unsigned) facts->txt.ttl);
    }
}


/* Returns the value of "rua=", or an empty text. */

static mta_sts_str_t
judge_tlsrpt(const facts_t *facts, result_t *result)
{
    size_t          n;
    findings_t     *findings;
    mta_sts_str_t   rua = { "", 0 }, wanted = { NULL, 0 };

    findings = &result->findings;

    if (result->entry->policy) {
        wanted = mta_sts_policy_rua(result->entry->policy);
    }

    if (facts->tlsrpt.status == DNS_FAILED) {
        finding_add(findings, TLSRPT_DNS, NULL, "the lookup of the record "
                    "fails: %s", facts->tlsrpt.error);
        return rua;
    }

    /* what is configured and missing is one finding */

    if (wanted.len && facts->tlsrpt.n == 0) {
        finding_add(findings, TLSRPT_DIFFERS, NULL, "no TXT record, configured "
                    "is \"%.*s\": publish it", MTA_STS_SHOW(wanted));
        return rua;
    }

    n = findings->n;
    rua = txt_tlsrpt(facts->tlsrpt.records, facts->tlsrpt.n, findings);

    if (wanted.len && !mta_sts_str_eq(wanted, rua)
        && (rua.len || findings->n == n))
    {
        finding_add(findings, TLSRPT_DIFFERS, NULL, "reports go to \"%.*s\", "
                    "configured is \"%.*s\"", MTA_STS_SHOW(rua),
                    MTA_STS_SHOW(wanted));
    }

    reported_address(facts->domain, rua, findings);

    return rua;
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

    host_findings(facts, findings);

    for (i = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        if (!served_has_body(fetch, facts->now)) {
            continue;
        }

        if (!policy->read) {
            policy->read = 1;
            policy->text = fetch->body;
            body_parse(&policy->live, fetch->body, findings);

        } else if (result->entry->policy == NULL
                   && !mta_sts_str_eq(policy->text, fetch->body)
                   && !finding_has(findings, POLICY_ADDRESSES_DIFFER))
        {
            finding_add(findings, POLICY_ADDRESSES_DIFFER, NULL, "the "
                        "addresses serve different policies");
        }
    }
}


/* Compares what each address serves with what is configured. */

static void
judge_configured(const facts_t *facts, result_t *result)
{
    size_t          i;
    const fetch_t  *fetch;

    for (i = 0; i < facts->host.n; i++) {
        fetch = facts->host.fetches[i];

        if (served_has_body(fetch, facts->now)) {
            served_differs(fetch, mta_sts_policy_body(result->entry->policy),
                           result->covered != 0, &result->findings);
        }
    }
}


/* What is right so far, and may be done next. */

static void
judge_notes(const body_t *live, result_t *result)
{
    findings_t  *findings;

    findings = &result->findings;

    if (!live->valid) {
        return;
    }

    if (live->mode == MTA_STS_TESTING) {
        finding_add(findings, POLICY_TESTING, NULL, "mode testing: senders "
                    "report failures, but refuse no mail");
        return;
    }

    if (live->mode != MTA_STS_ENFORCE) {
        return;
    }

    if (live->max_age < JUDGE_WEEK && live->max_age >= JUDGE_TTL) {
        finding_add(findings, POLICY_MAX_AGE_LOW, NULL, "a max_age of %lld "
                    "seconds protects only domains that are mailed to often; "
                    "weeks are usual", (long long) live->max_age);
    }

    if (live->max_age >= JUDGE_PRELOAD
        && finding_count(findings, FINDING_ERROR) == 0
        && finding_count(findings, FINDING_WARNING) == 0
        && finding_count(findings, FINDING_UNKNOWN) == 0)
    {
        result->preload = 1;
        finding_add(findings, POLICY_PRELOAD, NULL, "nothing is wrong, and "
                    "max_age is at least 18 weeks: the policy is fit for "
                    "preloading");
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
judge_cert(const fetch_t *fetch, const mta_sts_env_t *env, size_t *size,
    result_t *result)
{
    cert_seen_t  *cert;

    result->certs = mta_sts_env_grow(env, result->certs, result->n_certs, size,
                                     sizeof(cert_seen_t));

    cert = &result->certs[result->n_certs++];
    cert->smtp = fetch->what == FETCH_SMTP;
    cert->rsa = fetch->cert.type == EVP_PKEY_RSA;
    cert->host = mta_sts_str_from(fetch->host);
    cert->address = mta_sts_str_from(fetch->address);
    cert->not_after = fetch->cert.not_after;
}


static void
judge_certs(const probe_host_t *host, const mta_sts_env_t *env, size_t *size,
    result_t *result)
{
    size_t          i;
    const fetch_t  *fetch;

    for (i = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        if (fetch->cert.seen) {
            judge_cert(fetch, env, size, result);
        }

        if (fetch->other) {
            judge_cert(fetch->other, env, size, result);
        }
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
    mta_sts_str_t    rua = { "", 0 };
    const body_t    *followed;
    judge_policy_t   policy;

    memset(result, 0, sizeof(result_t));
    memset(&policy, 0, sizeof(judge_policy_t));

    result->facts = facts;
    result->entry = entry;
    result->now = facts->now;
    result->mode = -1;
    result->max_age = -1;
    result->covered = -1;
    result->id = mta_sts_str("");
    result->findings.env = env;
    result->findings.configured = entry->policy != NULL;
    result->unknown = judge_is_unknown(facts);
    result->smtp = (facts->what & PROBE_SMTP) != 0;
    result->reports = facts->evidence
                      && facts->evidence->status != EVIDENCE_ABSENT;

    size = 0;

    if (entry->policy) {
        body_of(&policy.configured, entry->policy, env);
    }

    if (facts->what & PROBE_POLICY) {
        judge_host(facts, &policy, result);
        judge_certs(&facts->host, env, &size, result);

        result->served = judge_is_served(facts, entry->policy);
        result->mode = policy.read ? policy.live.mode : -1;
        result->max_age = policy.read ? policy.live.max_age : -1;
    }

    followed = judge_followed(&policy, entry);

    if (facts->what & PROBE_RECORDS) {
        judge_txt(facts, &policy, result);
        rua = judge_tlsrpt(facts, result);
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

    if (result->reports) {
        reported_findings(facts->evidence, facts->now, rua, &result->findings);
    }

    if (entry->policy) {
        judge_configured(facts, result);
    }

    for (i = 0; i < facts->n_mail; i++) {
        judge_certs(facts->mail[i], env, &size, result);
    }

    finding_settle(&result->findings, followed ? followed->mode : -1);
    judge_notes(&policy.live, result);
    finding_settle(&result->findings, followed ? followed->mode : -1);
}
