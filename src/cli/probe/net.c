/*
 * libcurl's loop waits, for c-ares' sockets as well.
 */

#include "cli/diag/diag.h"
#include "probe.h"


#define NET_WAIT  1000                /* ms */


int
net_init(net_t *net, const net_settings_t *settings, mta_sts_err_t *err)
{
    memset(net, 0, sizeof(net_t));

    net->timeout = settings->timeout;
    net->now = time(NULL);

    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, diag_malloc, free,
                             diag_realloc, diag_strdup, diag_calloc)
        != CURLE_OK)
    {
        return mta_sts_error(err, MTA_STS_NOWHERE, "libcurl cannot start");
    }

    net->dns = dns_new(settings->resolver, settings->timeout, err);
    net->store = net->dns ? cert_store(settings->ca, err) : NULL;
    net->multi = net->store ? curl_multi_init() : NULL;

    if (net->multi) {
        return MTA_STS_OK;
    }

    if (net->store) {
        (void) mta_sts_error_memory(err);
    }

    net_free(net);

    return MTA_STS_ERROR;
}


void
net_free(net_t *net)
{
    if (net->dns) {
        dns_free(net->dns);
    }

    fetch_drop(net);

    if (net->multi) {
        (void) curl_multi_cleanup(net->multi);
    }

    X509_STORE_free(net->store);
    curl_global_cleanup();
}


static void
net_transfers(net_t *net)
{
    int             left, running;
    const CURLMsg  *msg;

    (void) curl_multi_perform(net->multi, &running);

    while ((msg = curl_multi_info_read(net->multi, &left)) != NULL) {
        if (msg->msg == CURLMSG_DONE) {
            fetch_end(net, msg->easy_handle, msg->data.result);
        }
    }
}


void
net_step(net_t *net)
{
    int                  ms;
    size_t               i, n;
    struct pollfd        fds[DNS_FDS];
    struct curl_waitfd   waits[DNS_FDS];

    ms = NET_WAIT;
    n = dns_poll(net->dns, fds, &ms);

    for (i = 0; i < n; i++) {
        waits[i].fd = fds[i].fd;
        waits[i].events = 0;
        waits[i].revents = 0;

        if (fds[i].events & POLLIN) {
            waits[i].events |= CURL_WAIT_POLLIN;
        }

        if (fds[i].events & POLLOUT) {
            waits[i].events |= CURL_WAIT_POLLOUT;
        }
    }

    (void) curl_multi_poll(net->multi, waits, (unsigned) n, ms, NULL);

    for (i = 0; i < n; i++) {
        fds[i].revents = 0;

        if (waits[i].revents & CURL_WAIT_POLLIN) {
            fds[i].revents |= POLLIN;
        }

        if (waits[i].revents & CURL_WAIT_POLLOUT) {
            fds[i].revents |= POLLOUT;
        }
    }

    dns_process(net->dns, fds, n);
    net_transfers(net);
}
