/*
 * From the settings of one domain to all that belongs to it.
 */

#include "generator.h"
#include "domains/domains.h"


int
mta_sts_result_set(mta_sts_result_t *result, mta_sts_setting_e setting,
    const mta_sts_value_t *value, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_value_t  name;

    name.text = mta_sts_settings_name(setting);
    name.place = value->place;

    return mta_sts_settings_set(&result->settings, &name, value, 1, env, err);
}


int
mta_sts_result_records(const mta_sts_result_t *result,
    const mta_sts_format_t *format, const mta_sts_format_settings_t *settings,
    const mta_sts_env_t *env, mta_sts_str_t *text, mta_sts_err_t *err)
{
    mta_sts_batch_t  batch;

    memset(&batch, 0, sizeof(mta_sts_batch_t));

    batch.zone = result->entry.domain;
    batch.entry = result->entry;
    batch.records = result->records;
    batch.n = result->n_records;

    return mta_sts_format_write(format, settings, &batch, env, text, err);
}


int
mta_sts_result_make(mta_sts_result_t *result, mta_sts_digest_t *digest,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    const mta_sts_policy_t   *policy;
    mta_sts_record_wanted_t   wanted;

    mta_sts_settings_check_domain(&result->settings, result->entry.domain,
                                  result->entry.place, env);

    if (mta_sts_policy_render(&result->settings, digest, env, &policy, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    result->entry.policy = policy;

    memset(&wanted, 0, sizeof(mta_sts_record_wanted_t));

    wanted.ttl = MTA_STS_RECORD_TTL;

    return mta_sts_record_build(&result->entry, &wanted, env, &result->records,
                                &result->n_records, err);
}


int
mta_sts_result_texts(mta_sts_result_t *result, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    mta_sts_buf_t  url = { env, NULL, 0, 0, 0 };
    mta_sts_buf_t  server = { env, NULL, 0, 0, 0 };
    mta_sts_buf_t  yaml = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&url, "https://mta-sts.");
    mta_sts_buf_add(&url, result->entry.domain);
    mta_sts_buf_add_cstr(&url, "/.well-known/mta-sts.txt");

    mta_sts_block_add(&server, &result->settings, result->entry.domain);
    mta_sts_domains_write(&yaml, result->entry.domain, &result->settings);

    if (url.failed || server.failed || yaml.failed) {
        return mta_sts_error_memory(err);
    }

    result->policy_url = mta_sts_buf_str(&url);
    result->server = mta_sts_buf_str(&server);
    result->yaml = mta_sts_buf_str(&yaml);

    return mta_sts_result_records(result, &mta_sts_format_zone, NULL, env,
                                  &result->zone, err);
}
