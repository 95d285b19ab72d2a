/*
 * A host: its addresses, and transfers with each of them.
 */

#include "policy/policy.h"
#include "probe.h"


static void
host_release(probe_host_t *host)
{
    if (--host->pending == 0) {
        probe_host_end(host);
    }
}


/*
 * The body of a policy in memory that stays.  Addresses mostly serve the same
 * bytes, which are then kept once.
 */

static mta_sts_str_t
host_body(const probe_host_t *host, mta_sts_str_t body)
{
    size_t  i;

    for (i = 0; i < host->n; i++) {
        if (mta_sts_str_eq(host->fetches[i]->body, body)) {
            return host->fetches[i]->body;
        }
    }

    return mta_sts_str_copy(&host->env, body);
}


static void host_fetched(void *ctx, fetch_t *fetch);

static void
host_fetch(probe_host_t *host, fetch_what_e what, const char *address,
    int kind, fetch_t *before)
{
    fetch_t  *fetch;

    fetch = fetch_new(&host->env, what, host->name.data, address);

    fetch->kind = kind;
    fetch->before = before;

    if (kind && what != FETCH_SMTP) {
        kind_start(host->net, &host->lanes->fetch, fetch, host_fetched, host);
        return;
    }

    fetch_start(host->net, &host->lanes->fetch, &host->env, fetch,
                host_fetched, host);
}


static void
host_fetched(void *ctx, fetch_t *fetch)
{
    probe_host_t *host = ctx;

    /* the second transfer, for the other kind of certificate */

    if (fetch->kind) {
        if (fetch->cert.seen) {
            fetch->before->other = fetch;
        }

        host_release(host);
        return;
    }

    /* the handshake failed with TLS 1.2: does it succeed with TLS 1.3? */

    if (fetch->what == FETCH_POLICY && fetch->connected && !fetch->secure
        && fetch->code != CURLE_OPERATION_TIMEDOUT)
    {
        host_fetch(host, FETCH_POLICY_TLS13, fetch->address, 0, fetch);
        return;
    }

    fetch->body = host_body(host, fetch->body);
    host->fetches[host->n++] = fetch;

    if (fetch->secure) {
        host_fetch(host, fetch->what, fetch->address,
                   fetch->cert.type == EVP_PKEY_RSA ? EVP_PKEY_EC
                                                    : EVP_PKEY_RSA, fetch);
        return;
    }

    host_release(host);
}


static void
host_addresses(probe_host_t *host, const dns_answer_t *answer,
    unsigned family)
{
    size_t  i, max;

    max = host->tries == FETCH_SMTP ? HOST_MAIL : HOST_ADDRESSES;
    host->n_addresses += answer->n;

    for (i = 0; i < answer->n && host->tries != HOST_LOOKUPS; i++) {

        if (host->net->settings.family
            && host->net->settings.family != family)
        {
            host->n_family++;

        } else if (host->started == max) {
            host->n_more++;

        } else {
            host->started++;
            host->pending++;

            host_fetch(host, (fetch_what_e) host->tries,
                       answer->records[i].text.data, 0, NULL);
        }
    }

    host_release(host);
}


static void
host_a(void *ctx, const dns_answer_t *answer)
{
    probe_host_t *host = ctx;

    host->a = dns_copy(answer, &host->env);
    host_addresses(host, &host->a, 4);
}


static void
host_aaaa(void *ctx, const dns_answer_t *answer)
{
    probe_host_t *host = ctx;

    host->aaaa = dns_copy(answer, &host->env);
    host_addresses(host, &host->aaaa, 6);
}


void
host_start(probe_host_t *host)
{
    dns_t        *dns;
    pool_lane_t  *lane;

    dns = host->net->dns;
    lane = &host->lanes->dns;

    host->pending = 1;

    if (mta_sts_name_is_host(host->name)) {
        host->pending += 2;
        dns_lookup_in(dns, lane, host->name, ns_t_a, host_a, host);
        dns_lookup_in(dns, lane, host->name, ns_t_aaaa, host_aaaa, host);
    }

    host_release(host);
}
