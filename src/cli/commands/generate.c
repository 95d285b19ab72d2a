/*
 * mta-sts generate: policy, records and a server block from options alone.
 */

#include "../../core/block.h"
#include "../../core/name.h"
#include "../publish/output.h"
#include "../say.h"
#include "command.h"


/* Makes the policy of the options; the errors are those of directives. */

static int
generate_policy(const options_t *options, mta_sts_settings_t *settings,
    mta_sts_entry_t *entry, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t                    i;
    mta_sts_str_t             domain;
    mta_sts_server_t          server;
    mta_sts_server_name_t     name;
    const options_setting_t  *setting;

    memset(settings, 0, sizeof(mta_sts_settings_t));
    memset(&name, 0, sizeof(mta_sts_server_name_t));

    if (mta_sts_name_domain("domain", &options->args.values[0], env, &domain,
                            err)
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

    name.value.text = mta_sts_name_policy_host(domain, env);

    if (name.value.text.data == NULL) {
        return mta_sts_error_memory(err);
    }

    if (mta_sts_server_build(&server, settings, &name, 1, env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    (void) mta_sts_table_find(&server.table, domain, entry);

    return MTA_STS_OK;
}


static int
generate_records(const mta_sts_entry_t *entry, const char *format,
    const options_t *options, mta_sts_err_t *err)
{
    int                      rc;
    plan_t                   plan;
    zones_t                  zones = { NULL, 0 };
    mta_sts_record_wanted_t  wanted;

    memset(&plan, 0, sizeof(plan_t));
    memset(&wanted, 0, sizeof(mta_sts_record_wanted_t));

    wanted.ttl = MTA_STS_RECORD_TTL;

    rc = plan_build(&plan, entry, 1, &zones, &wanted, 0, err);

    if (rc == MTA_STS_OK) {
        rc = output_print(&plan, format_find(format), options, err);
    }

    plan_free(&plan);

    return rc;
}


int
command_generate(const options_t *options, const mta_sts_env_t *env)
{
    int                 rc;
    mta_sts_err_t       err;
    mta_sts_str_t       domain, body, block;
    mta_sts_text_t      text = { env, NULL, 0, 0, 0 };
    mta_sts_entry_t     entry;
    mta_sts_settings_t  settings;

    if (options->args.n != 1) {
        say("command \"generate\" takes one domain");
        return COMMAND_USAGE;
    }

    if (generate_policy(options, &settings, &entry, env, &err)
        != MTA_STS_OK)
    {
        say_error(&err);
        return COMMAND_ERROR;
    }

    domain = entry.domain;

    mta_sts_block_add(&text, &settings, domain);

    if (text.failed) {
        say("out of memory");
        return COMMAND_ERROR;
    }

    body = mta_sts_policy_body(entry.policy);
    block = mta_sts_text_str(&text);

    (void) printf("# Policy, at https://mta-sts.%.*s/.well-known/mta-sts.txt:"
                  "\n\n%.*s\n", (int) domain.len, domain.data,
                  (int) body.len, body.data);

    (void) printf("# DNS records, as lines of a zone file:\n\n");

    rc = generate_records(&entry, "zone", options, &err);

    if (rc == MTA_STS_OK) {
        (void) printf("\n# The same records, for the form of a DNS panel:"
                      "\n\n");

        rc = generate_records(&entry, "text", options, &err);
    }

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    (void) printf("# nginx server block:\n\n%.*s", (int) block.len,
                  block.data);

    return COMMAND_OK;
}
