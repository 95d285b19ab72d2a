/*
 * The domains files that a site names.
 */

#ifndef MTA_STS_SITE_FILES_H
#define MTA_STS_SITE_FILES_H


#include "site.h"


/*
 * Gives the domains of the file, or the glob of files, that value names; one
 * that was asked for before is not read again.
 *
 * Errors: no file matches "PATTERN"; those of source_names(), source_open() and
 * mta_sts_domains_add().
 */
int site_file(site_t *site, const mta_sts_value_t *value,
    const mta_sts_env_t *env, const mta_sts_domains_t **domains,
    mta_sts_err_t *err);


#endif /* MTA_STS_SITE_FILES_H */
