/*
 * Which records are wanted.
 */

#include "policy/policy.h"
#include "command.h"


static int
wanted_ttl(mta_sts_record_wanted_t *wanted, const char *ttl,
    mta_sts_err_t *err)
{
    int64_t  seconds;

    if (ttl == NULL) {
        wanted->ttl = MTA_STS_RECORD_TTL;
        return MTA_STS_OK;
    }

    seconds = mta_sts_duration_parse(mta_sts_str_from(ttl));

    if (seconds < 0 || seconds > MTA_STS_RECORD_TTL_MAX) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "invalid ttl \"%s\", must "
                             "be between 0 and %d seconds", ttl,
                             MTA_STS_RECORD_TTL_MAX);
    }

    wanted->ttl = (uint32_t) seconds;

    return MTA_STS_OK;
}


static int
wanted_delegate(mta_sts_record_wanted_t *wanted, const options_t *options,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_value_t  provider;

    wanted->customer = options->customer;

    if (options->delegate == NULL) {
        if (options->customer) {
            return mta_sts_error(err, MTA_STS_NOWHERE,
                                 "option \"--customer\" needs \"--delegate\"");
        }

        return MTA_STS_OK;
    }

    if (options->policy_hosts.n && !options->customer) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "policy hosts are in the "
                             "customers' zones, \"--policy-host\" needs "
                             "\"--customer\" beside \"--delegate\"");
    }

    provider.text = mta_sts_str_from(options->delegate);
    provider.place = MTA_STS_NOWHERE;

    return mta_sts_name_zone("provider", &provider, env, &wanted->provider,
                             err);
}


int
wanted_set(mta_sts_record_wanted_t *wanted, const options_t *options,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_target_t      *targets;
    const options_list_t  *hosts;

    memset(wanted, 0, sizeof(mta_sts_record_wanted_t));

    hosts = &options->policy_hosts;

    targets = env->alloc(env->ctx, (hosts->n + 1) * sizeof(mta_sts_target_t));
    if (targets == NULL) {
        return mta_sts_error_memory(err);
    }

    wanted->targets = targets;

    if (wanted_ttl(wanted, options->ttl, err) != MTA_STS_OK
        || wanted_delegate(wanted, options, env, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return mta_sts_target_set("policy host", hosts->values, hosts->n, env,
                              targets, &wanted->n_targets, err);
}
