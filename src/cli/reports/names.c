/*
 * The domains of the command line.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "policy/policy.h"
#include "reports.h"


static int
names_cmp(const void *a, const void *b)
{
    const mta_sts_str_t  *one = a, *two = b;

    return mta_sts_str_cmp(*one, *two);
}


int
reports_names(const options_list_t *args, const mta_sts_env_t *env,
    mta_sts_str_t **names, size_t *n)
{
    size_t                  i;
    mta_sts_err_t           err;
    const mta_sts_value_t  *value;

    *names = env->alloc(env->ctx, args->n * sizeof(mta_sts_str_t));

    for (i = 0; i < args->n; i++) {
        value = &args->values[i];

        if (strchr(value->text.data, '.') == NULL) {
            say("\"%s\" is neither a domain nor \"add\" or \"show\"",
                value->text.data);
            return MTA_STS_ERROR;
        }

        if (mta_sts_name_domain("domain", value, env, &(*names)[i], &err)
            != MTA_STS_OK)
        {
            say_error(&err);
            return MTA_STS_ERROR;
        }
    }

    qsort(*names, args->n, sizeof(mta_sts_str_t), names_cmp);

    for (i = 0, *n = 0; i < args->n; i++) {
        if (*n == 0 || !mta_sts_str_eq((*names)[*n - 1], (*names)[i])) {
            (*names)[(*n)++] = (*names)[i];
        }
    }

    return MTA_STS_OK;
}
