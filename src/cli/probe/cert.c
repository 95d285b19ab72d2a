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
    size_t                k, len, room;
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

        for (k = 0; k < name.len; k++) {
            cert->names[len++] = name.data[k] ? name.data[k] : '?';
        }
    }

    cert->names[len] = '\0';

    GENERAL_NAMES_free(names);
}


/* What of the handshake is known when the certificate is verified. */

static void
cert_exchange(const SSL *ssl, cert_t *cert)
{
    const SSL_CIPHER  *cipher;

    cipher = SSL_get_pending_cipher(ssl);

    if (cipher) {
        cert->exchange = SSL_CIPHER_get_kx_nid(cipher);
    }
}


/* The slot of SSL_CTX, and of SSL, that has the cert_t. */

static int
cert_slot(void)
{
    static int  slot = -1;

    if (slot == -1) {
        slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }

    return slot;
}


static int
cert_ssl_slot(void)
{
    static int  slot = -1;

    if (slot == -1) {
        slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }

    return slot;
}


/* Replaces OpenSSL's own verification: records its result and accepts. */

static int
cert_look(X509_STORE_CTX *ctx, void *arg)
{
    SSL       *ssl;
    X509      *x509;
    cert_t    *cert = arg;
    EVP_PKEY  *key;

    ssl = X509_STORE_CTX_get_ex_data(ctx,
                                     SSL_get_ex_data_X509_STORE_CTX_idx());
    cert = cert ? cert : SSL_get_ex_data(ssl, cert_ssl_slot());

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

    key = X509_get0_pubkey(x509);

    if (key) {
        cert->type = EVP_PKEY_get_base_id(key);
        cert->bits = EVP_PKEY_get_bits(key);
    }

    cert->must_staple = X509_get_ext_by_NID(x509, NID_tlsfeature, -1) >= 0;

    cert_exchange(ssl, cert);

    /* a certificate may have hundreds of names */

    if (!cert->named) {
        cert_names(x509, cert);
    }

    return 1;
}


/* Records the first fatal alert of the server. */

static void
cert_info(const SSL *ssl, int where, int value)
{
    cert_t  *cert;

    cert = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), cert_slot());

    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT
        && value >> 8 == SSL3_AL_FATAL && cert->alert == 0)
    {
        cert->alert = value & 0xff;
    }
}


/* The server asks for a certificate of the client, which has none. */

static int
cert_client(SSL *ssl, X509 **x509, EVP_PKEY **key)
{
    cert_t  *cert;

    (void) x509;
    (void) key;

    cert = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), cert_slot());
    cert->asked = 1;

    return 0;
}


/* Called with the OCSP response of the server, or without one. */

static int
cert_status(SSL *ssl, void *arg)
{
    cert_t               *cert = arg;
    const unsigned char  *response;

    cert->stapled = SSL_get_tlsext_status_ocsp_resp(ssl, &response) > 0;

    return 1;
}


/* Only one kind of certificate: by cipher in TLS 1.2, by signature in 1.3. */

static int
cert_restrict(SSL_CTX *ctx, int kind)
{
    if (kind == EVP_PKEY_RSA) {
        return SSL_CTX_set_cipher_list(ctx, "aRSA")
               && SSL_CTX_set1_sigalgs_list(ctx, "RSA-PSS+SHA256:"
                      "RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:"
                      "RSA+SHA512");
    }

    return SSL_CTX_set_cipher_list(ctx, "aECDSA")
           && SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256:ECDSA+SHA384:"
                                        "ECDSA+SHA512");
}


int
cert_watch(SSL_CTX *ctx, X509_STORE *store, cert_t *cert, int kind)
{
    SSL_CTX_set1_cert_store(ctx, store);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, cert_look, cert);
    SSL_CTX_set_info_callback(ctx, cert_info);
    SSL_CTX_set_client_cert_cb(ctx, cert_client);
    SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp);
    SSL_CTX_set_tlsext_status_cb(ctx, cert_status);
    SSL_CTX_set_tlsext_status_arg(ctx, cert);

    return SSL_CTX_set_ex_data(ctx, cert_slot(), cert)
           && (kind == 0 || cert_restrict(ctx, kind));
}


SSL_CTX *
cert_context(X509_STORE *store, int kind)
{
    SSL_CTX  *ctx;

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL || !SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION)
        || !cert_restrict(ctx, kind))
    {
        SSL_CTX_free(ctx);
        return NULL;
    }

    SSL_CTX_set1_cert_store(ctx, store);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, cert_look, NULL);

    return ctx;
}


SSL *
cert_handshake(SSL_CTX *ctx, cert_t *cert, int fd)
{
    SSL  *ssl;

    ssl = SSL_new(ctx);

    if (ssl == NULL || !SSL_set_fd(ssl, fd)
        || !SSL_set_tlsext_host_name(ssl, cert->host)
        || !SSL_set_ex_data(ssl, cert_ssl_slot(), cert))
    {
        SSL_free(ssl);
        return NULL;
    }

    return ssl;
}
