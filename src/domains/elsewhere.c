/*
 * The policies of a domains file, for domains that come from elsewhere.
 */

#include <stdlib.h>

#include "reader.h"


struct mta_sts_policies_s {
    mta_sts_reader_t    reader;
    mta_sts_settings_t  none;         /* of no file */
};


/* Reads the file, if there is one. */

static int
elsewhere_read(mta_sts_reader_t *reader, const mta_sts_file_t *file,
    mta_sts_err_t *err)
{
    mta_sts_place_t  place = { { NULL, 0 }, 0, 0 };

    if (mta_sts_reader_file(reader, file, 1, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (reader->builder.rows.n) {
        place.file = file->name;

        return mta_sts_error(err, place, "the file has domains, but they come "
                             "from the source; only policies, settings and "
                             "\"default\" may be in it");
    }

    return MTA_STS_OK;
}


mta_sts_policies_t *
mta_sts_policies_open(mta_sts_file_t *file, const mta_sts_env_t *env,
    mta_sts_domains_t *domains, mta_sts_err_t *err)
{
    int                  rc;
    mta_sts_reader_t    *reader;
    mta_sts_policies_t  *policies;

    rc = MTA_STS_OK;
    policies = calloc(1, sizeof(mta_sts_policies_t));

    if (policies == NULL) {
        rc = mta_sts_error_memory(err);

    } else {
        reader = &policies->reader;
        mta_sts_reader_begin(reader, env, domains);
        reader->top = &policies->none;

        if (file) {
            rc = elsewhere_read(reader, file, err);
            mta_sts_warnings_report(&reader->warnings, env);
            memset(&reader->warnings, 0, sizeof(mta_sts_warnings_t));
        }
    }

    if (file) {
        mta_sts_file_free(file);
    }

    if (rc != MTA_STS_OK) {
        mta_sts_policies_close(policies);
        return NULL;
    }

    return policies;
}


void
mta_sts_policies_close(mta_sts_policies_t *policies)
{
    if (policies) {
        mta_sts_reader_end(&policies->reader);
        free(policies);
    }
}


int
mta_sts_policies_render(mta_sts_policies_t *policies,
    const mta_sts_value_t *name, mta_sts_settings_t *settings,
    const mta_sts_env_t *env, const mta_sts_policy_t **policy,
    mta_sts_str_t *policy_name, mta_sts_err_t *err)
{
    int            rc;
    mta_sts_use_t  use;

    memset(&use, 0, sizeof(mta_sts_use_t));

    if (name) {
        use.policy = *name;
    }

    use.settings = *settings;

    rc = mta_sts_reader_render(&policies->reader, &use, env, policy,
                               policy_name, err);

    *settings = use.settings;

    return rc;
}
