/*
 * A second handshake with a policy host, for a certificate of the other kind.
 * Most hosts have none and refuse at once, so it is done without libcurl: a
 * context of its own for each connection would cost more than everything else.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "probe.h"


#define KIND_PORT  443


struct kind_s {
    pool_job_t       job;             /* the first */
    net_t           *net;
    fetch_t         *fetch;
    fetch_done_pt    done;
    void            *ctx;
    SSL             *ssl;
    int              fd;
    short            events;          /* CURL_WAIT_POLLIN, ... */
    int64_t          deadline;        /* of net_clock() */
    int              slot;            /* in the sockets that were waited for;
                                         -1: started since */
    kind_t          *next;
};


static void
kind_close(kind_t *kind)
{
    SSL_free(kind->ssl);

    if (kind->fd != -1) {
        (void) close(kind->fd);
    }

    free(kind);
}


static void
kind_end(kind_t *kind)
{
    net_t        *net;
    kind_t      **p;
    pool_lane_t  *lane;

    net = kind->net;
    lane = kind->job.lane;

    for (p = &net->kinds; *p != kind; p = &(*p)->next) {
        /* void */
    }

    *p = kind->next;
    net->n_kinds--;

    kind->done(kind->ctx, kind->fetch);
    kind_close(kind);

    pool_end(&net->pool, lane);
}


/* Goes on with the handshake; what fails has no certificate of the kind. */

static void
kind_step(kind_t *kind)
{
    switch (SSL_get_error(kind->ssl, SSL_connect(kind->ssl))) {

    case SSL_ERROR_WANT_READ:
        kind->events = CURL_WAIT_POLLIN;
        break;

    case SSL_ERROR_WANT_WRITE:
        kind->events = CURL_WAIT_POLLOUT;
        break;

    default:
        ERR_clear_error();
        kind_end(kind);
    }
}


/* A socket that is being connected; -1 if that cannot be. */

static int
kind_connect(const char *address)
{
    int                  fd, rc, ipv6;
    struct sockaddr_in   in;
    struct sockaddr_in6  in6;

    memset(&in, 0, sizeof(in));
    memset(&in6, 0, sizeof(in6));

    in.sin_family = AF_INET;
    in.sin_port = htons(KIND_PORT);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(KIND_PORT);

    ipv6 = inet_pton(AF_INET, address, &in.sin_addr) != 1;

    if (ipv6 && inet_pton(AF_INET6, address, &in6.sin6_addr) != 1) {
        return -1;
    }

    fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    if (fd == -1) {
        return -1;
    }

    (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void) fcntl(fd, F_SETFL, O_NONBLOCK);

    rc = ipv6 ? connect(fd, (struct sockaddr *) &in6, sizeof(in6))
              : connect(fd, (struct sockaddr *) &in, sizeof(in));

    if (rc == -1 && errno != EINPROGRESS) {
        (void) close(fd);
        return -1;
    }

    return fd;
}


static void
kind_begin(pool_job_t *job)
{
    net_t    *net;
    kind_t   *kind;
    fetch_t  *fetch;

    kind = (kind_t *) job;
    net = kind->net;
    fetch = kind->fetch;

    kind->next = net->kinds;
    net->kinds = kind;
    net->n_kinds++;

    kind->deadline = net_clock() + net->settings.timeout;
    kind->fd = kind_connect(fetch->address);
    kind->ssl = kind->fd == -1
                ? NULL : cert_handshake(net->contexts[fetch->kind
                                                      == EVP_PKEY_EC],
                                        &fetch->cert, kind->fd);

    if (kind->ssl == NULL) {
        kind_end(kind);
        return;
    }

    /* the connection is there once it can be written to */

    kind->events = CURL_WAIT_POLLOUT;
}


void
kind_start(net_t *net, pool_lane_t *lane, fetch_t *fetch, fetch_done_pt done,
    void *ctx)
{
    kind_t  *kind;

    kind = diag_calloc(1, sizeof(kind_t));

    kind->job.start = kind_begin;
    kind->net = net;
    kind->fetch = fetch;
    kind->done = done;
    kind->ctx = ctx;
    kind->fd = -1;
    kind->slot = -1;

    pool_add(&net->pool, lane, &kind->job);
}


void
kind_sockets(net_t *net, struct curl_waitfd *sockets)
{
    int      i;
    kind_t  *kind;

    for (i = 0, kind = net->kinds; kind; kind = kind->next, i++) {
        kind->slot = i;
        sockets[i].fd = kind->fd;
        sockets[i].events = kind->events;
        sockets[i].revents = 0;
    }
}


void
kind_process(net_t *net, const struct curl_waitfd *sockets)
{
    kind_t  *kind, *next;

    /* what is started meanwhile is put at the begin of the list */

    for (kind = net->kinds; kind; kind = next) {
        next = kind->next;

        if (kind->slot != -1 && sockets[kind->slot].revents) {
            kind_step(kind);

        } else if (kind->deadline <= net_clock()) {
            kind_end(kind);
        }
    }
}


void
kind_drop(net_t *net)
{
    kind_t  *kind;

    while (net->kinds) {
        kind = net->kinds;
        net->kinds = kind->next;
        kind_close(kind);
    }
}
