/*
 * The records of one policy domain, as values; how they are written down is
 * the business of each output format.
 */

#include "record.h"
#include "uri.h"


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
    size_t           i;
    mta_sts_text_t   sts = { env, NULL, 0, 0, 0 };
    mta_sts_text_t   tlsrpt = { env, NULL, 0, 0, 0 };

    mta_sts_text_add_cstr(&sts, "v=STSv1; id=");
    mta_sts_text_add(&sts, policy->id);
    mta_sts_text_add_cstr(&sts, ";");

    failed = record_add(&records[0], mta_sts_str("_mta-sts"), &sts);
    *n = 1;

    if (policy->tlsrpt_rua.n) {
        mta_sts_text_add_cstr(&tlsrpt, "v=TLSRPTv1; rua=");

        for (i = 0; i < policy->tlsrpt_rua.n; i++) {
            if (i) {
                mta_sts_text_add_cstr(&tlsrpt, ",");
            }

            mta_sts_uri_add_rua(&tlsrpt, policy->tlsrpt_rua.elts[i].text);
        }

        failed |= record_add(&records[1], mta_sts_str("_smtp._tls"), &tlsrpt);
        *n = 2;
    }

    if (failed) {
        return mta_sts_error_memory(err);
    }

    return MTA_STS_OK;
}
