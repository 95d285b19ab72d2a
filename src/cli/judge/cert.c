/*
 * What a sender concludes from the certificate of a server.
 */

#include "judge.h"


#define CERT_DAY    86400
#define CERT_SOON   14                /* days, or a third of its lifetime */

/* Offsets from POLICY_CERT_NAME and SMTP_CERT_NAME. */

#define CERT_CHAIN    (POLICY_CERT_CHAIN - POLICY_CERT_NAME)
#define CERT_EXPIRED  (POLICY_CERT_EXPIRED - POLICY_CERT_NAME)
#define CERT_NOT_YET  (POLICY_CERT_NOT_YET - POLICY_CERT_NAME)
#define CERT_EXPIRES  (POLICY_CERT_EXPIRES - POLICY_CERT_NAME)


/* The chain's error, except the dates of the certificate itself. */

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


int
cert_is_trusted(const cert_t *cert, time_t now)
{
    return cert->named && cert_chain_fault(cert) == X509_V_OK
           && now >= cert->not_before && now <= cert->not_after;
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
