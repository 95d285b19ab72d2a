/*
 * The policy of one domain without any configuration.
 */

#include "generator.h"
#include "policy/policy.h"


int
mta_sts_draft_domain(mta_sts_draft_t *draft, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    return mta_sts_name_domain("domain", value, env, &draft->domain, err);
}


int
mta_sts_draft_set(mta_sts_draft_t *draft, mta_sts_setting_e setting,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    mta_sts_value_t  name;

    name.text = mta_sts_settings_name(setting);
    name.place = value->place;

    return mta_sts_settings_set(&draft->settings, &name, value, 1, env, err);
}


int
mta_sts_draft_lacks_mx(const mta_sts_draft_t *draft)
{
    return draft->settings.mx.n == 0 && draft->settings.mode != MTA_STS_NONE;
}


int
mta_sts_draft_end(mta_sts_draft_t *draft, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    mta_sts_server_t       *server;
    mta_sts_server_name_t  *name;

    /* the entry lives in the server's table */

    server = env->alloc(env->ctx, sizeof(mta_sts_server_t));
    name = env->alloc(env->ctx, sizeof(mta_sts_server_name_t));

    if (server == NULL || name == NULL) {
        return mta_sts_error_memory(err);
    }

    memset(name, 0, sizeof(mta_sts_server_name_t));

    name->value.text = mta_sts_name_policy_host(draft->domain, env);

    if (name->value.text.data == NULL) {
        return mta_sts_error_memory(err);
    }

    /* no setting at all is a policy without mx, too */

    draft->settings.own |= 1u << MTA_STS_SET_MODE;

    if (mta_sts_server_build(server, &draft->settings, name, 1, env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    (void) mta_sts_table_find(&server->table, draft->domain, &draft->entry);

    return MTA_STS_OK;
}
