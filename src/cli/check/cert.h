/*
 * The certificate that a server shows in a TLS handshake, and what a sender
 * makes of it (RFC 8461, 3.3 and 4.2; RFC 6125).
 */

#ifndef MTA_STS_CERT_H
#define MTA_STS_CERT_H


#include <openssl/ssl.h>
#include <time.h>

#include "finding.h"


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
 * Adds what is wrong with a certificate that was seen at an address.  kind is
 * POLICY_CERT_NAME or SMTP_CERT_NAME: the kinds behind it have one order.
 */
void cert_findings(const cert_t *cert, const char *address, time_t now,
    finding_kind_e kind, findings_t *findings);


#endif /* MTA_STS_CERT_H */
