/*
 * Lookups by c-ares, which asks again where an alias leads out of the answer.
 */

#include <ares.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "probe.h"


#define DNS_TRIES   2
#define DNS_EDNS    1232              /* bytes in a UDP answer */

/*
 * Queries in flight: Linux's default for the buffer of a socket, which the
 * server has, too, holds about 160 small datagrams.
 */

#define DNS_QUERIES  100

#define DNS_LATE     "no answer in time"


typedef struct dns_query_s  dns_query_t;

struct dns_s {
    dns_t               *next;        /* of net's name servers */
    int                  follow;      /* aliases that lead out of an answer */
    ares_channel         channel;
    unsigned             timeout;     /* ms */
    struct curl_waitfd  *sockets;     /* an fd of -1 is unused */
    unsigned             n;
    unsigned             size;

    pool_t               pool;
    pool_lane_t          lane;        /* of those without another */
    dns_query_t         *first;       /* in flight, by deadline */
    dns_query_t        **last;
};


struct dns_query_s {
    pool_job_t        job;            /* the first */
    dns_t            *dns;
    dns_done_pt       done;
    void             *ctx;
    int64_t           deadline;       /* of net_clock() */
    int               ended;          /* c-ares still has it */
    dns_query_t      *next;
    dns_query_t     **prev;           /* what points to it */

    answer_t          answer;
    mta_sts_arena_t   arena;
    mta_sts_env_t     env;
};


/* c-ares reports what it waits for on a socket; nothing: it is closed. */

static void
dns_socket(void *ctx, ares_socket_t fd, int readable, int writable)
{
    dns_t     *dns = ctx;
    unsigned   i;

    for (i = 0; i < dns->n && dns->sockets[i].fd != fd; i++) {
        /* void */
    }

    if (i == dns->n) {
        for (i = 0; i < dns->n && dns->sockets[i].fd != -1; i++) {
            /* void */
        }
    }

    if (i == dns->size) {
        dns->size = 2 * dns->size + 16;
        dns->sockets = diag_realloc(dns->sockets, dns->size
                                    * sizeof(struct curl_waitfd));
    }

    dns->n += i == dns->n;

    dns->sockets[i].fd = readable || writable ? fd : -1;
    dns->sockets[i].events = (short) ((readable ? CURL_WAIT_POLLIN : 0)
                                      | (writable ? CURL_WAIT_POLLOUT : 0));
    dns->sockets[i].revents = 0;
}


dns_t *
dns_new(const char *server, unsigned timeout, mta_sts_err_t *err)
{
    int                  rc;
    dns_t               *dns;
    struct ares_options  options;

    dns = diag_calloc(1, sizeof(dns_t));
    dns->follow = 1;

    dns->timeout = timeout;
    dns->pool.max = DNS_QUERIES;
    dns->last = &dns->first;

    /* the second try waits twice as long as the first */

    memset(&options, 0, sizeof(struct ares_options));
    options.flags = ARES_FLAG_EDNS;
    options.ednspsz = DNS_EDNS;
    options.tries = DNS_TRIES;
    options.timeout = (int) (timeout / 3 + 1);
    options.sock_state_cb = dns_socket;
    options.sock_state_cb_data = dns;

    rc = ares_library_init_mem(ARES_LIB_INIT_ALL, diag_malloc, free,
                               diag_realloc);

    if (rc == ARES_SUCCESS) {
        rc = ares_init_options(&dns->channel, &options,
                               ARES_OPT_FLAGS|ARES_OPT_EDNSPSZ|ARES_OPT_TRIES
                               |ARES_OPT_TIMEOUTMS|ARES_OPT_SOCK_STATE_CB);
    }

    if (rc != ARES_SUCCESS) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "c-ares: %s",
                             ares_strerror(rc));
        ares_library_cleanup();
        free(dns);
        return NULL;
    }

    if (server
        && ares_set_servers_ports_csv(dns->channel, server) != ARES_SUCCESS)
    {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "invalid resolver \"%s\", "
                             "must be an address, or an address, \":\" and a "
                             "port", server);
        dns_free(dns);
        return NULL;
    }

    return dns;
}


void
dns_free(dns_t *dns)
{
    pool_job_t  *job;

    dns->pool.max = 0;
    ares_destroy(dns->channel);

    while (dns->lane.first) {
        job = dns->lane.first;
        dns->lane.first = job->next;
        free(job);
    }

    ares_library_cleanup();
    free(dns->sockets);
    free(dns);
}


dns_t *
net_server(net_t *net, const char *addresses, mta_sts_err_t *err)
{
    dns_t  *dns;

    dns = dns_new(addresses, net->settings.timeout, err);

    if (dns) {
        dns->follow = 0;
        dns->next = net->servers;
        net->servers = dns;
    }

    return dns;
}


dns_t *
dns_next(const dns_t *dns)
{
    return dns->next;
}


struct curl_waitfd *
dns_sockets(dns_t *dns, unsigned *n, int *ms)
{
    int64_t         left;
    unsigned        i, k;
    struct timeval  max, tv, *next;

    for (i = 0, k = 0; i < dns->n; i++) {
        if (dns->sockets[i].fd != -1) {
            dns->sockets[k++] = dns->sockets[i];
        }
    }

    dns->n = k;

    max.tv_sec = *ms / 1000;
    max.tv_usec = *ms % 1000 * 1000;

    next = ares_timeout(dns->channel, &max, &tv);

    *ms = (int) (next->tv_sec * 1000 + next->tv_usec / 1000);
    *n = k;

    if (dns->first) {
        left = dns->first->deadline - net_clock();
        left = left < 0 ? 0 : left;

        *ms = left < *ms ? (int) left : *ms;
    }

    return dns->sockets;
}


