/*
 * What is out there, as facts: the DNS, policies over HTTPS, mail servers, and
 * the certificates that they show.
 */

#ifndef MTA_STS_PROBE_PROBE_H
#define MTA_STS_PROBE_PROBE_H


#include <arpa/nameser.h>
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stddef.h>
#include <time.h>

#include "base/base.h"


/*
 * The certificate that a server shows in a TLS handshake, and what a sender
 * makes of it (RFC 8461, 3.3 and 4.2; RFC 6125).
 */


/* Zero one to begin with, and set the host. */

typedef struct {
    const char  *host;                /* that it must name */
    int          seen;
    int          named;               /* as a DNS name, not as a CN alone */
    int          chain;               /* an X509_V_ERR_, or X509_V_OK */
    int          depth;               /* of the certificate that this is of */
    time_t       not_before;
    time_t       not_after;
    char         names[256];          /* the first DNS names, for a person */
} cert_t;


/* A certificate that was seen, for whoever counts its days. */

typedef struct {
    int            smtp;              /* of a mail server */
    mta_sts_str_t  host;
    mta_sts_str_t  address;
    time_t         not_after;
} cert_seen_t;


/* Zero a list to begin with, and set env, whose memory it takes. */

typedef struct {
    const mta_sts_env_t  *env;
    cert_seen_t          *elts;
    size_t                n;
    size_t                size;
    int                   failed;     /* memory ran out */
} certs_t;


/* Adds a certificate that was seen; the texts are copied. */
void certs_add(certs_t *certs, int smtp, mta_sts_str_t host,
    mta_sts_str_t address, time_t not_after);

/* Copies those of from to the end of certs. */
void certs_append(certs_t *certs, const certs_t *from);

/*
 * The roots that are trusted: those of a file, or with NULL those of the
 * system.  NULL with an error: cannot read certificates of "FILE".
 */
X509_STORE *cert_store(const char *file, mta_sts_err_t *err);

/*
 * Makes handshakes of ctx fill cert, which must live as long, and go on
 * whatever the certificate is.
 */
void cert_watch(SSL_CTX *ctx, X509_STORE *store, cert_t *cert);


/*
 * Lookups in the DNS, by c-ares, many at a time.
 */


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


/*
 * What an answer of the DNS has about a name.
 */


#define ANSWER_ALIASES  16            /* that are followed */


typedef struct {
    int                   type;
    unsigned              aliases;    /* followed so far */
    char                  name[NS_MAXDNAME];   /* where they have led to */
    dns_answer_t         *out;
    const mta_sts_env_t  *env;
} answer_t;


/*
 * Goes to the target of the name's alias in the message.  Returns 1, 0 when it
 * is no alias, or -1 when the message is malformed or there were too many.
 */
int answer_alias(answer_t *answer, ns_msg *msg);

/*
 * Collects the records of the name.  Returns MTA_STS_ERROR when the message is
 * malformed or memory ran out.
 */
int answer_collect(answer_t *answer, ns_msg *msg);


/*
 * The network: lookups and transfers, many at a time, in one loop.
 */


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


/*
 * One transfer from one address: a policy over HTTPS, or the beginning of an
 * SMTP session with STARTTLS, by libcurl.
 */


#define FETCH_BODY_MAX  65536         /* bytes that are read of one */


typedef enum {
    FETCH_POLICY = 0,             /* HTTPS, TLS 1.2 */
    FETCH_POLICY_TLS13,           /* HTTPS, TLS 1.3 */
    FETCH_SMTP
} fetch_what_e;


typedef struct fetch_s  fetch_t;

typedef void (*fetch_done_pt)(void *ctx, const fetch_t *fetch);


/* What came of it; all texts are the server's, and not to be trusted. */

struct fetch_s {
    fetch_what_e        what;
    char                host[256];
    char                address[64];

    int                 no_route;     /* nothing was tried */
    int                 memory;       /* it ran out; the rest means little */
    CURLcode            code;
    char                error[CURL_ERROR_SIZE];
    int                 connected;    /* by TCP */
    int                 secure;       /* the handshake is over */
    long                status;       /* of HTTP, or SMTP's last code */
    long                ms;           /* in all */
    cert_t              cert;

    const char         *type;         /* the media type, or NULL */
    const char         *location;     /* of a redirect, or NULL */
    char                encoding[32]; /* Content-Encoding, or empty */
    char                line[128];    /* the last one of an SMTP server */
    mta_sts_buf_t      body;
    int                 too_large;    /* it was not read to its end */

    size_t              headers;      /* bytes */
    fetch_done_pt       done;
    void               *ctx;
    mta_sts_arena_t     arena;
    mta_sts_env_t       env;
};


/*
 * Begins a transfer with a host at an address.  done is called once, at once
 * where there is no route, and
 * fetch is there while it runs.  Returns MTA_STS_ERROR when memory ran out, and
 * then done is not called.
 */
int fetch_start(net_t *net, fetch_what_e what, const char *host,
    const char *address, fetch_done_pt done, void *ctx);

/* For the loop: a transfer has ended. */
void fetch_end(net_t *net, CURL *easy, CURLcode code);

/* Gives back the transfers that are under way; their done is not called. */
void fetch_drop(net_t *net);


#endif /* MTA_STS_PROBE_PROBE_H */
