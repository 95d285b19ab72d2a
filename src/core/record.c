/*
 * The records of one policy domain, as values; how they are written down is
 * the business of each output format.
 */

#include "record.h"


static int
record_add(mta_sts_record_t *record, mta_sts_str_t label,
    const mta_sts_text_t *value)
{
    record->label = label;
    record->type = mta_sts_str("TXT");
    record->ttl = MTA_STS_RECORD_TTL;
    record->value = mta_sts_text_str(value);

    return value->failed;
}


int
mta_sts_record_build(const mta_sts_policy_t *policy, const mta_sts_env_t *env,
    mta_sts_record_t *records, size_t *n, mta_sts_err_t *err)
{
    int              failed;
    mta_sts_text_t   sts = { env, NULL, 0, 0, 0 };
    mta_sts_text_t   tlsrpt = { env, NULL, 0, 0, 0 };

    mta_sts_text_add_cstr(&sts, "v=STSv1; id=");
    mta_sts_text_add(&sts, mta_sts_policy_id(policy));
    mta_sts_text_add_cstr(&sts, ";");

    failed = record_add(&records[0], mta_sts_str("_mta-sts"), &sts);
    *n = 1;

    if (policy->tlsrpt_rua) {
        mta_sts_text_add_cstr(&tlsrpt, "v=TLSRPTv1; rua=");
        mta_sts_text_add(&tlsrpt, *policy->tlsrpt_rua);

        failed |= record_add(&records[1], mta_sts_str("_smtp._tls"), &tlsrpt);
        *n = 2;
    }

    if (failed) {
        return mta_sts_error_memory(err);
    }

    return MTA_STS_OK;
}
