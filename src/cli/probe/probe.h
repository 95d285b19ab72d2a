/*
 * Facts about the live world: what the DNS answers, what the addresses of
 * policy hosts serve over HTTPS, what mail servers say to STARTTLS, and the
 * certificates of all of them.  Nothing here knows what is right or wrong with
 * a fact: that is judge's.
 *
 * Everything runs concurrently in one thread: an operation is started with a
 * callback, and net_step() runs until something has happened.  Memory comes
 * from diag, so no allocation fails.
 */

#ifndef MTA_STS_PROBE_PROBE_H
#define MTA_STS_PROBE_PROBE_H


#include <arpa/nameser.h>
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <time.h>

#include "base/base.h"
#include "cli/evidence/evidence.h"
#include "cert.h"
#include "pool.h"


/*
 * The loop.
 */


typedef struct {
    const char  *resolver;            /* "ADDR[:PORT]"; NULL: resolv.conf */
    const char  *ca;                  /* a PEM file; NULL: the system's roots */
    const char  *helo;                /* for EHLO; NULL: this host's name */
    unsigned     timeout;             /* of a lookup, of a transfer of a policy
                                         and of a TCP connection; ms */
    unsigned     smtp_timeout;        /* of an SMTP session; ms, 0: timeout */
    unsigned     jobs;                /* domains in flight */
    unsigned     family;              /* 4 or 6: connect to no others; or 0 */
} net_settings_t;


typedef struct dns_s       dns_t;
typedef struct transfer_s  transfer_t;
typedef struct kind_s      kind_t;

typedef struct {
    dns_t           *dns;
    dns_t           *servers;         /* name servers: see net_server() */
    CURLM           *multi;
    X509_STORE      *store;           /* the trusted roots */
    time_t           now;             /* the time of the start */
    pool_t           pool;            /* of transfers */
    transfer_t      *transfers;       /* in flight */
    kind_t          *kinds;           /* second handshakes in flight */
    unsigned         n_kinds;
    SSL_CTX         *contexts[2];     /* for RSA, and for ECDSA only */
    net_settings_t   settings;
    char             helo[256];
} net_t;


/* What the lookups and transfers of a domain wait in. */

typedef struct {
    pool_lane_t      dns;
    pool_lane_t      fetch;
} net_lanes_t;


/*
 * Raises the soft limit of file descriptors to the hard one; it bounds the
 * transfers in flight.
 *
 * Errors: those of dns_new(); cannot read certificates of "FILE"; libcurl's
 * own.  After an error there is nothing to free.
 */
int net_init(net_t *net, const net_settings_t *settings, mta_sts_err_t *err);

/*
 * Drops what is in flight and what waits; lookups in flight end with
 * DNS_FAILED.
 */
void net_free(net_t *net);

/* Waits for events, at most a second, and runs their callbacks. */
void net_step(net_t *net);

/* Milliseconds of a clock that only goes forward. */
int64_t net_clock(void);


/*
 * Lookups in the DNS.
 */


typedef enum {
    DNS_FOUND = 0,
    DNS_EMPTY,                    /* no such name, or no record of the type */
    DNS_FAILED                    /* unknown; error says why */
} dns_status_e;


/* A record; its text is followed by a NUL. */

typedef struct {
    mta_sts_str_t   text;         /* TXT: its strings, joined; A, AAAA: the
                                     address; MX, CNAME: a host name in lower
                                     case, no dot at its end, empty for ".";
                                     CAA: its tag, a space and its value */
    unsigned        strings;      /* of a TXT record */
} dns_record_t;


typedef struct {
    dns_status_e    status;
    const char     *error;        /* a static text */
    int             alias;        /* a CNAME led to the records */
    mta_sts_str_t   target;       /* the name that aliases led to */
    uint32_t        ttl;          /* the least on the way there; seconds */
    uint32_t        ttl_max;      /* the largest one */
    dns_record_t   *records;
    size_t          n;
} dns_answer_t;


typedef void (*dns_done_pt)(void *ctx, const dns_answer_t *answer);


