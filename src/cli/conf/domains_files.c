/*
 * Domains files.
 */

#include "site.h"


static int
files_read(const site_t *site, const mta_sts_value_t *value,
    mta_sts_str_t full, const mta_sts_env_t *env, mta_sts_domains_t *domains,
    mta_sts_err_t *err)
{
    int              rc;
    size_t           n, opened;
    mta_sts_str_t   *names;
    mta_sts_file_t  *files;

    if (source_names(&site->source, value, 1, &names, &n, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (n == 0) {
        return mta_sts_error(err, value->place, "no file matches \"%.*s\"",
                             MTA_STS_SHOW(full));
    }

    files = env->alloc(env->ctx, n * sizeof(mta_sts_file_t));
    if (files == NULL) {
        return mta_sts_error_memory(err);
    }

    rc = MTA_STS_OK;

    for (opened = 0; opened < n && rc == MTA_STS_OK; opened++) {
        rc = source_open(&site->source, names[opened], value->place,
                         &files[opened], err);
    }

    if (rc == MTA_STS_OK) {
        return mta_sts_domains_read(files, n, env, domains, err);
    }

    while (--opened) {
        mta_sts_file_free(&files[opened - 1]);
    }

    return MTA_STS_ERROR;
}


int
site_file(site_t *site, const mta_sts_value_t *value, const mta_sts_env_t *env,
    const mta_sts_domains_t **domains, mta_sts_err_t *err)
{
    size_t          i;
    site_file_t    *files;
    mta_sts_str_t   full;

    full = source_full_name(&site->source, value->text);

    if (full.data == NULL) {
        return mta_sts_error_memory(err);
    }

    for (i = 0; i < site->n_files; i++) {
        if (mta_sts_str_eq(site->files[i].name, full)) {
            *domains = &site->files[i].domains;
            return MTA_STS_OK;
        }
    }

    files = mta_sts_env_grow(env, site->files, site->n_files,
                             &site->files_size, sizeof(site_file_t));
    if (files == NULL) {
        return mta_sts_error_memory(err);
    }

    site->files = files;

    files[site->n_files].name = full;

    if (files_read(site, value, full, env, &files[site->n_files].domains, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    *domains = &files[site->n_files++].domains;

    return MTA_STS_OK;
}
