/*
 * From settings and names to what a server serves.
 */

#ifndef MTA_STS_SITE_BUILD_H
#define MTA_STS_SITE_BUILD_H


#include "site.h"


/*
 * Builds site's servers, each with what it inherits.
 *
 * Errors: those of site_file(), mta_sts_server_build() and
 * mta_sts_server_use().
 */
int site_build(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err);


#endif /* MTA_STS_SITE_BUILD_H */
