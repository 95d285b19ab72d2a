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

/* A resolver may have a cache: the TTL that it gives is only what is left. */

#define RECORD_TTL_MIN  3600          /* seconds */


/* The largest TTL that is known of an answer. */

static uint32_t
record_ttl(const facts_t *facts, const dns_answer_t *answer, probe_auth_e auth)
{
    uint32_t  ttl;

    ttl = answer->ttl_max > facts->auth[auth].ttl ? answer->ttl_max
                                                  : facts->auth[auth].ttl;

    return ttl > RECORD_TTL_MIN ? ttl : RECORD_TTL_MIN;
}


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


/* Adds an address of the policy host, once, and what it answered. */

static void
record_address(const facts_t *facts, mta_sts_str_t text, uint32_t ttl,
    const mta_sts_env_t *env, plan_look_address_t *addresses, size_t *n)
{
    size_t                i;
    const fetch_t        *fetch;
    plan_look_address_t  *address;

    for (i = 0; i < *n; i++) {
        if (mta_sts_str_eq(addresses[i].address, text)) {
            return;
        }
    }

    address = &addresses[(*n)++];
    memset(address, 0, sizeof(plan_look_address_t));

    address->address = text;
    address->ttl = ttl;
    address->listed = 1;

    for (i = 0; i < facts->host.n; i++) {
        fetch = facts->host.fetches[i];

        /* one that is overloaded serves its policy again later */

        if (mta_sts_str_eq(mta_sts_str_from(fetch->address), text)
            && fetch->code == CURLE_OK && fetch->status < 500)
        {
            address->reached = 1;
            address->policy = record_policy(fetch, env);
        }
    }
}


/* Those that the resolver has, and those that only a name server has. */

