/*
 * c-ares asks; the answer is taken apart by libc's ns_parse functions, which do
 * not look behind its end.
 */

#include <arpa/inet.h>
#include <ares.h>
#include <resolv.h>
#include <stdlib.h>

#include "../../core/arena.h"
#include "../../core/name.h"
#include "dns.h"


#define DNS_TRIES       2
#define DNS_ALIASES     16            /* that are followed */
#define DNS_EDNS        1232          /* bytes in a UDP answer */
#define DNS_RECORDS     256           /* that are looked at */


struct dns_s {
    ares_channel  channel;
};


typedef struct {
    dns_t            *dns;
    int               type;
    dns_done_pt       done;
    void             *ctx;
    unsigned          aliases;        /* followed so far */
    char              name[NS_MAXDNAME];
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

    rc = ares_library_init(ARES_LIB_INIT_ALL);

    if (rc == ARES_SUCCESS) {
        rc = ares_init_options(&dns->channel, &options,
                               ARES_OPT_FLAGS|ARES_OPT_EDNSPSZ|ARES_OPT_TRIES
                               |ARES_OPT_TIMEOUTMS);
    }

    if (rc != ARES_SUCCESS) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "c-ares: %s",
                             ares_strerror(rc));
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

    for (i = 0; i < ARES_GETSOCK_MAXNUM && i < DNS_FDS; i++) {

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
    ares_query(query->dns->channel, query->name, ns_c_in, query->type,
               dns_done, query);
}


void
dns_lookup(dns_t *dns, mta_sts_str_t name, int type, dns_done_pt done,
    void *ctx)
{
    dns_query_t   *query;
    dns_answer_t   failed;

    query = calloc(1, sizeof(dns_query_t));

    if (query == NULL || name.len >= sizeof(query->name)) {
        free(query);

        memset(&failed, 0, sizeof(dns_answer_t));
        failed.status = DNS_FAILED;
        failed.error = "out of memory";
        done(ctx, &failed);
        return;
    }

    query->dns = dns;
    query->type = type;
    query->done = done;
    query->ctx = ctx;
    query->answer.ttl = UINT32_MAX;
    query->env.alloc = mta_sts_arena_alloc;
    query->env.ctx = &query->arena;

    memcpy(query->name, name.data, name.len);

    dns_ask(query);
}


/* A name within a message, as text in lower case without a dot at its end. */

static int
dns_name(const ns_msg *msg, const unsigned char *data, char *name)
{
    mta_sts_str_t  str;

    if (ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), data, name,
                           NS_MAXDNAME)
        == -1)
    {
        return MTA_STS_ERROR;
    }

    str = mta_sts_str_from(name);
    name[mta_sts_name_fold(str, name)] = '\0';

    return MTA_STS_OK;
}


/* Joins the strings of a TXT record. */

static int
dns_txt(dns_query_t *query, const ns_rr *rr, dns_record_t *record)
{
    size_t                len;
    mta_sts_str_t         string;
    mta_sts_text_t        text = { &query->env, NULL, 0, 0, 0 };
    const unsigned char  *p, *end;

    p = ns_rr_rdata(*rr);
    end = p + ns_rr_rdlen(*rr);

    record->strings = 0;

    while (p < end) {
        len = *p++;

        if (len > (size_t) (end - p)) {
            return MTA_STS_ERROR;
        }

        string.data = (const char *) p;
        string.len = len;

        mta_sts_text_add(&text, string);

        p += len;
        record->strings++;
    }

    record->text = mta_sts_str_copy(&query->env, mta_sts_text_str(&text));

    return text.failed || record->text.data == NULL ? MTA_STS_ERROR
                                                    : MTA_STS_OK;
}


