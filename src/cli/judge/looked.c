/*
 * What a check has looked at: a finding that is not there any more has only
 * gone if what it is about was looked at.
 */

#include "judge.h"


/* A finding that hides the kinds after it, up to last. */

static const struct {
    finding_kind_e  kind;
    finding_kind_e  last;
} looked_hidden[] = {
    { TXT_DNS, TXT_TTL },
    { HOST_DNS, POLICY_PRELOAD },
    { HOST_NONE, POLICY_PRELOAD },
    { POLICY_CONNECT, POLICY_PRELOAD },
    { POLICY_TIMEOUT, POLICY_PRELOAD },
    { POLICY_TLS, POLICY_PRELOAD },
    { POLICY_CERT_NAME, POLICY_PRELOAD },
    { POLICY_CERT_CHAIN, POLICY_PRELOAD },
    { POLICY_CERT_EXPIRED, POLICY_PRELOAD },
    { POLICY_CERT_NOT_YET, POLICY_PRELOAD },
    { POLICY_CLOSED, POLICY_PRELOAD },
    { POLICY_REDIRECT, POLICY_PRELOAD },
    { POLICY_STATUS, POLICY_PRELOAD },
    { POLICY_TOO_LARGE, POLICY_PRELOAD },
    { POLICY_SYNTAX, POLICY_PRELOAD },
    { MX_DNS, SMTP_CERT_WEAK },
    { MX_HOST_DNS, SMTP_CERT_WEAK },
    { MX_HOST_NONE, SMTP_CERT_WEAK },
    { SMTP_CONNECT, SMTP_CERT_WEAK },
    { SMTP_ANSWER, SMTP_CERT_WEAK },
    { SMTP_STARTTLS, SMTP_CERT_WEAK },
    { SMTP_TLS, SMTP_CERT_WEAK },
    { TLSRPT_DNS, TLSRPT_OWN },
    { REPORT_UNKNOWN, REPORT_APART }
};

#define LOOKED_HIDDEN  (sizeof(looked_hidden) / sizeof(looked_hidden[0]))


/* Is it about what is configured? */

static int
looked_is_configured(finding_kind_e kind)
{
    return kind == TXT_ID_DIFFERS || kind == POLICY_DIFFERS
           || kind == MX_NOT_COVERED_NEXT || kind == TLSRPT_DIFFERS;
}


int
result_looked(const result_t *result, finding_kind_e kind)
{
    size_t  i;

    if (finding_count(&result->findings, FINDING_UNKNOWN)
        || (!result->smtp && kind >= SMTP_NOT_TRIED && kind <= SMTP_CERT_WEAK)
        || (!result->reports && kind >= REPORT_UNKNOWN && kind <= REPORT_APART)
        || (result->entry->policy == NULL && looked_is_configured(kind)))
    {
        return 0;
    }

    for (i = 0; i < LOOKED_HIDDEN; i++) {
        if (kind > looked_hidden[i].kind && kind <= looked_hidden[i].last
            && finding_has(&result->findings, looked_hidden[i].kind))
        {
            return 0;
        }
    }

    return 1;
}