/*
 * Makes a resolver that asks the server "ADDR[:PORT]" or, with NULL, those of
 * resolv.conf; a lookup ends within timeout milliseconds, however many servers
 * there are.  So few queries are in flight that none is lost in the buffer of a
 * socket.  Returns NULL
 * with an error: invalid resolver "ADDR", and the rule; c-ares' own.
 */
dns_t *dns_new(const char *server, unsigned timeout, mta_sts_err_t *err);

void dns_free(dns_t *dns);

/*
 * The same for name servers that are asked directly: "ADDR,ADDR", of which the
 * first one with an answer counts.  An alias that leads out of their answer is
 * not followed.  It is freed by net_free().
 */
dns_t *net_server(net_t *net, const char *addresses, mta_sts_err_t *err);

/* For the loop: the next one of net->servers. */
dns_t *dns_next(const dns_t *dns);

/* The type of CAA records, which musl's <arpa/nameser.h> does not have. */

#define DNS_CAA  257

/*
 * Looks up the records of a type, ns_t_a and so on, of a name, and follows
 * aliases also where the server does not.  done is called once, possibly before
 * dns_lookup() returns; the answer is valid until it returns.
 */
void dns_lookup(dns_t *dns, mta_sts_str_t name, int type, dns_done_pt done,
    void *ctx);

/* The same, waiting in a lane. */
void dns_lookup_in(dns_t *dns, pool_lane_t *lane, mta_sts_str_t name, int type,
    dns_done_pt done, void *ctx);

/* A copy of an answer in env's memory. */
dns_answer_t dns_copy(const dns_answer_t *answer, const mta_sts_env_t *env);

/*
 * For the loop: the sockets to wait for, valid until the next call of a
 * function of dns_t, and *ms lowered to when the next timeout is due.  Then
 * what to do with the events.
 */
struct curl_waitfd *dns_sockets(dns_t *dns, unsigned *n, int *ms);
void dns_process(dns_t *dns);


/*
 * Lookups at a zone's own name servers, where no cache has an old answer.  The
 * resolver of net is only asked for the zone cut, the NS records and the
 * addresses of name servers; or, if there is one of --resolver, for all.
 */


#define AUTH_SERVERS  16              /* of a zone; more are not asked */


typedef struct {
    mta_sts_str_t   server;           /* its name */
    dns_answer_t    answer;
} auth_server_answer_t;


typedef struct {
    const char            *error;     /* or NULL: no name server was found */
    auth_server_answer_t   servers[AUTH_SERVERS];
    size_t                 n;
    uint32_t               ttl;       /* the largest of all, aliases, too */
} auth_answer_t;


typedef struct auth_s  auth_t;

typedef void (*auth_done_pt)(void *ctx, const auth_answer_t *answer);


/* resolver is NULL, or that of --resolver, the only one that is asked. */
auth_t *auth_new(net_t *net, const char *resolver);

/* Before net_free(), when no lookup is in flight. */
void auth_free(auth_t *auth);

/*
 * Asks every name server of the zone of name for the records of a type, and
 * goes on to the name servers of the zone that an alias leads to.  A name
 * server that did not answer several times is not asked again.  done is called
 * once, possibly before auth_lookup() returns; the answer is valid until it
 * returns.
 */
void auth_lookup(auth_t *auth, mta_sts_str_t name, int type,
    auth_done_pt done, void *ctx);


typedef void (*auth_apex_pt)(void *ctx, mta_sts_str_t apex);

/*
 * Finds the zone that a name is in.  done is called once, possibly before
 * auth_apex() returns; apex is empty if no zone was found.
 */
void auth_apex(auth_t *auth, mta_sts_str_t name, auth_apex_pt done,
    void *ctx);


#define ANSWER_ALIASES  16            /* that are followed */

/* What is asked of the message of an answer, and what was found. */

typedef struct {
    int                   type;
    unsigned              aliases;           /* followed so far */
    char                  name[NS_MAXDNAME]; /* in lower case; updated to
                                                where aliases led */
    dns_answer_t          out;
    const mta_sts_env_t  *env;               /* memory of out */
} answer_t;


/*
 * Reads the message of an answer: follows the aliases in it and collects the
 * records.  Sets *incomplete if the name that the last alias led to must be
 * asked for.  Returns NULL, or the text of an error.
 */
