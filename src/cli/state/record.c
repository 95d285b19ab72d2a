/*
 * From facts to what is remembered.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "state.h"


#define RECORD_DAYS  8                /* of runs that are kept */
#define RECORD_RUNS  200              /* at most */

/* A resolver may have a cache, so the TTL that it gives is what is left. */

#define RECORD_TTL_MIN  3600          /* seconds */


/* What an address served: NULL for nothing that senders take for a policy. */

static const plan_policy_t *
record_policy(const fetch_t *fetch, const mta_sts_env_t *env)
{
    char                *id;
    body_t               body;
    findings_t           findings;
    plan_policy_t       *policy;
    mta_sts_digest_t     digest = { NULL };

    memset(&findings, 0, sizeof(findings_t));
    findings.env = env;

    if (fetch->status != 200) {
        return NULL;
    }

    body_parse(&body, fetch->body, &findings);

    if (!body.valid) {
        return NULL;
    }

    id = env->alloc(env->ctx, MTA_STS_ID_LEN + 1);

    if (mta_sts_digest_id(&digest, fetch->body, id) != MTA_STS_OK) {
        mta_sts_digest_free(&digest);
        return NULL;
    }

    mta_sts_digest_free(&digest);

    policy = env->alloc(env->ctx, sizeof(plan_policy_t));

    policy->id = mta_sts_str_from(id);
    policy->mode = (mta_sts_mode_e) body.mode;
    policy->max_age = (uint32_t) body.max_age;
    policy->mx = body.mx;
    policy->n_mx = body.n;

    return policy;
}


/* Adds an address of the policy host, and what it answered. */

static void
record_address(const probe_host_t *host, const dns_answer_t *answer,
    mta_sts_str_t text, const mta_sts_env_t *env, plan_look_address_t *address)
{
    size_t          i;
    const fetch_t  *fetch;

    memset(address, 0, sizeof(plan_look_address_t));

    address->address = text;
    address->ttl = answer->ttl < RECORD_TTL_MIN ? RECORD_TTL_MIN : answer->ttl;
    address->listed = 1;

    for (i = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        /* one that is overloaded serves its policy again later */

        if (mta_sts_str_eq(mta_sts_str_from(fetch->address), text)
            && fetch->code == CURLE_OK && fetch->status < 500)
        {
            address->reached = 1;
            address->policy = record_policy(fetch, env);
        }
    }
}


static void
record_addresses(const facts_t *facts, const mta_sts_env_t *env,
    plan_look_t *look)
{
    size_t                i, k, n;
    const dns_answer_t   *answers[] = { &facts->host.a, &facts->host.aaaa };
    plan_look_address_t  *addresses;

    look->addresses_known = answers[0]->status != DNS_FAILED
                            && answers[1]->status != DNS_FAILED;

    addresses = env->alloc(env->ctx, (answers[0]->n + answers[1]->n + 1)
                                     * sizeof(plan_look_address_t));

    for (i = 0, n = 0; i < 2; i++) {
        for (k = 0; answers[i]->status == DNS_FOUND && k < answers[i]->n; k++) {
            record_address(&facts->host, answers[i],
                           answers[i]->records[k].text, env, &addresses[n++]);
        }
    }

    look->addresses = addresses;
    look->n_addresses = n;
}


/* The end of the certificates of a mail server, as plan_mx_t has it. */

static int64_t
record_valid(const probe_host_t *host, time_t now)
{
    size_t          i;
    int64_t         until;
    const cert_t   *cert;
    const fetch_t  *fetch;

    for (i = 0, until = 0; i < host->n; i++) {

        /* a server may have a certificate of either kind, RSA and ECDSA */

        for (fetch = host->fetches[i]; fetch; fetch = fetch->other) {
            cert = &fetch->cert;

            if (!cert->seen) {
                continue;
            }

            if (!cert_is_trusted(cert, now)) {
                return 1;
            }

            if (until == 0 || (int64_t) cert->not_after < until) {
                until = cert->not_after;
            }
        }
    }

    return until;
}


static void
record_mx(const facts_t *facts, const mta_sts_env_t *env, plan_look_t *look)
{
    size_t           i;
    plan_look_mx_t  *mx;

    if (facts->mx.status == DNS_FAILED) {
        return;
    }

    mx = env->alloc(env->ctx, (facts->n_mail + 1) * sizeof(plan_look_mx_t));

    for (i = 0; i < facts->n_mail; i++) {
        mx[i].host = facts->mail[i]->name;
        mx[i].ttl = facts->mx.ttl < RECORD_TTL_MIN ? RECORD_TTL_MIN
                                                   : facts->mx.ttl;
        mx[i].valid_until = record_valid(facts->mail[i], facts->now);
    }

    look->mx_known = 1;
    look->mx = mx;
    look->n_mx = facts->n_mail;
}


