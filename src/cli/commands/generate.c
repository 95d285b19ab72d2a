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

    return rc == MTA_STS_OK ? mta_sts_result_texts(result, env, err) : rc;
}


/* Prints the records in a format. */

static int
generate_records(const mta_sts_result_t *result,
    const mta_sts_format_t *format, const mta_sts_format_settings_t *settings,
    const mta_sts_env_t *env)
{
    mta_sts_err_t  err;
    mta_sts_str_t  text;

    if (mta_sts_result_records(result, format, settings, env, &text, &err)
        != MTA_STS_OK)
    {
        say_error(&err);
        return COMMAND_ERROR;
    }

    (void) fwrite(text.data, 1, text.len, stdout);

    return COMMAND_OK;
}


/* Prints all that belongs to a policy, each part with a title. */

static int
generate_all(const mta_sts_result_t *result, const mta_sts_env_t *env)
{
    int                        rc;
    mta_sts_str_t              body;
    mta_sts_format_settings_t  settings = { MTA_STS_PROVIDER_NONE, 0 };

    body = mta_sts_policy_body(result->entry.policy);

    (void) printf("# Policy, at %.*s:\n\n%.*s\n", (int) result->policy_url.len,
                  result->policy_url.data, (int) body.len, body.data);

    (void) printf("# DNS records, as lines of a zone file:\n\n");

    rc = generate_records(result, &mta_sts_format_zone, &settings, env);

    if (rc != COMMAND_OK) {
        return rc;
    }

    (void) printf("\n# The same records, for the form of a DNS panel:\n\n");

    rc = generate_records(result, &mta_sts_format_text, &settings, env);

    (void) printf("# nginx server block:\n\n%.*s", (int) result->server.len,
                  result->server.data);

    return rc;
}


int
command_generate(const options_t *options, const mta_sts_env_t *env)
{
    mta_sts_err_t              err;
    mta_sts_result_t           result;
    const mta_sts_format_t    *format;
    mta_sts_format_settings_t  settings;

    if (options->args.n != 1) {
        say("command \"generate\" takes one domain");
        return COMMAND_USAGE;
    }

    format = options->format ? command_format(options, &settings) : NULL;

    if (options->format && format == NULL) {
        return COMMAND_USAGE;
    }

    if (generate_result(options, &result, env, &err) != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    return format ? generate_records(&result, format, &settings, env)
                  : generate_all(&result, env);
}
