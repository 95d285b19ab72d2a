/*
 * One transfer from one address: a policy over HTTPS, or the beginning of an
 * SMTP session with STARTTLS, by libcurl.
 */

#ifndef MTA_STS_FETCH_H
#define MTA_STS_FETCH_H


#include "../../core/arena.h"
#include "net.h"


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
    mta_sts_text_t      body;
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


#endif /* MTA_STS_FETCH_H */
