/*
 * mta-sts generate: policy, records and a server block from options alone.
 */

#include "generator/generator.h"
#include "cli/formats/formats.h"
#include "cli/diag/diag.h"
#include "command.h"


/* Makes the policy of the options; the errors are those of directives. */

static int
generate_policy(const options_t *options, mta_sts_draft_t *draft,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t                    i;
    const options_setting_t  *setting;

    memset(draft, 0, sizeof(mta_sts_draft_t));

    if (mta_sts_draft_domain(draft, &options->args.values[0], env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < options->n_settings; i++) {
        setting = &options->settings[i];

        if (mta_sts_draft_set(draft, setting->setting, &setting->value, env,
                              err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_draft_end(draft, env, err);
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

    /* neither fails without zones, delegation and files */

    (void) plan_build(&plan, entry, 1, &err);
    (void) output_plan(&plan, format_find(format), &settings, NULL, &err);

    plan_free(&plan);
}


int
command_generate(const options_t *options, const mta_sts_env_t *env)
{
    mta_sts_err_t    err;
    mta_sts_str_t    domain, body, block;
    mta_sts_buf_t   text = { env, NULL, 0, 0, 0 };
    mta_sts_draft_t  draft;

    if (options->args.n != 1) {
        say("command \"generate\" takes one domain");
        return COMMAND_USAGE;
    }

    if (generate_policy(options, &draft, env, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    domain = draft.domain;

    mta_sts_block_add(&text, &draft.settings, domain);

    body = mta_sts_policy_body(draft.entry.policy);
    block = mta_sts_buf_str(&text);

    (void) printf("# Policy, at https://mta-sts.%.*s/.well-known/mta-sts.txt:"
                  "\n\n%.*s\n", (int) domain.len, domain.data,
                  (int) body.len, body.data);

    (void) printf("# DNS records, as lines of a zone file:\n\n");

    generate_records(&draft.entry, "zone");

    (void) printf("\n# The same records, for the form of a DNS panel:\n\n");

    generate_records(&draft.entry, "text");

    (void) printf("# nginx server block:\n\n%.*s", (int) block.len,
                  block.data);

    return COMMAND_OK;
}
