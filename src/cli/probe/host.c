/*
 * A host: its addresses, and a transfer with each of them.
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


static void
host_fetched(void *ctx, fetch_t *fetch)
{
    probe_host_t *host = ctx;

    /* the handshake failed with TLS 1.2: does it succeed with TLS 1.3? */

    if (fetch->what == FETCH_POLICY && fetch->connected && !fetch->secure
        && fetch->code != CURLE_OPERATION_TIMEDOUT)
    {
        fetch_start(host->net, &host->env, FETCH_POLICY_TLS13, fetch->host,
                    fetch->address, host_fetched, host);
        return;
    }

    fetch->body = host_body(host, fetch->body);
    host->fetches[host->n++] = fetch;

    host_release(host);
}


static void
host_addresses(probe_host_t *host, const dns_answer_t *answer)
{
    size_t  i;

    for (i = 0; i < answer->n; i++) {

        if (host->n_addresses++ >= HOST_ADDRESSES
            || host->tries == HOST_LOOKUPS)
        {
            continue;
        }

        host->pending++;

        fetch_start(host->net, &host->env, (fetch_what_e) host->tries,
                    host->name.data, answer->records[i].text.data,
                    host_fetched, host);
    }

    host_release(host);
}


static void
host_a(void *ctx, const dns_answer_t *answer)
{
    probe_host_t *host = ctx;

    host->a = dns_copy(answer, &host->env);
    host_addresses(host, &host->a);
}


static void
host_aaaa(void *ctx, const dns_answer_t *answer)
{
    probe_host_t *host = ctx;

    host->aaaa = dns_copy(answer, &host->env);
    host_addresses(host, &host->aaaa);
}


void
host_start(probe_host_t *host)
{
    host->pending = 3;

    if (mta_sts_name_is_host(host->name)) {
        dns_lookup(host->net->dns, host->name, ns_t_a, host_a, host);
        dns_lookup(host->net->dns, host->name, ns_t_aaaa, host_aaaa, host);

    } else {
        host->pending = 1;
    }

    host_release(host);
}
