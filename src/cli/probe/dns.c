/*
 * c-ares asks, and asks again where an alias leads out of the answer.
 */

#include <ares.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "base/base.h"
#include "probe.h"


#define DNS_TRIES       2
#define DNS_EDNS        1232          /* bytes in a UDP answer */


struct dns_s {
    ares_channel  channel;
};


typedef struct {
    dns_t            *dns;
    dns_done_pt       done;
    void             *ctx;
    answer_t          asked;
    dns_answer_t      answer;
    mta_sts_arena_t   arena;
    mta_sts_env_t     env;
} dns_query_t;


/* An ares_callback has no const. */

static void dns_done(void *arg, int status, int timeouts, unsigned char *data,
    int len);


dns_t *
dns_new(const char *server, unsigned timeout, mta_sts_err_t *err)
{
    int                  rc;
    dns_t               *dns;
    struct ares_options  options;

    dns = calloc(1, sizeof(dns_t));
    if (dns == NULL) {
        (void) mta_sts_error_memory(err);
        return NULL;
    }

    /* the second try waits twice as long as the first */

    memset(&options, 0, sizeof(struct ares_options));
    options.flags = ARES_FLAG_EDNS;
    options.ednspsz = DNS_EDNS;
    options.tries = DNS_TRIES;
    options.timeout = (int) (timeout / 3 + 1);

    rc = ares_library_init_mem(ARES_LIB_INIT_ALL, diag_malloc, free,
                               diag_realloc);

    if (rc == ARES_SUCCESS) {
        rc = ares_init_options(&dns->channel, &options,
                               ARES_OPT_FLAGS|ARES_OPT_EDNSPSZ|ARES_OPT_TRIES
                               |ARES_OPT_TIMEOUTMS);
    }

    if (rc != ARES_SUCCESS) {
        (void) (rc == ARES_ENOMEM
                ? mta_sts_error_memory(err)
                : mta_sts_error(err, MTA_STS_NOWHERE, "c-ares: %s",
                                ares_strerror(rc)));
        ares_library_cleanup();
        free(dns);
        return NULL;
    }

    rc = server ? ares_set_servers_ports_csv(dns->channel, server)
                : ARES_SUCCESS;

    if (rc != ARES_SUCCESS) {
        (void) (rc == ARES_ENOMEM
                ? mta_sts_error_memory(err)
                : mta_sts_error(err, MTA_STS_NOWHERE, "invalid resolver "
                                "\"%s\", must be an address, or an address, "
                                "\":\" and a port", server));
        dns_free(dns);
        return NULL;
    }

    return dns;
}


void
dns_free(dns_t *dns)
{
    ares_destroy(dns->channel);
    ares_library_cleanup();
    free(dns);
}


size_t
dns_poll(dns_t *dns, struct pollfd *fds, int *ms)
{
    int             bits, i;
    size_t          n;
    ares_socket_t   socks[ARES_GETSOCK_MAXNUM];
    struct timeval  max, tv, *next;

    bits = ares_getsock(dns->channel, socks, ARES_GETSOCK_MAXNUM);
    n = 0;

    for (i = 0; i < DNS_FDS; i++) {

        fds[n].fd = socks[i];
        fds[n].events = 0;
        fds[n].revents = 0;

        if (ARES_GETSOCK_READABLE(bits, i)) {
            fds[n].events |= POLLIN;
        }

        if (ARES_GETSOCK_WRITABLE(bits, i)) {
            fds[n].events |= POLLOUT;
        }

        n += fds[n].events != 0;
    }

    max.tv_sec = *ms / 1000;
    max.tv_usec = *ms % 1000 * 1000;

    next = ares_timeout(dns->channel, &max, &tv);
    *ms = (int) (next->tv_sec * 1000 + next->tv_usec / 1000);

    return n;
}


