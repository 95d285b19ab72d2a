/*
 * mta-sts generate: policy, records and a server block from options alone.
 */

#include "generator/generator.h"
#include "cli/formats/formats.h"
#include "cli/diag/diag.h"
#include "command.h"


/* Makes the policy of the options; the errors are those of directives. */

static int
generate_result(const options_t *options, mta_sts_result_t *result,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                       rc;
    size_t                    i;
    mta_sts_digest_t          digest = { NULL };
    const options_setting_t  *setting;

    memset(result, 0, sizeof(mta_sts_result_t));

    if (mta_sts_name_domain("domain", &options->args.values[0], env,
                            &result->entry.domain, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < options->n_settings; i++) {
        setting = &options->settings[i];

        if (mta_sts_result_set(result, setting->setting, &setting->value, env,
                               err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    rc = mta_sts_result_make(result, &digest, env, err);

    mta_sts_digest_free(&digest);

    return rc;
}


static void
generate_records(const mta_sts_entry_t *entry, const char *format)
{
    plan_t                   plan;
    zones_t                  zones = { NULL, 0 };
    mta_sts_err_t            err;
    format_settings_t        settings = { FORMAT_NO_PROVIDER, 0 };
    mta_sts_record_wanted_t  wanted;

    memset(&wanted, 0, sizeof(mta_sts_record_wanted_t));
    memset(&plan, 0, sizeof(plan_t));

    wanted.ttl = MTA_STS_RECORD_TTL;

    plan.wanted = &wanted;
    plan.zones = &zones;

    /* nothing fails without zones, delegation and files */

    plan_build(&plan, entry, 1);
    (void) output_plan(&plan, format_find(format), &settings, NULL,
                       FILES_IGNORE, &err);

    plan_free(&plan);
}


int
command_generate(const options_t *options, const mta_sts_env_t *env)
{
    mta_sts_err_t     err;
    mta_sts_str_t     url, body, server;
    mta_sts_result_t  result;

    if (options->args.n != 1) {
        say("command \"generate\" takes one domain");
        return COMMAND_USAGE;
    }

    if (generate_result(options, &result, env, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    url = result.policy_url;
    body = mta_sts_policy_body(result.entry.policy);
    server = result.server;

    (void) printf("# Policy, at %.*s:\n\n%.*s\n", (int) url.len, url.data,
                  (int) body.len, body.data);

    (void) printf("# DNS records, as lines of a zone file:\n\n");

    generate_records(&result.entry, "zone");

    (void) printf("\n# The same records, for the form of a DNS panel:\n\n");

    generate_records(&result.entry, "text");

    (void) printf("# nginx server block:\n\n%.*s", (int) server.len,
                  server.data);

    return COMMAND_OK;
}
