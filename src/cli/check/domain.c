/*
 * What is looked up and fetched for a domain, and what is made of it.  Each
 * callback takes one from what is pending; the last ends the domain.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "check.h"
#include "cli/judge/judge.h"


#define DOMAIN_ADDRESSES  16          /* of a policy host that are tried */
#define DOMAIN_TTL        86400       /* seconds */


/* What the live policy, or else the configured one, has for a mode. */

static int
domain_enforces(const domain_t *domain)
{
    const mta_sts_policy_t  *policy;

    if (domain->fetched && domain->policy.valid) {
        return domain->policy.mode == MTA_STS_ENFORCE;
    }

    policy = domain->result.entry->policy;

    return policy && policy->mode == MTA_STS_ENFORCE;
}


/* Is nothing wrong with the policy host, so that the policy is there? */

static int
domain_is_served(const domain_t *domain)
{
    size_t            i;
    const finding_t  *finding;

    if (domain->addresses == 0) {
        return 0;
    }

    for (i = 0; i < domain->result.findings.n; i++) {
        finding = &domain->result.findings.elts[i];

        if (finding_kind(finding->kind)->subject == FINDING_HOST
            && (finding->severity == FINDING_ERROR
                || finding->kind == POLICY_NO_ROUTE))
        {
            return 0;
        }
    }

    return 1;
}


static void
domain_release(domain_t *domain)
{
    result_t  *result;

    if (--domain->pending) {
        return;
    }

    result = &domain->result;

    if (domain->what & CHECK_RECORDS) {
        domain_drift(domain);
    }

    if (domain->fetched && domain->policy.mode != -1) {
        result->mode = domain->policy.mode;
    }

    result->served = domain_is_served(domain);
    result->unknown = domain->lookups == 0;

    finding_settle(&result->findings, domain_enforces(domain));

    domain->failed |= result->findings.failed | result->certs.failed;

    domain->end(domain);
}


static void
domain_fetched(void *ctx, const fetch_t *fetch)
{
    domain_t       *domain = ctx;
    mta_sts_str_t   body, address;
    findings_t     *findings;

    findings = &domain->result.findings;
    address = mta_sts_str_from(fetch->address);

    domain->failed |= fetch->memory;

    if (served_wants_tls13(fetch)) {

        if (fetch_start(domain->net, FETCH_POLICY_TLS13, fetch->host,
                        fetch->address, domain_fetched, domain)
            == MTA_STS_OK)
        {
            return;
        }

        domain->failed = 1;
    }

    if (fetch->cert.seen) {
        certs_add(&domain->result.certs, 0, domain->host, address,
                  fetch->cert.not_after);
    }

    served_findings(fetch, domain->result.entry->policy, domain->net->now,
                    findings, &body);

    if (body.data == NULL) {
        domain_release(domain);
        return;
    }

    if (!domain->fetched) {
        domain->fetched = 1;
        domain->body = mta_sts_str_copy(&domain->env, body);

        if (domain->body.data == NULL
            || body_parse(&domain->policy, domain->body, &domain->env,
                          findings)
               != MTA_STS_OK)
        {
            domain->failed = 1;
        }

    } else if (!mta_sts_str_eq(body, domain->body)
               && !finding_has(findings, POLICY_ADDRESSES_DIFFER))
    {
        finding_add(findings, POLICY_ADDRESSES_DIFFER, "the addresses of %.*s "
                    "give different policies", MTA_STS_SHOW(domain->host));
    }

    domain_release(domain);
}


static void
domain_host_none(domain_t *domain)
{
    if (domain->host_lookups < 2 || domain->addresses || domain->host_failed) {
        return;
    }

    finding_add(&domain->result.findings, HOST_NONE, "%.*s has no address; "
                "publish an A, AAAA or CNAME record for it",
                MTA_STS_SHOW(domain->host));
}


