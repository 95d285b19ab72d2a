/*
 * Lookups in the DNS, by c-ares, many at a time.
 */

#ifndef MTA_STS_DNS_H
#define MTA_STS_DNS_H


#include <arpa/nameser.h>
#include <poll.h>

#include "../../core/error.h"


/* c-ares has 16, of which its macros can test 15 */

#define DNS_FDS  15


typedef enum {
    DNS_FOUND = 0,
    DNS_EMPTY,                    /* no such name, or no record of the type */
    DNS_FAILED                    /* not known; error says why */
} dns_status_e;


/* A record; the text is followed by a NUL. */

typedef struct {
    mta_sts_str_t   text;         /* TXT: its strings, joined; A, AAAA: the
                                     address; MX, CNAME: a host in lower case
                                     without a dot at its end, empty for "." */
    unsigned        strings;      /* of a TXT record */
} dns_record_t;


typedef struct {
    dns_status_e    status;
    const char     *error;
    int             memory;       /* it ran out, which is why it failed */
    int             alias;        /* a CNAME led to the records */
    uint32_t        ttl;          /* the least on the way there; seconds */
    dns_record_t   *records;
    size_t          n;
} dns_answer_t;


typedef struct dns_s  dns_t;

typedef void (*dns_done_pt)(void *ctx, const dns_answer_t *answer);


/*
 * Makes a resolver that asks the server "ADDR[:PORT]" or, with NULL, those of
 * resolv.conf; a lookup ends within about timeout milliseconds.  NULL with an
 * error: invalid resolver "ADDR"; c-ares' own; out of memory.
 */
dns_t *dns_new(const char *server, unsigned timeout, mta_sts_err_t *err);

/* Frees it; lookups under way end with DNS_FAILED. */
void dns_free(dns_t *dns);

/*
 * Looks up the records of a type, ns_t_a and so on, of a name, and follows
 * aliases also where the server does not.  done is called once, perhaps at
 * once; the answer is there while it runs.
 */
void dns_lookup(dns_t *dns, mta_sts_str_t name, int type, dns_done_pt done,
    void *ctx);

/*
 * Gives up to DNS_FDS sockets to poll, and lowers *ms to when the next timeout
 * is due.
 */
size_t dns_poll(dns_t *dns, struct pollfd *fds, int *ms);

/* Goes on with what poll() found on n sockets, and with timeouts. */
void dns_process(dns_t *dns, const struct pollfd *fds, size_t n);


#endif /* MTA_STS_DNS_H */
