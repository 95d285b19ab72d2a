/*
 * The network: lookups and transfers, many at a time, in one loop.
 */

#ifndef MTA_STS_NET_H
#define MTA_STS_NET_H


#include <curl/curl.h>

#include "cert.h"
#include "dns.h"


typedef struct {
    const char  *resolver;            /* NULL: those of resolv.conf */
    const char  *ca;                  /* NULL: the system's roots */
    unsigned     timeout;             /* of a lookup or transfer; ms */
    unsigned     jobs;                /* domains in flight */
} net_settings_t;


typedef struct fetch_transfer_s  fetch_transfer_t;

typedef struct {
    dns_t             *dns;
    CURLM             *multi;
    X509_STORE        *store;
    unsigned           timeout;
    time_t             now;
    fetch_transfer_t  *transfers;     /* under way */
} net_t;


/*
 * Errors: those of dns_new() and cert_store(); libcurl's own; out of memory.
 * After an error there is nothing to free.
 */
int net_init(net_t *net, const net_settings_t *settings, mta_sts_err_t *err);

void net_free(net_t *net);

/*
 * Waits until something happens, for no longer than a second, and calls what is
 * to be called about it.
 */
void net_step(net_t *net);


#endif /* MTA_STS_NET_H */