static int
dns_record(dns_query_t *query, const ns_msg *msg, const ns_rr *rr,
    dns_record_t *record)
{
    char    name[NS_MAXDNAME];
    size_t  len;

    len = ns_rr_rdlen(*rr);

    switch (query->type) {

    case ns_t_txt:
        return dns_txt(query, rr, record);

    case ns_t_a:
    case ns_t_aaaa:
        if (len != (query->type == ns_t_a ? NS_INADDRSZ : NS_IN6ADDRSZ)
            || inet_ntop(query->type == ns_t_a ? AF_INET : AF_INET6,
                         ns_rr_rdata(*rr), name, sizeof(name))
               == NULL)
        {
            return MTA_STS_ERROR;
        }

        break;

    case ns_t_mx:
        if (len < 3 || dns_name(msg, ns_rr_rdata(*rr) + 2, name) != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        break;

    default: /* ns_t_cname */
        if (dns_name(msg, ns_rr_rdata(*rr), name) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    record->text = mta_sts_str_copy(&query->env, mta_sts_str_from(name));

    return record->text.data ? MTA_STS_OK : MTA_STS_ERROR;
}


/* The record i of the answer; its owner's name in lower case. */

static int
dns_rr(ns_msg *msg, int i, ns_rr *rr, char *owner)
{
    mta_sts_str_t  name;

    if (ns_parserr(msg, ns_s_an, i, rr) != 0) {
        return MTA_STS_ERROR;
    }

    name = mta_sts_str_from(ns_rr_name(*rr));

    owner[mta_sts_name_fold(name, owner)] = '\0';

    return MTA_STS_OK;
}


static void
dns_ttl(dns_query_t *query, const ns_rr *rr)
{
    if (ns_rr_ttl(*rr) < query->answer.ttl) {
        query->answer.ttl = ns_rr_ttl(*rr);
    }
}


/*
 * Goes to the target of the name's alias in the answer.  Returns 1, 0 when it
 * is no alias, or -1.
 */

static int
dns_alias(dns_query_t *query, ns_msg *msg)
{
    int    i;
    char   owner[NS_MAXDNAME], target[NS_MAXDNAME];
    ns_rr  rr;

    for (i = 0; i < ns_msg_count(*msg, ns_s_an) && i < DNS_RECORDS; i++) {

        if (dns_rr(msg, i, &rr, owner) != MTA_STS_OK) {
            return -1;
        }

        if (ns_rr_type(rr) != ns_t_cname || strcmp(owner, query->name) != 0) {
            continue;
        }

        if (dns_name(msg, ns_rr_rdata(rr), target) != MTA_STS_OK
            || ++query->aliases > DNS_ALIASES)
        {
            return -1;
        }

        memcpy(query->name, target, sizeof(target));

        query->answer.alias = 1;
        dns_ttl(query, &rr);

        return 1;
    }

    return 0;
}


/* Collects the records of the name that the aliases led to. */

static int
dns_collect(dns_query_t *query, ns_msg *msg)
{
    int    i, count;
    char   owner[NS_MAXDNAME];
    ns_rr  rr;

    count = ns_msg_count(*msg, ns_s_an);

    if (count > DNS_RECORDS) {
        count = DNS_RECORDS;
    }

    query->answer.records = query->env.alloc(query->env.ctx,
                                     (size_t) (count + 1)
                                     * sizeof(dns_record_t));
    if (query->answer.records == NULL) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < count; i++) {

        if (dns_rr(msg, i, &rr, owner) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if ((int) ns_rr_type(rr) != query->type
            || strcmp(owner, query->name) != 0)
        {
            continue;
        }

        if (dns_record(query, msg, &rr,
                       &query->answer.records[query->answer.n])
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        query->answer.n++;
        dns_ttl(query, &rr);
    }

    return MTA_STS_OK;
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

    memcpy(asked, query->name, sizeof(asked));

    do {
        rc = query->type == ns_t_cname ? 0 : dns_alias(query, &msg);
    } while (rc == 1);

    if (rc == -1) {
        dns_finish(query, DNS_FAILED, query->aliases > DNS_ALIASES
                                      ? "a loop of aliases"
                                      : "malformed answer");
        return;
    }

    if (dns_collect(query, &msg) != MTA_STS_OK) {
        dns_finish(query, DNS_FAILED, "malformed answer");
        return;
    }

    /* where the server does not know what the alias leads to */

    if (query->answer.n == 0 && strcmp(asked, query->name) != 0
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
        dns_finish(query, DNS_FAILED, ares_strerror(status));
    }
}
