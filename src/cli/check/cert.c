/*
 * Certificates, examined by OpenSSL.
 */

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "cert.h"


#define CERT_DAY    86400
#define CERT_SOON   14                /* days; or a third of its life */

/* Offsets from POLICY_CERT_NAME and SMTP_CERT_NAME. */

#define CERT_CHAIN    (POLICY_CERT_CHAIN - POLICY_CERT_NAME)
#define CERT_EXPIRED  (POLICY_CERT_EXPIRED - POLICY_CERT_NAME)
#define CERT_NOT_YET  (POLICY_CERT_NOT_YET - POLICY_CERT_NAME)
#define CERT_EXPIRES  (POLICY_CERT_EXPIRES - POLICY_CERT_NAME)


/* Is want of memory among the reasons that libcrypto has for its last error? */

static int
cert_no_memory(void)
{
    int            found;
    unsigned long  code;

    found = 0;

    while ((code = ERR_get_error()) != 0) {
        found |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE
                 || (ERR_GET_LIB(code) == ERR_LIB_SYS
                     && ERR_GET_REASON(code) == ENOMEM);
    }

    return found;
}


X509_STORE *
cert_store(const char *file, mta_sts_err_t *err)
{
    int          rc;
    X509_STORE  *store;

    store = X509_STORE_new();
    if (store == NULL) {
        (void) mta_sts_error_memory(err);
        return NULL;
    }

    rc = file ? X509_STORE_load_file(store, file)
              : X509_STORE_set_default_paths(store);

    if (rc != 1) {
        (void) (cert_no_memory()
                ? mta_sts_error_memory(err)
                : mta_sts_error(err, MTA_STS_NOWHERE, "cannot read "
                                "certificates of \"%s\"",
                                file ? file : "the system"));
        X509_STORE_free(store);
        return NULL;
    }

    return store;
}


static time_t
cert_time(const ASN1_TIME *time)
{
    struct tm  tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}


/* Writes the first DNS names of a certificate, as much as there is room for. */

static void
cert_names(X509 *x509, cert_t *cert)
{
    int                   i;
    size_t                len, room;
    mta_sts_str_t         name;
    GENERAL_NAMES        *names;
    const GENERAL_NAME   *general;

    names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    len = 0;

    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        general = sk_GENERAL_NAME_value(names, i);

        if (general->type != GEN_DNS) {
            continue;
        }

        name.data = (const char *) ASN1_STRING_get0_data(general->d.dNSName);
        name.len = (size_t) ASN1_STRING_length(general->d.dNSName);

        room = sizeof(cert->names) - 1 - len;

        if (name.len + 2 > room) {
            if (room > 5) {
                memcpy(cert->names + len, ", ...", 5);
                len += 5;
            }

            break;
        }

        if (len) {
            memcpy(cert->names + len, ", ", 2);
            len += 2;
        }

        memcpy(cert->names + len, name.data, name.len);
        len += name.len;
    }

    cert->names[len] = '\0';

    GENERAL_NAMES_free(names);
}


/* In place of OpenSSL's own check: looks, and never objects. */

static int
cert_look(X509_STORE_CTX *ctx, void *arg)
{
    X509    *x509;
    cert_t  *cert = arg;

    x509 = X509_STORE_CTX_get0_cert(ctx);

    if (x509 == NULL) {
        return 1;
    }

    (void) X509_verify_cert(ctx);

    cert->seen = 1;
    cert->chain = X509_STORE_CTX_get_error(ctx);
    cert->depth = X509_STORE_CTX_get_error_depth(ctx);
    cert->not_before = cert_time(X509_get0_notBefore(x509));
    cert->not_after = cert_time(X509_get0_notAfter(x509));

    cert->named = X509_check_host(x509, cert->host, 0,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
                                  |X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL)
                  == 1;

    cert_names(x509, cert);

    return 1;
}


void
cert_watch(SSL_CTX *ctx, X509_STORE *store, cert_t *cert)
{
    SSL_CTX_set1_cert_store(ctx, store);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, cert_look, cert);
}


/* The chain's fault; but for the time of the certificate itself. */

static int
cert_chain_fault(const cert_t *cert)
{
    if (cert->depth == 0
        && (cert->chain == X509_V_ERR_CERT_HAS_EXPIRED
            || cert->chain == X509_V_ERR_CERT_NOT_YET_VALID))
    {
        return X509_V_OK;
    }

    return cert->chain;
}


static const char *
cert_chain_advice(int fault)
{
    switch (fault) {

    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "the server must send the intermediate certificates, and the "
               "root must be one that senders trust";

    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "the root must be one that senders trust";

    default:
        return "have a new certificate issued";
    }
}


static void
cert_times(const cert_t *cert, const char *address, time_t now,
    finding_kind_e kind, findings_t *findings)
{
    time_t  left, soon;

    if (now < cert->not_before) {
        finding_add(findings, kind + CERT_NOT_YET, "%s at %s: the certificate "
                    "is not valid before %ld days from now", cert->host,
                    address,
                    (long) ((cert->not_before - now) / CERT_DAY + 1));
        return;
    }

    left = cert->not_after - now;

    if (left < 0) {
        finding_add(findings, kind + CERT_EXPIRED, "%s at %s: the certificate "
                    "expired %ld days ago; renew it, and let the server read "
                    "it", cert->host, address, (long) (-left / CERT_DAY));
        return;
    }

    soon = (cert->not_after - cert->not_before) / 3;

    if (soon > CERT_SOON * CERT_DAY) {
        soon = CERT_SOON * CERT_DAY;
    }

    if (left < soon) {
        finding_add(findings, kind + CERT_EXPIRES, "%s at %s: the certificate "
                    "expires in %ld days; see why it was not renewed",
                    cert->host, address, (long) (left / CERT_DAY));
    }
}


void
cert_findings(const cert_t *cert, const char *address, time_t now,
    finding_kind_e kind, findings_t *findings)
{
    int  fault;

    if (!cert->named) {
        finding_add(findings, kind, "%s at %s: the certificate names %s; it "
                    "must have %s as a DNS name", cert->host, address,
                    cert->names[0] ? cert->names : "no DNS name", cert->host);
    }

    fault = cert_chain_fault(cert);

    if (fault != X509_V_OK) {
        finding_add(findings, kind + CERT_CHAIN, "%s at %s: %s; %s",
                    cert->host, address, X509_verify_cert_error_string(fault),
                    cert_chain_advice(fault));
    }

    cert_times(cert, address, now, kind, findings);
}


void
certs_add(certs_t *certs, int smtp, mta_sts_str_t host, mta_sts_str_t address,
    time_t not_after)
{
    cert_seen_t  *elts;

    elts = mta_sts_env_grow(certs->env, certs->elts, certs->n, &certs->size,
                            sizeof(cert_seen_t));
    if (elts == NULL) {
        certs->failed = 1;
        return;
    }

    certs->elts = elts;

    elts += certs->n;

    elts->smtp = smtp;
    elts->host = mta_sts_str_copy(certs->env, host);
    elts->address = mta_sts_str_copy(certs->env, address);
    elts->not_after = not_after;

    if (elts->host.data == NULL || elts->address.data == NULL) {
        certs->failed = 1;
        return;
    }

    certs->n++;
}


void
certs_append(certs_t *certs, const certs_t *from)
{
    size_t  i;

    for (i = 0; i < from->n; i++) {
        certs_add(certs, from->elts[i].smtp, from->elts[i].host,
                  from->elts[i].address, from->elts[i].not_after);
    }

    certs->failed |= from->failed;
}