void
dns_process(dns_t *dns, const struct pollfd *fds, size_t n)
{
    size_t         i;
    ares_socket_t  in, out;

    for (i = 0; i < n; i++) {
        in = out = ARES_SOCKET_BAD;

        if (fds[i].revents & (POLLIN|POLLERR|POLLHUP)) {
            in = fds[i].fd;
        }

        if (fds[i].revents & POLLOUT) {
            out = fds[i].fd;
        }

        if (in != ARES_SOCKET_BAD || out != ARES_SOCKET_BAD) {
            ares_process_fd(dns->channel, in, out);
        }
    }

    /* timeouts */

    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}


static void
dns_finish(dns_query_t *query, dns_status_e status, const char *error)
{
    query->answer.status = status;
    query->answer.error = error;

    query->done(query->ctx, &query->answer);

    mta_sts_arena_free(&query->arena);
    free(query);
}


static void
dns_ask(dns_query_t *query)
{
    ares_query(query->dns->channel, query->asked.name, ns_c_in,
               query->asked.type, dns_done, query);
}


void
dns_lookup(dns_t *dns, mta_sts_str_t name, int type, dns_done_pt done,
    void *ctx)
{
    dns_query_t   *query;
    dns_answer_t   failed;

    query = calloc(1, sizeof(dns_query_t));

    if (query == NULL || name.len >= sizeof(query->asked.name)) {
        free(query);

        memset(&failed, 0, sizeof(dns_answer_t));
        failed.status = DNS_FAILED;
        failed.error = "out of memory";
        failed.memory = 1;
        done(ctx, &failed);
        return;
    }

    query->dns = dns;
    query->asked.type = type;
    query->done = done;
    query->ctx = ctx;
    query->answer.ttl = UINT32_MAX;
    query->env.alloc = diag_alloc;
    query->env.ctx = &query->arena;
    query->asked.out = &query->answer;
    query->asked.env = &query->env;

    memcpy(query->asked.name, name.data, name.len);

    dns_ask(query);
}


static void
dns_message(dns_query_t *query, const unsigned char *data, int len)
{
    int     rc;
    ns_msg  msg;
    char    asked[NS_MAXDNAME];

    if (ns_initparse(data, len, &msg) != 0) {
        dns_finish(query, DNS_FAILED, "malformed answer");
        return;
    }

    memcpy(asked, query->asked.name, sizeof(asked));

    do {
        rc = query->asked.type == ns_t_cname
             ? 0 : answer_alias(&query->asked, &msg);
    } while (rc == 1);

    if (rc == -1) {
        dns_finish(query, DNS_FAILED, query->asked.aliases > ANSWER_ALIASES
                                      ? "a loop of aliases"
                                      : "malformed answer");
        return;
    }

    if (answer_collect(&query->asked, &msg) != MTA_STS_OK) {
        dns_finish(query, DNS_FAILED, query->answer.memory
                                      ? "out of memory" : "malformed answer");
        return;
    }

    /* where the server does not know what the alias leads to */

    if (query->answer.n == 0 && strcmp(asked, query->asked.name) != 0
        && !ns_msg_getflag(msg, ns_f_ra))
    {
        dns_ask(query);
        return;
    }

    dns_finish(query, query->answer.n ? DNS_FOUND : DNS_EMPTY, NULL);
}


static void
dns_done(void *arg, int status, int timeouts, unsigned char *data, int len)
{
    dns_query_t *query = arg;

    (void) timeouts;

    switch (status) {

    case ARES_SUCCESS:
    case ARES_ENODATA:
        if (data) {
            dns_message(query, data, len);
            return;
        }

        dns_finish(query, DNS_EMPTY, NULL);
        return;

    case ARES_ENOTFOUND:
        dns_finish(query, DNS_EMPTY, NULL);
        return;

    case ARES_ETIMEOUT:
        dns_finish(query, DNS_FAILED, "no answer in time");
        return;

    case ARES_ECONNREFUSED:
        dns_finish(query, DNS_FAILED, "no server has an answer (SERVFAIL, "
                   "REFUSED, or none is listening)");
        return;

    default:
        query->answer.memory = status == ARES_ENOMEM;
        dns_finish(query, DNS_FAILED, ares_strerror(status));
    }
}