static void
domain_address(void *ctx, const dns_answer_t *answer)
{
    size_t     i;
    domain_t  *domain = ctx;

    domain->host_lookups++;

    if (answer->status == DNS_FAILED) {
        domain->failed |= answer->memory;
        domain->host_failed = 1;
        finding_add(&domain->result.findings, HOST_DNS, "%.*s: the lookup of "
                    "its addresses fails: %s", MTA_STS_SHOW(domain->host),
                    answer->error);

    } else {
        domain->lookups++;
    }

    for (i = 0; i < answer->n; i++) {

        if (++domain->addresses > DOMAIN_ADDRESSES) {
            finding_add(&domain->result.findings, POLICY_NO_ROUTE, "%s: not "
                        "tried, %d addresses are enough",
                        answer->records[i].text.data, DOMAIN_ADDRESSES);
            continue;
        }

        domain->pending++;

        if (fetch_start(domain->net, FETCH_POLICY, domain->host.data,
                        answer->records[i].text.data, domain_fetched, domain)
            != MTA_STS_OK)
        {
            domain->failed = 1;
            domain->pending--;
        }
    }

    domain_host_none(domain);
    domain_release(domain);
}


/* The records of an answer, for txt.h; NULL when memory ran out. */

static txt_t *
domain_txts(domain_t *domain, const dns_answer_t *answer)
{
    txt_t   *records;
    size_t   i;

    records = domain->env.alloc(domain->env.ctx,
                                (answer->n + 1) * sizeof(txt_t));
    if (records == NULL) {
        domain->failed = 1;
        return NULL;
    }

    for (i = 0; i < answer->n; i++) {
        records[i].text = answer->records[i].text;
        records[i].strings = answer->records[i].strings;
    }

    return records;
}


static void
domain_txt(void *ctx, const dns_answer_t *answer)
{
    txt_t                   *records;
    domain_t                *domain = ctx;
    mta_sts_str_t            id;
    findings_t              *findings;
    const mta_sts_policy_t  *policy;

    findings = &domain->result.findings;
    policy = domain->result.entry->policy;

    if (answer->status == DNS_FAILED) {
        domain->failed |= answer->memory;
        finding_add(findings, TXT_DNS, "the lookup of _mta-sts.%.*s fails: "
                    "%s", MTA_STS_SHOW(domain->result.entry->domain),
                    answer->error);
        domain_release(domain);
        return;
    }

    domain->lookups++;

    records = domain_txts(domain, answer);

    if (records) {
        txt_sts(records, answer->n, findings, &id);

        domain->result.id = mta_sts_str_copy(&domain->env, id);
        domain->failed |= domain->result.id.data == NULL;

        if (policy && id.len
            && !mta_sts_str_eq(id, mta_sts_policy_id(policy)))
        {
            finding_add(findings, TXT_ID_DIFFERS, "id %.*s is live, the "
                        "configured policy has %s; publish it once the policy "
                        "is served", MTA_STS_SHOW(id), policy->id);
        }

        if (answer->n && answer->ttl > DOMAIN_TTL) {
            finding_add(findings, TXT_TTL, "a TTL of %u seconds keeps a new "
                        "id from senders for so long",
                        (unsigned) answer->ttl);
        }
    }

    domain_release(domain);
}


static void
domain_tlsrpt(void *ctx, const dns_answer_t *answer)
{
    txt_t                *records;
    domain_t             *domain = ctx;
    mta_sts_str_t         rua, configured;
    findings_t           *findings;
    const mta_sts_str_t  *wanted;

    findings = &domain->result.findings;
    wanted = NULL;

    if (domain->result.entry->policy
        && domain->result.entry->policy->rua_len)
    {
        configured = mta_sts_policy_rua(domain->result.entry->policy);
        wanted = &configured;
    }

    if (answer->status == DNS_FAILED) {
        domain->failed |= answer->memory;
        finding_add(findings, TLSRPT_DNS, "the lookup of _smtp._tls.%.*s "
                    "fails: %s", MTA_STS_SHOW(domain->result.entry->domain),
                    answer->error);
        domain_release(domain);
        return;
    }

    domain->lookups++;

    records = domain_txts(domain, answer);

    if (records) {
        txt_tlsrpt(records, answer->n, findings, &rua);

        if (wanted && !mta_sts_str_eq(*wanted, rua)
            && !finding_has(findings, TLSRPT_SEVERAL))
        {
            finding_add(findings, TLSRPT_DIFFERS, "reports go to \"%.*s\", "
                        "configured is \"%.*s\"", MTA_STS_SHOW(rua),
                        MTA_STS_SHOW(*wanted));
        }
    }

    domain_release(domain);
}


