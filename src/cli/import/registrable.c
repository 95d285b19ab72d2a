/*
 * The domain that somebody has registered, of a name in or below it.
 */

#include "import.h"


/* Is it a TLD, which the list may lack, or another public suffix? */

static int
registrable_is_suffix(const char *name, const mta_sts_env_t *env)
{
    return strchr(name, '.') == NULL
           || (env->is_public_suffix && env->is_public_suffix(name));
}


mta_sts_str_t
import_registrable(mta_sts_str_t name, const mta_sts_env_t *env)
{
    size_t         i, begin;
    mta_sts_str_t  copy;

    copy = mta_sts_str_copy(env, name);

    for (i = 0, begin = name.len; i < name.len; i++) {

        if (i && name.data[i - 1] != '.') {
            continue;
        }

        if (registrable_is_suffix(copy.data + i, env)) {
            break;
        }

        begin = i;
    }

    return mta_sts_str_after(name, begin);
}
