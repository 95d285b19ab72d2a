/*
 * mta-sts generate: policy, records and a server block from options alone.
 */

#include "../../core/block.h"
#include "../../core/name.h"
#include "../formats/format.h"
#include "../say.h"
#include "command.h"


/* Makes the policy of the options; the errors are those of directives. */

static int
generate_policy(const options_t *options, mta_sts_settings_t *settings,
    const mta_sts_policy_t **policy, mta_sts_str_t *domain,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t                    i;
    mta_sts_server_t          server;
    mta_sts_server_name_t     name;
    const options_setting_t  *setting;

    *policy = NULL;

    memset(settings, 0, sizeof(mta_sts_settings_t));
    memset(&name, 0, sizeof(mta_sts_server_name_t));

    if (mta_sts_name_domain("domain", &options->args[0], env, domain, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < options->n_settings; i++) {
        setting = &options->settings[i];

        if (mta_sts_settings_set(settings, &setting->name, &setting->value, 1,
                                 env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    /* no setting at all is a policy without mx, too */

    settings->own |= 1u << MTA_STS_SET_MODE;

    name.value.text = mta_sts_name_policy_host(*domain, env);

    if (name.value.text.data == NULL) {
        return mta_sts_error_memory(err);
    }

    if (mta_sts_server_build(&server, settings, &name, 1, env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    *policy = mta_sts_table_policy(&server.table, *domain);

    return MTA_STS_OK;
}


int
command_generate(const options_t *options, const mta_sts_env_t *env)
{
    size_t                   n;
    mta_sts_err_t            err;
    mta_sts_str_t            domain, body, block;
    mta_sts_text_t           text = { env, NULL, 0, 0, 0 };
    mta_sts_record_t         records[MTA_STS_RECORDS_MAX];
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *policy;

    if (options->n != 1) {
        say("command \"generate\" takes one domain");
        return COMMAND_USAGE;
    }

    if (generate_policy(options, &settings, &policy, &domain, env, &err)
        != MTA_STS_OK
        || mta_sts_record_build(policy, env, records, &n, &err)
           != MTA_STS_OK)
    {
        say_error(&err);
        return COMMAND_ERROR;
    }

    mta_sts_block_add(&text, &settings, domain);

    if (text.failed) {
        say("out of memory");
        return COMMAND_ERROR;
    }

    body = mta_sts_policy_body(policy);
    block = mta_sts_text_str(&text);

    (void) printf("# Policy, at https://mta-sts.%.*s/.well-known/mta-sts.txt:"
                  "\n\n%.*s\n", (int) domain.len, domain.data,
                  (int) body.len, body.data);

    (void) printf("# DNS records, as lines of a zone file:\n\n");
    format_zone(stdout, domain, records, n);

    (void) printf("\n# The same records, for the form of a DNS panel:\n\n");
    format_text(stdout, domain, records, n);

    (void) printf("# nginx server block:\n\n%.*s", (int) block.len,
                  block.data);

    return COMMAND_OK;
}
