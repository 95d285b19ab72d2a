/*
 * listen: the addresses of a server.  Follows ngx_http_core_listen() and
 * ngx_parse_url(); what nginx refuses is ignored, since nginx -t reports it.
 */

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "cli/diag/diag.h"
#include "site.h"


/* The parameters that matter. */

typedef struct {
    uint32_t  server;
    int       ssl;
    int       is_default;
    int       proxied;
} listen_params_t;


static void
listen_add(site_t *site, mta_sts_answer_address_t new,
    const listen_params_t *params)
{
    uint32_t                   i;
    mta_sts_answers_t         *answers;
    mta_sts_answer_address_t  *address;

    answers = &site->answers;

    for (i = 0; i < answers->n_addresses; i++) {
        if (mta_sts_str_eq(answers->addresses[i].text, new.text)) {
            break;
        }
    }

    if (i == answers->n_addresses) {
        answers->addresses = mta_sts_env_grow(site->source.env,
                                              answers->addresses, i,
                                              &site->addresses_size,
                                              sizeof(mta_sts_answer_address_t));
        new.text = mta_sts_str_copy(site->source.env, new.text);
        new.default_server = params->server;
        answers->addresses[answers->n_addresses++] = new;
    }

    address = &answers->addresses[i];

    /* a name may resolve to one address twice */

    if (address->n && address->servers[address->n - 1] == params->server) {
        return;
    }

    address->servers = mta_sts_env_grow(site->source.env, address->servers,
                                        address->n, &address->size,
                                        sizeof(uint32_t));
    address->servers[address->n++] = params->server;
    address->tls |= params->ssl != 0;
    address->local |= new.local || params->proxied;

    if (params->is_default) {
        address->default_server = params->server;
    }
}


/* Adds an IPv4 or IPv6 address; others are ignored. */

static void
listen_add_ip(site_t *site, const struct sockaddr *sa, unsigned port,
    const listen_params_t *params)
{
    char                        ip[INET6_ADDRSTRLEN], text[80];
    const struct sockaddr_in   *sin;
    const struct sockaddr_in6  *sin6;
    mta_sts_answer_address_t    address;

    memset(&address, 0, sizeof(mta_sts_answer_address_t));

    if (sa->sa_family == AF_INET) {
        sin = (const void *) sa;
        (void) inet_ntop(AF_INET, &sin->sin_addr, ip, sizeof(ip));
        (void) snprintf(text, sizeof(text), "%s:%u", ip, port);

        address.wildcard = sin->sin_addr.s_addr == htonl(INADDR_ANY);
        address.local = ntohl(sin->sin_addr.s_addr) >> 24 == 127;

    } else if (sa->sa_family == AF_INET6) {
        sin6 = (const void *) sa;
        (void) inet_ntop(AF_INET6, &sin6->sin6_addr, ip, sizeof(ip));
        (void) snprintf(text, sizeof(text), "[%s]:%u", ip, port);

        address.wildcard = IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr) != 0;
        address.local = IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr) != 0;

    } else {
        return;
    }

    address.text = mta_sts_str_from(text);
    address.group = (uint32_t) sa->sa_family << 16 | port;

    listen_add(site, address, params);
}


/* Parses "PORT" or "PORT-PORT"; returns 0 if it is neither. */

static int
listen_ports(const char *text, unsigned *first, unsigned *last)
{
    char  *end;

    if (text[0] < '0' || text[0] > '9') {
        return 0;
    }

    *first = (unsigned) strtoul(text, &end, 10);
    *last = *first;

    if (*end == '-' && end[1] >= '0' && end[1] <= '9') {
        *last = (unsigned) strtoul(end + 1, &end, 10);
    }

    return *end == '\0' && *first >= 1 && *first <= *last && *last <= 65535;
}


/* Adds host, an address, a name or "*", with each of the ports. */

static void
listen_add_host(site_t *site, const char *host, unsigned first, unsigned last,
    const listen_params_t *params)
{
    int               rc;
    unsigned          port;
    struct addrinfo   hints, *all, *ai;

    memset(&hints, 0, sizeof(struct addrinfo));

    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(strcmp(host, "*") == 0 ? "0.0.0.0" : host, NULL, &hints,
                     &all);

    if (rc == EAI_MEMORY) {
        diag_no_memory();
    }

    if (rc != 0) {
        return;
    }

    for (port = first; port <= last; port++) {
        for (ai = all; ai; ai = ai->ai_next) {
            listen_add_ip(site, ai->ai_addr, port, params);
        }
    }

    freeaddrinfo(all);
}


static void
listen_address(site_t *site, mta_sts_str_t text, const listen_params_t *params)
{
    char                       *host, *port;
    unsigned                    first, last;
    mta_sts_answer_address_t    address;

    if (mta_sts_str_starts(text, mta_sts_str("unix:"))) {
        memset(&address, 0, sizeof(mta_sts_answer_address_t));

        address.text = text;
        address.local = 1;

        listen_add(site, address, params);
        return;
    }

    text = mta_sts_str_copy(site->source.env, text);
    host = (char *) text.data;

    first = 80;
    last = 80;

    if (listen_ports(host, &first, &last)) {
        listen_add_host(site, "*", first, last, params);
        return;
    }

    if (host[0] == '[') {
        host++;
        port = strchr(host, ']');

        if (port == NULL) {
            return;
        }

        *port++ = '\0';

    } else {
        port = strchr(host, ':');
    }

    if (port && *port == ':') {
        *port++ = '\0';

        if (!listen_ports(port, &first, &last)) {
            return;
        }
    }

    listen_add_host(site, host, first, last, params);
}


int
site_set_listen(site_t *site, site_server_t *server,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    size_t           i;
    listen_params_t  params;

    (void) err;

    if (n < 2) {
        return MTA_STS_OK;
    }

    server->listens = 1;

    memset(&params, 0, sizeof(listen_params_t));

    params.server = (uint32_t) site->n - 1;

    for (i = 2; i < n; i++) {

        if (mta_sts_str_eq(words[i].text, mta_sts_str("default_server"))
            || mta_sts_str_eq(words[i].text, mta_sts_str("default")))
        {
            params.is_default = 1;

        } else if (mta_sts_str_eq(words[i].text, mta_sts_str("ssl"))) {
            params.ssl = 1;

        } else if (mta_sts_str_eq(words[i].text,
                                  mta_sts_str("proxy_protocol")))
        {
            params.proxied = 1;

        } else if (mta_sts_str_eq(words[i].text, mta_sts_str("quic"))) {

            /* senders do not use HTTP/3, and nginx keeps it apart */

            return MTA_STS_OK;
        }
    }

    listen_address(site, words[1].text, &params);

    return MTA_STS_OK;
}


void
site_end_listen(site_t *site, const site_server_t *server)
{
    listen_params_t  params;

    if (!server->listens) {
        memset(&params, 0, sizeof(listen_params_t));

        params.server = (uint32_t) site->n - 1;

        listen_address(site, mta_sts_str("80"), &params);
    }
}
