/*
 * The certificate of a server, seen in a TLS handshake, and what a sender would
 * conclude from it (RFC 8461, 3.3 and 4.2; RFC 6125).
 */

#ifndef MTA_STS_PROBE_CERT_H
#define MTA_STS_PROBE_CERT_H


#include <openssl/ssl.h>
#include <time.h>

#include "base/base.h"


/* Zero one to begin with, and set the host. */

typedef struct {
    const char  *host;                /* that it must name */
    int          seen;
    int          named;               /* as a DNS name; a CN does not count */
    int          type;                /* of its key: EVP_PKEY_RSA, ... */
    int          bits;                /* of its key */
    int          must_staple;         /* has status_request (RFC 7633) */
    int          stapled;             /* an OCSP response was sent with it */
    int          exchange;            /* of keys, with TLS 1.2: NID_kx_... */
    int          asked;               /* the server wants one of the client */
    int          alert;               /* the first that the server sent, or 0 */
    int          chain;               /* an X509_V_ERR_, or X509_V_OK */
    int          depth;               /* of the certificate with the error */
    time_t       not_before;
    time_t       not_after;
    char         names[256];          /* the first DNS names, if not named */
} cert_t;


/*
 * Returns a store of the roots in a PEM file, or with NULL of the system's.
 * NULL with an error: cannot read certificates of "FILE".
 */
X509_STORE *cert_store(const char *file, mta_sts_err_t *err);

/*
 * Makes handshakes of ctx fill cert, which must live as long; they succeed
 * whatever the certificate is.  With kind, EVP_PKEY_RSA or EVP_PKEY_EC, only
 * certificates of that kind are accepted.  Returns 0 if OpenSSL fails.
 */
int cert_watch(SSL_CTX *ctx, X509_STORE *store, cert_t *cert, int kind);

/* A context for handshakes that accept only one kind; NULL if OpenSSL fails. */
SSL_CTX *cert_context(X509_STORE *store, int kind);

/* A handshake of such a context on a socket, that fills cert, or NULL. */
SSL *cert_handshake(SSL_CTX *ctx, cert_t *cert, int fd);


#endif /* MTA_STS_PROBE_CERT_H */
