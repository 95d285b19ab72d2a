/*
 * Certificates, examined by OpenSSL.
 */

#include <openssl/x509v3.h>

#include "probe.h"


X509_STORE *
cert_store(const char *file, mta_sts_err_t *err)
{
    int          rc;
    X509_STORE  *store;

    store = X509_STORE_new();

    rc = file ? X509_STORE_load_file(store, file)
              : X509_STORE_set_default_paths(store);

    if (rc == 1) {
        return store;
    }

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "cannot read certificates of "
                         "\"%s\"", file ? file : "the system");
    X509_STORE_free(store);

    return NULL;
}


static time_t
cert_time(const ASN1_TIME *time)
{
    struct tm  tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}


/* Joins the first DNS names of a certificate, as many as fit. */

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


/* Replaces OpenSSL's own verification: records its result and accepts. */

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