const char *answer_read(answer_t *answer, const unsigned char *data,
    size_t len, int *incomplete);


/*
 * One transfer from one address: a policy over HTTPS, or the beginning of an
 * SMTP session with STARTTLS.  It uses a connection of its own and no proxy,
 * and follows no redirect.
 */


#define FETCH_BODY_MAX  65536         /* bytes that are read of a policy */
#define FETCH_WHERE     360           /* bytes for "HOST at ADDRESS (KIND)" */


typedef enum {
    FETCH_POLICY = 0,             /* HTTPS, TLS 1.2 only */
    FETCH_POLICY_TLS13,           /* HTTPS, TLS 1.3 only */
    FETCH_SMTP
} fetch_what_e;


/* What the head of an HTTP answer has that some senders reject. */

#define FETCH_LENGTH         1    /* Content-Length */
#define FETCH_CHUNKED        2    /* Transfer-Encoding: chunked */
#define FETCH_CODED          4    /* another Transfer-Encoding */
#define FETCH_INFORMATIONAL  8    /* a status of 1xx before the answer */
#define FETCH_BARE_LF        16   /* lines that end in LF alone */


/* The facts; all texts are the server's and untrusted. */

typedef struct fetch_s  fetch_t;

struct fetch_s {
    fetch_what_e        what;
    int                 kind;         /* EVP_PKEY_RSA or EVP_PKEY_EC: only its
                                         certificates were accepted; or 0 */
    char                host[256];
    char                address[64];

    int                 no_route;     /* nothing could be sent */
    int                 no_socket;    /* errno of socket(), or 0 */
    CURLcode            code;
    char                error[CURL_ERROR_SIZE];
    int                 connected;    /* by TCP */
    int                 secure;       /* the handshake succeeded */
    long                status;       /* of HTTP, or SMTP's last code */
    long                ms;           /* from start to end */
    cert_t              cert;

    mta_sts_str_t       type;         /* the media type, or empty */
    mta_sts_str_t       location;     /* of a redirect, or empty */
    char                encoding[32]; /* Content-Encoding, or empty */
    char                first_type[64]; /* that of the first Content-Type; type
                                         is that of the last */
    unsigned            n_types;
    char                line[128];    /* the last line of an SMTP server */
    mta_sts_str_t       body;         /* data is never NULL */
    size_t              headers;      /* bytes; of SMTP all lines */
    unsigned            n_headers;    /* lines */
    unsigned            head;         /* FETCH_LENGTH, ... */
    int                 too_large;    /* was not read to its end */

    fetch_t            *before;       /* a transfer with the same address that
                                         led to this one, or NULL */
    fetch_t            *other;        /* with a certificate of the other kind,
                                         where the server has one, or NULL */
};


typedef void (*fetch_done_pt)(void *ctx, fetch_t *fetch);


/*
 * Makes a fetch in env's memory, where it stays: set kind and before, if
 * wanted.
 */
fetch_t *fetch_new(const mta_sts_env_t *env, fetch_what_e what,
    const char *host, const char *address);

/*
 * Starts the transfer, which waits in a lane.  done is called once, possibly
 * before fetch_start() returns.  The body must be copied by done, if it is to
 * stay.
 */
void fetch_start(net_t *net, pool_lane_t *lane, const mta_sts_env_t *env,
    fetch_t *fetch, fetch_done_pt done, void *ctx);

/* Takes in a header of HTTP, or a line of SMTP, with its end. */
void head_line(fetch_t *fetch, mta_sts_str_t line);

/* For the loop: a transfer has ended. */
void fetch_end(net_t *net, CURL *easy, CURLcode code);

/* Frees the transfers in flight; their done is not called. */
void fetch_drop(net_t *net);


/*
 * Starts a handshake at port 443 for a certificate of fetch->kind, in place of
 * fetch_start(): done has cert.seen if there is one.
 */
void kind_start(net_t *net, pool_lane_t *lane, fetch_t *fetch,
    fetch_done_pt done, void *ctx);

/* For the loop: n_kinds sockets to wait for, and then what to do. */
void kind_sockets(net_t *net, struct curl_waitfd *sockets);
void kind_process(net_t *net, const struct curl_waitfd *sockets);

