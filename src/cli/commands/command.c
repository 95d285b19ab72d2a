/*
 * What commands share.
 */

#include "cli/diag/diag.h"
#include "command.h"


int
command_site(site_t *site, const options_t *options, const mta_sts_env_t *env)
{
    int            rc;
    mta_sts_err_t  err;
    mta_sts_str_t  file, prefix;
    mta_sts_buf_t  folder = { env, NULL, 0, 0, 0 };

    file = options_file(options, env);

    if (options->prefix) {
        mta_sts_buf_add_cstr(&folder, options->prefix);
        mta_sts_buf_add_char(&folder, '/');
    }

    prefix = mta_sts_buf_str(&folder);

    rc = options->domains ? site_read_domains(site, file, env, &err)
                          : site_read(site, file, prefix, env, &err);

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return MTA_STS_ERROR;
    }

    return MTA_STS_OK;
}


/* The entries of the arguments; each domain once. */

static int
command_pick(const site_t *site, const options_t *options,
    const mta_sts_env_t *env, mta_sts_entry_t *entries, size_t *n,
    mta_sts_err_t *err)
{
    size_t  i, k;

    for (i = 0; i < options->args.n; i++) {
        if (site_find(site, &options->args.values[i], env, &entries[i], err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    site_sort(entries, options->args.n);

    for (i = 0, k = 0; i < options->args.n; i++) {
        if (k == 0
            || !mta_sts_str_eq(entries[k - 1].domain, entries[i].domain))
        {
            entries[k++] = entries[i];
        }
    }

    *n = k;

    return MTA_STS_OK;
}


int
command_refused(const site_t *site, mta_sts_entry_t *entries, size_t *n)
{
    size_t         i, k;
    mta_sts_err_t  err;

    for (i = 0, k = 0; i < *n; i++) {
        if (site_is_refused(site, entries[i].domain, &err)) {
            say_error(&err);

        } else {
            entries[k++] = entries[i];
        }
    }

    *n = k;

    return k != i;
}


int
command_entries(const site_t *site, const options_t *options,
    const mta_sts_env_t *env, mta_sts_entry_t **entries, size_t *n)
{
    int            rc;
    mta_sts_err_t  err;

    if (options->args.n == 0) {
        site_domains(site, env, entries, n);

        if (site_is_empty(site)) {
            say("no policy is configured in %.*s", (int) site->file.len,
                site->file.data);
        }

        return MTA_STS_OK;
    }

    *entries = env->alloc(env->ctx,
                          options->args.n * sizeof(mta_sts_entry_t));

    rc = command_pick(site, options, env, *entries, n, &err);

    if (rc != MTA_STS_OK) {
        say_error(&err);
    }

    return rc;
}
