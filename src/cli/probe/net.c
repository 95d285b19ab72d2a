/*
 * The loop: libcurl waits for its own sockets and for those of c-ares.
 */

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "probe.h"


#define NET_WAIT       1000           /* ms */
#define NET_TRANSFERS  1000           /* in flight */
#define NET_RESERVED   64             /* descriptors for everything else */


int64_t
net_clock(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* The number of transfers that there are descriptors for. */

static unsigned
net_transfers(void)
{
    struct rlimit  limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return NET_RESERVED;
    }

    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
        (void) getrlimit(RLIMIT_NOFILE, &limit);
    }

    if (limit.rlim_cur >= NET_TRANSFERS + NET_RESERVED) {
        return NET_TRANSFERS;
    }

    return limit.rlim_cur > 2 * NET_RESERVED
           ? (unsigned) limit.rlim_cur - NET_RESERVED
           : (unsigned) limit.rlim_cur / 4 + 1;
}


/*
 * The name for EHLO.  Many mail servers reject one without a dot, so it is
 * qualified by the resolver where the host's own is not.
 */

static void
net_helo(net_t *net)
{
    char              name[256];
    const char       *helo;
    struct addrinfo   hints, *info;

    info = NULL;
    helo = net->settings.helo;

    if (helo == NULL && gethostname(name, sizeof(name) - 1) == 0) {
        name[sizeof(name) - 1] = '\0';
        helo = name;

        memset(&hints, 0, sizeof(struct addrinfo));
        hints.ai_flags = AI_CANONNAME;

        if (strchr(name, '.') == NULL
            && getaddrinfo(name, NULL, &hints, &info) == 0
            && info->ai_canonname)
        {
            helo = info->ai_canonname;
        }
    }

    if (helo == NULL || strchr(helo, '.') == NULL
        || !mta_sts_name_is_host(mta_sts_str_from(helo)))
    {
        helo = "localhost.localdomain";
    }

    (void) snprintf(net->helo, sizeof(net->helo), "%s", helo);

    if (info) {
        freeaddrinfo(info);
    }
}


int
net_init(net_t *net, const net_settings_t *settings, mta_sts_err_t *err)
{
    memset(net, 0, sizeof(net_t));

    net->settings = *settings;
    net->now = time(NULL);
    net->pool.max = net_transfers();

    if (settings->smtp_timeout == 0) {
        net->settings.smtp_timeout = settings->timeout;
    }

    net_helo(net);

    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, diag_malloc, free,
                             diag_realloc, diag_strdup, diag_calloc)
        != CURLE_OK)
    {
        return mta_sts_error(err, MTA_STS_NOWHERE, "libcurl cannot start");
    }

    net->multi = curl_multi_init();

    if (net->multi == NULL) {
        curl_global_cleanup();
        return mta_sts_error(err, MTA_STS_NOWHERE, "libcurl cannot start");
    }

    net->dns = dns_new(settings->resolver, settings->timeout, err);
    net->store = net->dns ? cert_store(settings->ca, err) : NULL;

    if (net->store == NULL) {
        net_free(net);
        return MTA_STS_ERROR;
    }

    net->contexts[0] = cert_context(net->store, EVP_PKEY_RSA);
    net->contexts[1] = cert_context(net->store, EVP_PKEY_EC);

    if (net->contexts[0] == NULL || net->contexts[1] == NULL) {
        net_free(net);
        return mta_sts_error(err, MTA_STS_NOWHERE, "OpenSSL cannot start");
    }

    return MTA_STS_OK;
}


void
net_free(net_t *net)
{
    dns_t  *dns;

    while (net->servers) {
        dns = net->servers;
        net->servers = dns_next(dns);
        dns_free(dns);
    }

    if (net->dns) {
        dns_free(net->dns);
    }

    fetch_drop(net);
    kind_drop(net);

    (void) curl_multi_cleanup(net->multi);
    SSL_CTX_free(net->contexts[0]);
    SSL_CTX_free(net->contexts[1]);
    X509_STORE_free(net->store);
    curl_global_cleanup();
}


/* The next resolver of the loop: net->dns, then the name servers. */

static dns_t *
net_dns(const net_t *net, const dns_t *dns)
{
    if (dns == NULL) {
        return net->dns;
    }

    return dns == net->dns ? net->servers : dns_next(dns);
}


/* Gives a copy of the sockets of all resolvers, in *sockets. */

static unsigned
net_sockets(const net_t *net, struct curl_waitfd **sockets, int *ms)
{
    dns_t               *dns;
    unsigned             n, all;
    struct curl_waitfd  *of;

    *sockets = NULL;
    all = 0;

    for (dns = net_dns(net, NULL); dns; dns = net_dns(net, dns)) {
        of = dns_sockets(dns, &n, ms);

        if (n) {
            *sockets = diag_realloc(*sockets, (all + n)
                                              * sizeof(struct curl_waitfd));
            memcpy(*sockets + all, of, n * sizeof(struct curl_waitfd));
            all += n;
        }
    }

    return all;
}


void
net_step(net_t *net)
{
    int                  ms, left, running;
    dns_t               *dns;
    unsigned             n, all, kinds;
    const CURLMsg       *msg;
    struct curl_waitfd  *sockets, *of;

    ms = NET_WAIT;
    all = net_sockets(net, &sockets, &ms);
    kinds = net->n_kinds;

    sockets = diag_realloc(sockets, (all + kinds)
                                    * sizeof(struct curl_waitfd));
    kind_sockets(net, sockets + all);

    (void) curl_multi_poll(net->multi, sockets, all + kinds, ms, NULL);

    all = 0;

    for (dns = net_dns(net, NULL); dns; dns = net_dns(net, dns)) {
        of = dns_sockets(dns, &n, &ms);

        if (n) {
            memcpy(of, sockets + all, n * sizeof(struct curl_waitfd));
            all += n;
        }
    }

    /* from here on, callbacks may open other sockets */

    for (dns = net_dns(net, NULL); dns; dns = net_dns(net, dns)) {
        dns_process(dns);
    }

    kind_process(net, sockets + all);
    free(sockets);

    (void) curl_multi_perform(net->multi, &running);

    while ((msg = curl_multi_info_read(net->multi, &left)) != NULL) {
        if (msg->msg == CURLMSG_DONE) {
            fetch_end(net, msg->easy_handle, msg->data.result);
        }
    }
}
