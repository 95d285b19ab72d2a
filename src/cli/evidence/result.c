/*
 * The result types of RFC 8460, 4.3: what each means, what to do, and what
 * becomes of the mail.
 */

#include "evidence.h"


static const reports_result_t  results[] = {
    { "starttls-not-supported", "the MX did not offer STARTTLS: enable it, and "
      "look for a firewall that rewrites SMTP", RESULT_REFUSED },
    { "certificate-host-mismatch", "the certificate has another name than the "
      "MX: get one with the name that the MX record has", RESULT_REFUSED },
    { "certificate-expired", "the certificate has expired: renew it, and "
      "reload the mail server", RESULT_REFUSED },
    { "certificate-not-trusted", "the sender knows no way from the certificate "
      "to a CA: send the intermediate certificate, too", RESULT_REFUSED },
    { "validation-failure", "TLS failed for a reason without a type: see the "
      "reason that the sender gives", RESULT_REFUSED },
    { "tlsa-invalid", "the TLSA records match no certificate: publish the new "
      "record before the certificate changes", RESULT_DANE },
    { "dnssec-invalid", "DNSSEC validation failed: check the zone's signatures "
      "and its DS record", RESULT_DANE },
    { "dane-required", "the sender requires DANE, and there is no TLSA "
      "record", RESULT_DANE },
    { "sts-policy-fetch-error", "the policy could not be fetched: run mta-sts "
      "check", RESULT_UNPROTECTED },
    { "sts-policy-invalid", "the policy is not valid: run mta-sts check",
      RESULT_UNPROTECTED },
    { "sts-webpki-invalid", "the certificate of the policy host is not valid: "
      "run mta-sts check", RESULT_UNPROTECTED }
};

static const reports_result_t  results_other = { "other", NULL,
                                                 RESULT_REFUSED };


const char *
reports_type(reports_type_e type)
{
    static const char *const  names[] = {
        "sts", "tlsa", "no-policy-found", "other"
    };

    return names[type];
}


const reports_result_t *
reports_result(mta_sts_str_t name)
{
    size_t  i;

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (mta_sts_str_caseeq(name, mta_sts_str_from(results[i].name))) {
            return &results[i];
        }
    }

    return &results_other;
}


result_effect_e
reports_effect(reports_type_e type, mta_sts_str_t result)
{
    return type == REPORTS_STS ? reports_result(result)->effect
           : type == REPORTS_TLSA ? RESULT_DANE : RESULT_APART;
}