static void
record_server(const facts_t *facts, const mta_sts_env_t *env,
    plan_look_t *look)
{
    findings_t           findings;
    plan_look_server_t  *server;

    memset(&findings, 0, sizeof(findings_t));
    findings.env = env;

    server = env->alloc(env->ctx, sizeof(plan_look_server_t));

    server->server = mta_sts_str("resolver");
    server->reached = facts->txt.status != DNS_FAILED;
    server->ttl = facts->txt.ttl < RECORD_TTL_MIN ? RECORD_TTL_MIN
                                                  : facts->txt.ttl;
    server->id = facts->txt.status == DNS_FOUND
                 ? txt_sts(facts->txt.records, facts->txt.n, &findings)
                 : mta_sts_str("");

    look->servers_known = 1;
    look->servers = server;
    look->n_servers = 1;
}


void
state_look(const facts_t *facts, const mta_sts_env_t *env, plan_look_t *look)
{
    memset(look, 0, sizeof(plan_look_t));

    look->time = facts->now;

    if (facts->what & PROBE_POLICY) {
        record_addresses(facts, env, look);
    }

    if (facts->what & PROBE_RECORDS) {
        record_server(facts, env, look);
        record_mx(facts, env, look);
    }
}


/* Adds a run, and drops those that are too old or too many. */

static mta_sts_str_t
record_runs(const mta_sts_str_t runs, const result_t *result,
    const mta_sts_env_t *env)
{
    char           line[64];
    size_t         n, unknown;
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };
    mta_sts_str_t  rest;
    const char    *end;

    unknown = finding_count(&result->findings, FINDING_UNKNOWN)
              + (result->unknown != 0);

    (void) snprintf(line, sizeof(line), "%lld %zu %zu %d\n",
                    (long long) result->now,
                    finding_count(&result->findings, FINDING_ERROR), unknown,
                    (result->facts->what & PROBE_SMTP) != 0);

    mta_sts_buf_add_cstr(&text, line);

    for (rest = runs, n = 1; rest.len && n < RECORD_RUNS; n++) {
        end = memchr(rest.data, '\n', rest.len);

        if (end == NULL || strtoll(rest.data, NULL, 10)
                           < result->now - RECORD_DAYS * 86400)
        {
            break;
        }

        mta_sts_buf_add(&text, (mta_sts_str_t) { rest.data,
                        (size_t) (end - rest.data) + 1 });
        rest = mta_sts_str_after(rest, (size_t) (end - rest.data) + 1);
    }

    return mta_sts_buf_str(&text);
}


mta_sts_str_t
state_findings(const findings_t *findings, const mta_sts_env_t *env)
{
    size_t            i;
    mta_sts_buf_t     text = { env, NULL, 0, 0, 0 };
    const finding_t  *finding;

    for (i = 0; i < findings->n; i++) {
        finding = &findings->elts[i];

        mta_sts_buf_add_cstr(&text, finding_severity(finding->severity));
        mta_sts_buf_add_char(&text, ' ');
        mta_sts_buf_add_cstr(&text, finding_kind(finding->kind)->code);
        mta_sts_buf_add_char(&text, ' ');
        mta_sts_buf_add(&text, finding->text);
        mta_sts_buf_add_char(&text, '\n');
    }

    return mta_sts_buf_str(&text);
}


void
state_record(state_t *state, const result_t *result)
{
    plan_look_t       look;
    state_domain_t    domain;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, NULL, &arena };

    if (!state_is_open(state)) {
        return;
    }

    (void) state_get(state, result->entry->domain, &env, &domain);

    /* another process may have looked later */

    if (result->now >= domain.history.look) {
        state_look(result->facts, &env, &look);
        plan_look(&domain.history, &look);
        plan_compact(&domain.history, result->now);
    }

    if (result->entry->policy) {
        domain.configured = result->now;
        domain.forgotten = 0;
    }

    if (result->facts->what & PROBE_RECORDS) {
        domain.findings = state_findings(&result->findings, &env);
        domain.runs = record_runs(domain.runs, result, &env);
    }

    state_put(state, &domain);

    mta_sts_arena_free(&arena);
}


void
state_published(state_t *state, mta_sts_str_t name, mta_sts_str_t records)
{
    state_domain_t    domain;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, NULL, &arena };

    if (!state_is_open(state)) {
        return;
    }

    (void) state_get(state, name, &env, &domain);

    domain.records = records;
    domain.configured = time(NULL);
    domain.forgotten = 0;

    state_put(state, &domain);

    mta_sts_arena_free(&arena);
}
