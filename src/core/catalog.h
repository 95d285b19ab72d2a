/*
 * The domains of all servers, and those that two of them configure
 * differently: which policy a sender gets then depends on the server that it
 * reaches, while there is but one id in the DNS.
 *
 * The largest table is used as it is, those of the other servers are put
 * together: a hoster has one that is large.
 */

#ifndef MTA_STS_CATALOG_H
#define MTA_STS_CATALOG_H


#include "server.h"


typedef struct {
    mta_sts_table_t  largest;
    mta_sts_table_t  others;         /* without what is in the largest */
    size_t           n;              /* domains of both */
} mta_sts_catalog_t;


/*
 * Builds the catalog of n servers in env's memory; it is valid as long as they
 * are.  With lenient, a domain with two policies is a warning for each server
 * but one, otherwise an error: domain "DOMAIN" has another policy at
 * FILE:LINE.
 *
 * Other errors: out of memory; those of mta_sts_table_add().
 */
int mta_sts_catalog_build(mta_sts_catalog_t *catalog,
    const mta_sts_server_t *const *servers, size_t n, int lenient,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* As mta_sts_table_find(). */
int mta_sts_catalog_find(const mta_sts_catalog_t *catalog,
    mta_sts_str_t domain, mta_sts_entry_t *entry);

/* As mta_sts_table_next(), but in no particular order. */
int mta_sts_catalog_next(const mta_sts_catalog_t *catalog, size_t *cursor,
    mta_sts_entry_t *entry);


#endif /* MTA_STS_CATALOG_H */
