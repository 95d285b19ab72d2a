/*
 * The loop: libcurl waits for its own sockets and for those of c-ares.
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

    return MTA_STS_OK;
}


void
net_free(net_t *net)
{
    if (net->dns) {
        dns_free(net->dns);
    }

    fetch_drop(net);

    (void) curl_multi_cleanup(net->multi);
    X509_STORE_free(net->store);
    curl_global_cleanup();
}


void
net_step(net_t *net)
{
    int                  ms, left, running;
    unsigned             n;
    const CURLMsg       *msg;
    struct curl_waitfd  *sockets;

    ms = NET_WAIT;
    sockets = dns_sockets(net->dns, &n, &ms);

    (void) curl_multi_poll(net->multi, sockets, n, ms, NULL);

    dns_process(net->dns);

    (void) curl_multi_perform(net->multi, &running);

    while ((msg = curl_multi_info_read(net->multi, &left)) != NULL) {
        if (msg->msg == CURLMSG_DONE) {
            fetch_end(net, msg->easy_handle, msg->data.result);
        }
    }
}
