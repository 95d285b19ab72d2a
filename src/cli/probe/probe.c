/*
 * All that is looked up and fetched for a policy domain.
 */

#include <search.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "probe.h"


/* A domain's share of what is in flight. */

#define PROBE_LANE_DNS    16
#define PROBE_LANE_FETCH  32

#define PROBE_DAY         86400
#define PROBE_SOON        30          /* days that a certificate is valid */


typedef struct {
    facts_t               facts;
    probe_t              *probe;
    net_lanes_t           lanes;
    const mta_sts_env_t  *env;
    unsigned              pending;    /* lookups and hosts */
    probe_done_pt         done;
    void                 *ctx;
} probe_domain_t;


/* Those who wait for a host to end; each has one of them pending. */

struct probe_waiter_s {
    probe_domain_t         *domain;
    struct probe_waiter_s  *next;
};


static void
probe_release(probe_domain_t *domain)
{
    if (--domain->pending == 0) {
        domain->done(domain->ctx, &domain->facts);
    }
}


static void
probe_wait(probe_domain_t *domain, probe_host_t *host)
{
    struct probe_waiter_s  *waiter;

    waiter = domain->env->alloc(domain->env->ctx,
                                sizeof(struct probe_waiter_s));
    waiter->domain = domain;
    waiter->next = host->waiters;

    host->waiters = waiter;
    domain->pending++;
}


/* A lookup below the domain, or with an empty prefix of itself. */

static void
probe_lookup(probe_domain_t *domain, const char *prefix, int type,
    dns_done_pt done)
{
    mta_sts_buf_t  name = { domain->env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&name, prefix);
    mta_sts_buf_add(&name, domain->facts.domain);

    domain->pending++;

    dns_lookup_in(domain->probe->net->dns, &domain->lanes.dns,
                  mta_sts_buf_str(&name), type, done, domain);
}


static void
probe_caa_domain(void *ctx, const dns_answer_t *answer)
{
    probe_domain_t *domain = ctx;

    domain->facts.caa = dns_copy(answer, domain->env);
    probe_release(domain);
}


/* RFC 8659, 3: without a record of its own a name has that of the one above. */

static void
probe_caa_host(void *ctx, const dns_answer_t *answer)
{
    probe_domain_t *domain = ctx;

    domain->facts.caa = dns_copy(answer, domain->env);

    if (answer->status == DNS_EMPTY) {
        probe_lookup(domain, "", ns_t_caa, probe_caa_domain);
    }

    probe_release(domain);
}


/* Is there a certificate that a new one may be needed for? */

static int
probe_needs_cert(const facts_t *facts)
{
    size_t         i;
    const cert_t  *cert;

    for (i = 0; i < facts->host.n; i++) {
        cert = &facts->host.fetches[i]->cert;

        if (cert->seen
            && (!cert->named || cert->chain != X509_V_OK
                || cert->not_after < facts->now + PROBE_SOON * PROBE_DAY))
        {
            return 1;
        }
    }

    return 0;
}


void
probe_host_end(probe_host_t *host)
{
    probe_domain_t         *domain;
    struct probe_waiter_s  *waiter;

    while (host->waiters) {
        waiter = host->waiters;
        host->waiters = waiter->next;
        domain = waiter->domain;

        if (host == &domain->facts.host && probe_needs_cert(&domain->facts)) {
            probe_lookup(domain, "mta-sts.", ns_t_caa, probe_caa_host);
        }

        probe_release(domain);
    }
}


static int
probe_server_cmp(const void *a, const void *b)
{
    const probe_host_t  *x = a, *y = b;

    return mta_sts_str_cmp(x->name, y->name);
}


/* The mail server of a name, which is probed when it is first asked for. */

static void
probe_server(probe_domain_t *domain, mta_sts_str_t name)
{
    void           **found;
    probe_t         *probe;
    probe_host_t    *host, key;

    probe = domain->probe;
    key.name = name;

    found = tfind(&key, &probe->servers, probe_server_cmp);

    if (found) {
        host = *found;
        domain->facts.mail[domain->facts.n_mail++] = host;

        if (host->pending) {
            probe_wait(domain, host);
        }

        return;
    }

    host = diag_alloc(&probe->arena, sizeof(probe_host_t));
    memset(host, 0, sizeof(probe_host_t));

    host->net = probe->net;
    host->lanes = &domain->lanes;
    host->env.alloc = diag_alloc;
    host->env.ctx = &probe->arena;
    host->name = mta_sts_str_copy(&host->env, name);
    host->tries = probe->what & PROBE_SMTP ? FETCH_SMTP : HOST_LOOKUPS;

    (void) tsearch(host, &probe->servers, probe_server_cmp);

    domain->facts.mail[domain->facts.n_mail++] = host;

    probe_wait(domain, host);
    host_start(host);
}


