/*
 * Many domains: a bounded number is in flight, and results are given in the
 * order of the entries.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "check.h"


/*
 * Domains that were started and not given yet.  One that hangs holds back those
 * after it, and what was seen of them takes memory, some 16 KB each.
 */

#define CHECK_WAITING  4096


/* A domain in flight, or one that waits for those before it. */

typedef struct {
    const facts_t    *facts;          /* once it has ended */
    size_t           *active;
    mta_sts_arena_t   arena;
    mta_sts_env_t     env;
} check_domain_t;


static void
check_probed(void *ctx, const facts_t *facts)
{
    check_domain_t *domain = ctx;

    domain->facts = facts;
    (*domain->active)--;
}


static check_domain_t *
check_start(probe_t *probe, const mta_sts_entry_t *entry, size_t *active)
{
    check_domain_t  *domain;

    domain = diag_calloc(1, sizeof(check_domain_t));

    domain->active = active;
    domain->env.alloc = diag_alloc;
    domain->env.ctx = &domain->arena;

    (*active)++;

    probe_start(probe, entry->domain, &domain->env, check_probed, domain);

    return domain;
}


static void
check_end(const check_t *check, check_domain_t *domain,
    const mta_sts_entry_t *entry)
{
    facts_t     facts;
    result_t    result;
    evidence_t  evidence;

    facts = *domain->facts;

    if (check->evidence) {
        evidence_read(check->evidence, facts.domain, facts.now - REPORTED_SINCE,
                      &domain->env, &evidence);
        facts.evidence = &evidence;
    }

    judge(&facts, entry, &domain->env, &result);

    check->done(check->ctx, &result);

    mta_sts_arena_free(&domain->arena);
    free(domain);
}


static void
check_loop(const check_t *check, probe_t *probe,
    const mta_sts_entry_t *entries, size_t n)
{
    size_t           active, started, done;
    check_domain_t **domains;

    domains = diag_calloc(n, sizeof(check_domain_t *));
    active = started = done = 0;

    while (done < n) {

        while (started < n && active < check->net.jobs
               && started - done < CHECK_WAITING)
        {
            domains[started] = check_start(probe, &entries[started], &active);
            started++;
        }

        if (active) {
            net_step(probe->net);
        }

        while (done < started && domains[done]->facts) {
            check_end(check, domains[done], &entries[done]);
            done++;
        }

        if (check->progress) {
            check->progress(check->ctx, done, n);
        }
    }

    free(domains);
}


int
check_run(const check_t *check, const mta_sts_entry_t *entries, size_t n,
    mta_sts_err_t *err)
{
    net_t    net;
    probe_t  probe;

    memset(&probe, 0, sizeof(probe_t));

    if (net_init(&net, &check->net, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    probe.net = &net;
    probe.what = check->what;

    if (check->what & PROBE_SERVERS) {
        probe.auth = auth_new(&net, check->net.resolver);
    }

    check_loop(check, &probe, entries, n);

    if (probe.auth) {
        auth_free(probe.auth);
    }

    net_free(&net);
    probe_free(&probe);

    return MTA_STS_OK;
}