static void
domain_mail(void *ctx, const findings_t *findings, const certs_t *certs)
{
    domain_t *domain = ctx;

    finding_append(&domain->result.findings, findings);
    certs_append(&domain->result.certs, certs);

    domain_release(domain);
}


/* Has a look at a mail server, once. */

static void
domain_mx_host(domain_t *domain, mta_sts_str_t host)
{
    size_t  i;

    for (i = 0; i < domain->n_mx; i++) {
        if (mta_sts_str_eq(domain->mx[i], host)) {
            return;
        }
    }

    host = mta_sts_str_copy(&domain->env, host);

    if (host.data == NULL) {
        domain->failed = 1;
        return;
    }

    if (domain->n_mx == DOMAIN_MX) {
        finding_add(&domain->result.findings, SMTP_NO_ROUTE, "%.*s: not "
                    "tried, %d mail servers are enough", MTA_STS_SHOW(host),
                    DOMAIN_MX);
        return;
    }

    domain->mx[domain->n_mx++] = host;
    domain->pending++;

    if (mail_check(domain->mail, host, domain_mail, domain) != MTA_STS_OK) {
        domain->failed = 1;
        domain->pending--;
    }
}


static void
domain_mx(void *ctx, const dns_answer_t *answer)
{
    size_t       i;
    domain_t    *domain = ctx;
    findings_t  *findings;

    findings = &domain->result.findings;

    if (answer->status == DNS_FAILED) {
        domain->failed |= answer->memory;
        finding_add(findings, MX_DNS, "the lookup of the MX records fails: %s",
                    answer->error);
        domain_release(domain);
        return;
    }

    domain->lookups++;

    if (answer->n == 1 && answer->records[0].text.len == 0) {
        finding_add(findings, MX_NULL, "the MX record is \".\": the domain "
                    "takes no mail, and needs no policy");
        domain_release(domain);
        return;
    }

    domain->mx_known = 1;

    if (answer->n == 0) {
        finding_add(findings, MX_NONE, "no MX record; mail goes to the "
                    "domain's own address, if it has one");
        domain_mx_host(domain, domain->result.entry->domain);
    }

    for (i = 0; i < answer->n; i++) {
        domain_mx_host(domain, answer->records[i].text);
    }

    domain_release(domain);
}


/* Looks up a prefix in front of the domain. */

static void
domain_lookup(domain_t *domain, const char *prefix, int type,
    dns_done_pt done)
{
    mta_sts_buf_t  name = { &domain->env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&name, prefix);
    mta_sts_buf_add(&name, domain->result.entry->domain);

    if (name.failed) {
        domain->failed = 1;
        return;
    }

    domain->pending++;

    dns_lookup(domain->net->dns, mta_sts_buf_str(&name), type, done, domain);
}


domain_t *
domain_start(const domain_t *model, const mta_sts_entry_t *entry)
{
    domain_t  *domain;

    domain = malloc(sizeof(domain_t));
    if (domain == NULL) {
        return NULL;
    }

    *domain = *model;

    domain->env.alloc = diag_alloc;
    domain->env.ctx = &domain->arena;

    domain->result.entry = entry;
    domain->result.mode = -1;
    domain->result.now = domain->net->now;
    domain->result.findings.env = &domain->env;
    domain->result.certs.env = &domain->env;
    domain->host = mta_sts_name_policy_host(entry->domain, &domain->env);

    /* with a NUL behind it */

    if (domain->host.data) {
        domain->host = mta_sts_str_copy(&domain->env, domain->host);
    }

    if (domain->host.data == NULL) {
        domain_free(domain);
        return NULL;
    }

    /* one for this function itself: an answer may be there at once */

    domain->pending = 1;

    if (domain->what & CHECK_RECORDS) {
        domain_lookup(domain, "_mta-sts.", ns_t_txt, domain_txt);
        domain_lookup(domain, "", ns_t_mx, domain_mx);
        domain_lookup(domain, "_smtp._tls.", ns_t_txt, domain_tlsrpt);
    }

    if (domain->what & CHECK_POLICY) {
        domain_lookup(domain, "mta-sts.", ns_t_a, domain_address);
        domain_lookup(domain, "mta-sts.", ns_t_aaaa, domain_address);
    }

    domain_release(domain);

    return domain;
}


void
domain_free(domain_t *domain)
{
    mta_sts_arena_free(&domain->arena);
    free(domain);
}