static void
dns_free_query(dns_query_t *query)
{
    mta_sts_arena_free(&query->arena);
    free(query);
}


/* Gives the answer; c-ares may still have a query that is too late. */

static void
dns_end(dns_query_t *query, const char *error)
{
    dns_answer_t  *answer;

    query->ended = 1;
    *query->prev = query->next;

    if (query->next) {
        query->next->prev = query->prev;

    } else {
        query->dns->last = query->prev;
    }

    answer = &query->answer.out;
    answer->status = answer->n ? DNS_FOUND : DNS_EMPTY;

    if (error) {
        answer->status = DNS_FAILED;
        answer->error = error;
        answer->n = 0;
    }

    answer->target = mta_sts_str_from(query->answer.name);

    query->done(query->ctx, answer);

    pool_end(&query->dns->pool, query->job.lane);
}


void
dns_process(dns_t *dns)
{
    short          events;
    unsigned       i, n;
    ares_socket_t  fd;

    /* callbacks may add sockets and mark others as closed */

    n = dns->n;

    for (i = 0; i < n; i++) {
        fd = dns->sockets[i].fd;
        events = dns->sockets[i].revents;

        if (fd != -1 && events) {
            ares_process_fd(dns->channel,
                            events & ~CURL_WAIT_POLLOUT ? fd : ARES_SOCKET_BAD,
                            events & CURL_WAIT_POLLOUT ? fd : ARES_SOCKET_BAD);
        }
    }

    /* timeouts */

    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);

    while (dns->first && dns->first->deadline <= net_clock()) {
        dns_end(dns->first, DNS_LATE);
    }
}


static void dns_ask(dns_query_t *query);

static void
dns_answered(dns_query_t *query, int status, const unsigned char *data,
    size_t len)
{
    int          incomplete;
    const char  *error;

    error = NULL;
    incomplete = 0;

    if (query->ended) {
        dns_free_query(query);
        return;
    }

    switch (status) {

    case ARES_SUCCESS:
    case ARES_ENODATA:
        if (data) {
            error = answer_read(&query->answer, data, len, &incomplete);
        }

        break;

    case ARES_ENOTFOUND:
        break;

    case ARES_ETIMEOUT:
        error = DNS_LATE;
        break;

    case ARES_ECONNREFUSED:
        error = "no server has an answer (SERVFAIL, REFUSED, or none is "
                "listening)";
        break;

    default:
        error = ares_strerror(status);
    }

    if (incomplete && query->dns->follow) {
        dns_ask(query);
        return;
    }

    dns_end(query, error);
    dns_free_query(query);
}


/*
 * c-ares 1.28 has a parser of its own, and its functions for messages are
 * deprecated; older versions have only those.
 */

#if ARES_VERSION >= 0x011c00

static void
dns_done(void *arg, ares_status_t status, size_t timeouts,
    const ares_dns_record_t *record)
{
    size_t          len;
    unsigned char  *data;

    (void) timeouts;

    len = 0;
    data = NULL;

    if (record) {
        (void) ares_dns_write(record, &data, &len);
    }

    dns_answered(arg, (int) status, data, len);
    ares_free_string(data);
}


static void
dns_ask(dns_query_t *query)
{
    (void) ares_query_dnsrec(query->dns->channel, query->answer.name,
                             ARES_CLASS_IN,
                             (ares_dns_rec_type_t) query->answer.type,
                             dns_done, query, NULL);
}

#else

static void
dns_done(void *arg, int status, int timeouts, unsigned char *data, int len)
{
    (void) timeouts;

    dns_answered(arg, status, data, (size_t) len);
}


static void
dns_ask(dns_query_t *query)
{
    ares_query(query->dns->channel, query->answer.name, ns_c_in,
               query->answer.type, dns_done, query);
}

#endif


static void
dns_start(pool_job_t *job)
{
    dns_t        *dns;
    dns_query_t  *query;

    query = (dns_query_t *) job;
    dns = query->dns;

    query->deadline = net_clock() + dns->timeout;
    query->prev = dns->last;
    *dns->last = query;
    dns->last = &query->next;

    dns_ask(query);
}


void
dns_lookup(dns_t *dns, mta_sts_str_t name, int type, dns_done_pt done,
    void *ctx)
{
    dns_lookup_in(dns, &dns->lane, name, type, done, ctx);
}


void
dns_lookup_in(dns_t *dns, pool_lane_t *lane, mta_sts_str_t name, int type,
    dns_done_pt done, void *ctx)
{
    size_t        len;
    dns_query_t  *query;

    query = diag_calloc(1, sizeof(dns_query_t));

    query->job.start = dns_start;
    query->dns = dns;
    query->done = done;
    query->ctx = ctx;
    query->env.alloc = diag_alloc;
    query->env.ctx = &query->arena;
    query->answer.type = type;
    query->answer.env = &query->env;
    query->answer.out.ttl = UINT32_MAX;

    /* a name that is too long is refused by c-ares */

    len = name.len < NS_MAXDNAME ? name.len : NS_MAXDNAME - 1;
    memcpy(query->answer.name, name.data, len);

    pool_add(&dns->pool, lane, &query->job);
}


dns_answer_t
dns_copy(const dns_answer_t *answer, const mta_sts_env_t *env)
{
    size_t        i;
    dns_answer_t  copy;

    copy = *answer;
    copy.target = mta_sts_str_copy(env, copy.target);
    copy.records = env->alloc(env->ctx, copy.n * sizeof(dns_record_t));

    for (i = 0; i < copy.n; i++) {
        copy.records[i] = answer->records[i];
        copy.records[i].text = mta_sts_str_copy(env, copy.records[i].text);
    }

    return copy;
}
