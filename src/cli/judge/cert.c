/*
 * What a sender concludes from the certificates of a server.
 */

#include <stdio.h>

#include "judge.h"


#define CERT_DAY    86400
#define CERT_SOON   14                /* days, or a third of its lifetime */
#define CERT_BITS   2048              /* of an RSA key */

/* Offsets from POLICY_CERT_NAME and SMTP_CERT_NAME. */

#define CERT_CHAIN    (POLICY_CERT_CHAIN - POLICY_CERT_NAME)
#define CERT_EXPIRED  (POLICY_CERT_EXPIRED - POLICY_CERT_NAME)
#define CERT_NOT_YET  (POLICY_CERT_NOT_YET - POLICY_CERT_NAME)
#define CERT_EXPIRES  (POLICY_CERT_EXPIRES - POLICY_CERT_NAME)
#define CERT_WEAK     (POLICY_CERT_WEAK - POLICY_CERT_NAME)


/* The chain's error, except those that have findings of their own. */

static int
cert_chain_fault(const cert_t *cert)
{
    if (cert->depth == 0
        && (cert->chain == X509_V_ERR_CERT_HAS_EXPIRED
            || cert->chain == X509_V_ERR_CERT_NOT_YET_VALID
            || cert->chain == X509_V_ERR_EE_KEY_TOO_SMALL))
    {
        return X509_V_OK;
    }

    return cert->chain;
}


static int
cert_is_weak(const cert_t *cert)
{
    return cert->type == EVP_PKEY_RSA && cert->bits < CERT_BITS;
}


static const char *
cert_chain_advice(const cert_t *cert)
{
    switch (cert->chain) {

    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "the server must send the intermediate certificates, and the "
               "root must be one that senders trust";

    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "the root must be one that senders trust";

    default:
        return cert->depth
               ? "this is an intermediate certificate: the server must send "
                 "the issuer's current one"
               : "have a new certificate issued";
    }
}


static const char *
cert_days(time_t seconds, char *buf, size_t size)
{
    long  days;

    days = (long) (seconds / CERT_DAY);

    (void) snprintf(buf, size, "%ld day%s", days, days == 1 ? "" : "s");

    return buf;
}


int
cert_is_trusted(const cert_t *cert, time_t now)
{
    return cert->named && cert_chain_fault(cert) == X509_V_OK
           && !cert_is_weak(cert)
           && now >= cert->not_before && now <= cert->not_after;
}


static void
cert_times(const cert_t *cert, const char *where, time_t now,
    finding_kind_e kind, findings_t *findings)
{
    char    days[32];
    time_t  left, soon;

    if (now < cert->not_before) {
        finding_add(findings, kind + CERT_NOT_YET, where, "the certificate is "
                    "not valid before %s from now; is the server's clock "
                    "right?",
                    cert_days(cert->not_before - now + CERT_DAY - 1, days,
                              sizeof(days)));
        return;
    }

    left = cert->not_after - now;

    if (left < 0) {
        finding_add(findings, kind + CERT_EXPIRED, where, "the certificate "
                    "expired %s ago; renew it, and let the server read it",
                    cert_days(-left, days, sizeof(days)));
        return;
    }

    soon = (cert->not_after - cert->not_before) / 3;

    if (soon > CERT_SOON * CERT_DAY) {
        soon = CERT_SOON * CERT_DAY;
    }

    if (left < soon) {
        finding_add(findings, kind + CERT_EXPIRES, where, "the certificate "
                    "expires in %s; see why it was not renewed",
                    cert_days(left, days, sizeof(days)));
    }
}


static void
cert_judge(const cert_t *cert, const char *where, time_t now,
    finding_kind_e kind, findings_t *findings)
{
    if (!cert->named) {
        finding_add(findings, kind, where, "the certificate names %s; it must "
                    "have %s as a DNS name",
                    cert->names[0] ? cert->names : "no DNS name", cert->host);
    }

    if (cert_chain_fault(cert) != X509_V_OK) {
        finding_add(findings, kind + CERT_CHAIN, where, "%s; %s",
                    X509_verify_cert_error_string(cert->chain),
                    cert_chain_advice(cert));
    }

    if (cert_is_weak(cert)) {
        finding_add(findings, kind + CERT_WEAK, where, "the certificate has an "
                    "RSA key of %d bits, which mailauth and "
                    "postfix-mta-sts-resolver reject; %d are needed",
                    cert->bits, CERT_BITS);
    }

    cert_times(cert, where, now, kind, findings);
}


void
cert_findings(const fetch_t *fetch, time_t now, finding_kind_e kind,
    findings_t *findings)
{
    char  where[FETCH_WHERE];

    (void) snprintf(where, sizeof(where), "%s at %s", fetch->host,
                    fetch->address);

    if (fetch->other == NULL) {
        cert_judge(&fetch->cert, where, now, kind, findings);
        return;
    }

    /* a server with two certificates: which of them is meant */

    (void) snprintf(where, sizeof(where), "%s at %s (%s)", fetch->host,
                    fetch->address,
                    fetch->cert.type == EVP_PKEY_RSA ? "RSA" : "ECDSA");
    cert_judge(&fetch->cert, where, now, kind, findings);

    (void) snprintf(where, sizeof(where), "%s at %s (%s)", fetch->host,
                    fetch->address,
                    fetch->other->cert.type == EVP_PKEY_RSA ? "RSA" : "ECDSA");
    cert_judge(&fetch->other->cert, where, now, kind, findings);
}
