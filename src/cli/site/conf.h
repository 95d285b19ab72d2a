/*
 * Reads a site's configuration into its servers; they are built when http ends.
 */

#ifndef MTA_STS_SITE_CONF_H
#define MTA_STS_SITE_CONF_H


#include "site.h"


/* Reads site->source.  Errors: see site_read(). */
int site_conf_read(site_t *site, const mta_sts_env_t *env, mta_sts_err_t *err);


#endif /* MTA_STS_SITE_CONF_H */
