/*
 * The domains of the command line.
 */

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "reports.h"


int
reports_names(char **args, size_t n, const mta_sts_env_t *env,
    mta_sts_str_t **names)
{
    size_t           i;
    mta_sts_err_t    err;
    mta_sts_value_t  value = { { NULL, 0 }, { { NULL, 0 }, 0, 0 } };

    *names = env->alloc(env->ctx, n * sizeof(mta_sts_str_t));

    for (i = 0; i < n; i++) {
        if (strchr(args[i], '.') == NULL) {
            say("\"%s\" is neither a domain nor \"add\" or \"show\"", args[i]);
            return MTA_STS_ERROR;
        }

        value.text = mta_sts_str_from(args[i]);

        if (mta_sts_name_domain("domain", &value, env, &(*names)[i], &err)
            != MTA_STS_OK)
        {
            say_error(&err);
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}