/* Frees the handshakes in flight; their done is not called. */
void kind_drop(net_t *net);


/*
 * A host: its addresses, and a transfer with each of them.
 */


#define HOST_ADDRESSES  16            /* that are tried of a policy host */
#define HOST_MAIL       8             /* of a mail server */


typedef struct probe_host_s  probe_host_t;

struct probe_host_s {
    mta_sts_str_t   name;             /* followed by a NUL */
    dns_answer_t    a;
    dns_answer_t    aaaa;
    size_t          n_addresses;      /* of both */
    size_t          n_family;         /* left out by family */
    size_t          n_more;           /* not tried since there are too many */
    fetch_t        *fetches[HOST_ADDRESSES];
    size_t          n;                /* of fetches */

    /* the probe's own */

    net_t          *net;
    net_lanes_t    *lanes;
    mta_sts_env_t   env;
    size_t          started;
    int             tries;            /* fetch_what_e, or HOST_LOOKUPS */
    unsigned        pending;
    struct probe_waiter_s  *waiters;
};


#define HOST_LOOKUPS  -1              /* no transfer, only the addresses */


/*
 * All that is known about a policy domain.
 */


/* What to look at. */

#define PROBE_POLICY   1              /* the policy host, each address */
#define PROBE_RECORDS  2              /* TXT, TLSRPT, MX, MX hosts */
#define PROBE_SMTP     4              /* the MX hosts, each address */
#define PROBE_SERVERS  8              /* the same records at the zone's own name
                                         servers */

#define PROBE_MX       32             /* MX hosts that are looked at */

/* What is asked from name servers, facts_t.auth. */

typedef enum {
    PROBE_AUTH_TXT = 0,               /* of _mta-sts */
    PROBE_AUTH_MX,
    PROBE_AUTH_A,                     /* of the policy host */
    PROBE_AUTH_AAAA,
    PROBE_AUTH
} probe_auth_e;


typedef struct {
    mta_sts_str_t   domain;
    unsigned        what;             /* answers not asked for are zero */
    time_t          now;

    dns_answer_t    txt;              /* of _mta-sts */
    dns_answer_t    tlsrpt;           /* of _smtp._tls */
    dns_answer_t    mx;

    /* looked up where there is no STS record: misplaced ones */

    dns_answer_t    txt_twice;        /* of _mta-sts.DOMAIN.DOMAIN */
    dns_answer_t    txt_apex;         /* of DOMAIN */

    /* looked up where a certificate is not in order */

    dns_answer_t    caa;              /* of the policy host or above */

    auth_answer_t   auth[PROBE_AUTH];

    probe_host_t    host;             /* the policy host */
    probe_host_t   *mail[PROBE_MX];   /* distinct MX hosts, or the domain
                                         itself where there is no MX */
    size_t          n_mail;
    size_t          n_more;           /* MX hosts beyond PROBE_MX */

    /* what senders reported, which is not looked up here; or NULL */

    const evidence_t  *evidence;
} facts_t;


/*
 * Probes many domains; a mail server is probed once, however many domains have
 * it.  Zero one to begin with, and set net and what.
 */

typedef struct {
    net_t            *net;
    auth_t           *auth;           /* for PROBE_SERVERS */
    unsigned          what;           /* PROBE_* */
    void             *servers;        /* a tree of mail servers */
    mta_sts_arena_t   arena;          /* their memory */
} probe_t;


typedef void (*probe_done_pt)(void *ctx, const facts_t *facts);


/*
 * Starts to probe a domain, in env's memory.  done is called once, possibly
 * before probe_start() returns, and the facts stay as long as env and probe.
 */
void probe_start(probe_t *probe, mta_sts_str_t domain,
    const mta_sts_env_t *env, probe_done_pt done, void *ctx);

/* After net_free(). */
void probe_free(probe_t *probe);

/*
 * For probe.c: starts to look at a host, whose name, net, env and tries are
 * set; the last end of something pending calls probe_host_end().
 */
void host_start(probe_host_t *host);
void probe_host_end(probe_host_t *host);


#endif /* MTA_STS_PROBE_PROBE_H */