static void
record_addresses(const facts_t *facts, const mta_sts_env_t *env,
    plan_look_t *look)
{
    size_t                i, k, n, size;
    uint32_t              ttl;
    plan_look_address_t  *addresses;
    const auth_answer_t  *auth;
    const dns_answer_t   *answer;
    const dns_answer_t   *answers[] = { &facts->host.a, &facts->host.aaaa };

    look->addresses_known = 1;

    for (i = 0, size = 0; i < 2; i++) {
        auth = &facts->auth[PROBE_AUTH_A + i];
        size += answers[i]->n;

        for (k = 0; k < auth->n; k++) {
            size += auth->servers[k].answer.n;
        }

        if (answers[i]->status == DNS_FAILED) {
            look->addresses_known = 0;
        }
    }

    addresses = env->alloc(env->ctx, size * sizeof(plan_look_address_t));

    for (i = 0; i < 2; i++) {
        auth = &facts->auth[PROBE_AUTH_A + i];
        ttl = record_ttl(facts, answers[i], PROBE_AUTH_A + i);

        for (k = 0; k < auth->n + 1; k++) {
            answer = k ? &auth->servers[k - 1].answer : answers[i];

            for (n = 0; n < answer->n; n++) {
                record_address(facts, answer->records[n].text, ttl, env,
                               addresses, &look->n_addresses);
            }
        }
    }

    look->addresses = addresses;
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


/* Adds a host of the MX record, once. */

static void
record_mx_host(mta_sts_str_t host, uint32_t ttl, int64_t valid,
    plan_look_mx_t *mx, size_t *n)
{
    size_t  i;

    for (i = 0; i < *n; i++) {
        if (mta_sts_str_eq(mx[i].host, host)) {
            return;
        }
    }

    mx[*n].host = host;
    mx[*n].ttl = ttl;
    mx[(*n)++].valid_until = valid;
}


static void
record_mx(const facts_t *facts, const mta_sts_env_t *env, plan_look_t *look)
{
    size_t                i, k, size;
    uint32_t              ttl;
    plan_look_mx_t       *mx;
    const auth_answer_t  *auth;
    const dns_answer_t   *answer;

    if (facts->mx.status == DNS_FAILED) {
        return;
    }

    auth = &facts->auth[PROBE_AUTH_MX];
    ttl = record_ttl(facts, &facts->mx, PROBE_AUTH_MX);

    for (i = 0, size = facts->n_mail; i < auth->n; i++) {
        size += auth->servers[i].answer.n;
    }

    mx = env->alloc(env->ctx, size * sizeof(plan_look_mx_t));

    for (i = 0; i < facts->n_mail; i++) {
        record_mx_host(facts->mail[i]->name, ttl,
                       record_valid(facts->mail[i], facts->now), mx,
                       &look->n_mx);
    }

    for (i = 0; i < auth->n; i++) {
        answer = &auth->servers[i].answer;

        for (k = 0; k < answer->n; k++) {
            record_mx_host(answer->records[k].text, ttl, 0, mx, &look->n_mx);
        }
    }

    look->mx_known = 1;
    look->mx = mx;
}


static void
record_server(mta_sts_str_t name, const dns_answer_t *answer, uint32_t ttl,
    const mta_sts_env_t *env, plan_look_server_t *server)
{
    findings_t  findings;

    memset(&findings, 0, sizeof(findings_t));
    findings.env = env;

    server->server = name;
    server->reached = answer->status != DNS_FAILED;
    server->ttl = ttl;
    server->id = answer->status == DNS_FOUND
                 ? txt_sts(answer->records, answer->n, &findings)
                 : mta_sts_str("");
}


/* The name servers' records; or those of the resolver, if only it was asked. */

static void
record_servers(const facts_t *facts, const mta_sts_env_t *env,
    plan_look_t *look)
{
    size_t                i;
    uint32_t              ttl;
    plan_look_server_t   *servers;
    const auth_answer_t  *auth;

    auth = &facts->auth[PROBE_AUTH_TXT];
    ttl = record_ttl(facts, &facts->txt, PROBE_AUTH_TXT);

    servers = env->alloc(env->ctx, (auth->n + 1) * sizeof(plan_look_server_t));

    look->servers = servers;
    look->servers_known = 1;

    if (!(facts->what & PROBE_SERVERS)) {
        record_server(mta_sts_str("resolver"), &facts->txt, ttl, env, servers);
        look->n_servers = 1;
        return;
    }

    look->servers_known = auth->n > 0;
    look->n_servers = auth->n;

    for (i = 0; i < auth->n; i++) {
        record_server(auth->servers[i].server, &auth->servers[i].answer, ttl,
                      env, &servers[i]);
    }
}


/* Facts become a look; in env's memory and that of facts. */

static void
record_look(const facts_t *facts, const mta_sts_env_t *env, plan_look_t *look)
{
    memset(look, 0, sizeof(plan_look_t));

    look->time = facts->now;

    if (facts->what & PROBE_POLICY) {
        record_addresses(facts, env, look);
    }

    if (facts->what & PROBE_RECORDS) {
        record_servers(facts, env, look);
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


/* Findings as the text of state_domain_t, in env's memory. */

static mta_sts_str_t
record_findings(const findings_t *findings, const mta_sts_env_t *env)
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
    mta_sts_env_t     env = { .alloc = diag_alloc, .ctx = &arena };

    if (!state_is_open(state)) {
        return;
    }

    (void) state_get(state, result->entry->domain, &env, &domain);

    /* another process may have looked later */

    if (result->now >= domain.history.look) {
        record_look(result->facts, &env, &look);
        plan_look(&domain.history, &look);
        plan_compact(&domain.history, result->now);
    }

    if (result->entry->policy) {
        domain.configured = result->now;
        domain.forgotten = 0;
    }

    if (result->facts->what & PROBE_RECORDS) {
        domain.findings = record_findings(&result->findings, &env);
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
    mta_sts_env_t     env = { .alloc = diag_alloc, .ctx = &arena };

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