/* Two MX records may have the same host. */

static void
probe_mx_host(probe_domain_t *domain, mta_sts_str_t name)
{
    size_t  i;

    for (i = 0; i < domain->facts.n_mail; i++) {
        if (mta_sts_str_eq(domain->facts.mail[i]->name, name)) {
            return;
        }
    }

    if (domain->facts.n_mail == PROBE_MX) {
        domain->facts.n_more++;
        return;
    }

    probe_server(domain, name);
}


static void
probe_mx(void *ctx, const dns_answer_t *answer)
{
    size_t          i;
    probe_domain_t *domain = ctx;

    domain->facts.mx = dns_copy(answer, domain->env);

    /* RFC 7505: a single MX of "." */

    if (answer->n == 1 && answer->records[0].text.len == 0) {
        probe_release(domain);
        return;
    }

    if (answer->status == DNS_EMPTY) {
        probe_mx_host(domain, domain->facts.domain);
    }

    for (i = 0; i < answer->n; i++) {
        probe_mx_host(domain, answer->records[i].text);
    }

    probe_release(domain);
}


static void
probe_txt_twice(void *ctx, const dns_answer_t *answer)
{
    probe_domain_t *domain = ctx;

    domain->facts.txt_twice = dns_copy(answer, domain->env);
    probe_release(domain);
}


static void
probe_txt_apex(void *ctx, const dns_answer_t *answer)
{
    probe_domain_t *domain = ctx;

    domain->facts.txt_apex = dns_copy(answer, domain->env);
    probe_release(domain);
}


/*
 * Where there is no record, it may be where an input form put it: below the
 * domain's name twice, or at the domain itself.
 */

static void
probe_txt(void *ctx, const dns_answer_t *answer)
{
    mta_sts_buf_t   prefix;
    probe_domain_t *domain = ctx;

    domain->facts.txt = dns_copy(answer, domain->env);

    if (answer->status == DNS_EMPTY) {
        memset(&prefix, 0, sizeof(mta_sts_buf_t));
        prefix.env = domain->env;

        mta_sts_buf_add_cstr(&prefix, "_mta-sts.");
        mta_sts_buf_add(&prefix, domain->facts.domain);
        mta_sts_buf_add_cstr(&prefix, ".");
        mta_sts_buf_add_char(&prefix, '\0');

        probe_lookup(domain, mta_sts_buf_str(&prefix).data, ns_t_txt,
                     probe_txt_twice);
        probe_lookup(domain, "", ns_t_txt, probe_txt_apex);
    }

    probe_release(domain);
}


static void
probe_tlsrpt(void *ctx, const dns_answer_t *answer)
{
    probe_domain_t *domain = ctx;

    domain->facts.tlsrpt = dns_copy(answer, domain->env);
    probe_release(domain);
}


void
probe_start(probe_t *probe, mta_sts_str_t domain, const mta_sts_env_t *env,
    probe_done_pt done, void *ctx)
{
    facts_t         *facts;
    probe_domain_t  *of;

    of = env->alloc(env->ctx, sizeof(probe_domain_t));
    memset(of, 0, sizeof(probe_domain_t));

    facts = &of->facts;

    of->probe = probe;
    of->env = env;
    of->done = done;
    of->ctx = ctx;

    of->lanes.dns.max = PROBE_LANE_DNS;
    of->lanes.fetch.max = PROBE_LANE_FETCH;

    facts->domain = domain;
    facts->what = probe->what;
    facts->now = time(NULL);

    /* one for this function: an answer may be there at once */

    of->pending = 1;

    if (probe->what & PROBE_RECORDS) {
        probe_lookup(of, "_mta-sts.", ns_t_txt, probe_txt);
        probe_lookup(of, "", ns_t_mx, probe_mx);
        probe_lookup(of, "_smtp._tls.", ns_t_txt, probe_tlsrpt);
    }

    if (probe->what & PROBE_POLICY) {
        facts->host.net = probe->net;
        facts->host.lanes = &of->lanes;
        facts->host.env = *env;
        facts->host.tries = FETCH_POLICY;
        facts->host.name = mta_sts_str_copy(env,
                                       mta_sts_name_policy_host(domain, env));
        probe_wait(of, &facts->host);
        host_start(&facts->host);
    }

    probe_release(of);
}


void
probe_free(probe_t *probe)
{
    /* a node begins with the pointer to its host, which the arena has */

    while (probe->servers) {
        (void) tdelete(*(void **) probe->servers, &probe->servers,
                       probe_server_cmp);
    }

    mta_sts_arena_free(&probe->arena);
}
