/*
 * server_name's, as nginx reads them and chooses by them.
 */

#ifndef MTA_STS_SITE_NAMES_H
#define MTA_STS_SITE_NAMES_H


#include "site.h"


/*
 * Adds a name to a server.  Follows ngx_http_core_server_name().
 *
 * Errors: server name "NAME" is invalid; empty regex in server name "NAME";
 * out of memory.
 */
int site_names_add(site_server_t *server, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* A regex name cannot be told: it may match. */

#define SITE_NAMES_REGEX  1

/*
 * How nginx ranks the server's names for host: 0 if none matches,
 * SITE_NAMES_REGEX for a regex, more for a wildcard, the more the longer it is
 * and for one at the beginning, the most for the name itself.  *name is the
 * best one.
 */
size_t site_names_rank(const site_server_t *server, mta_sts_str_t host,
    const mta_sts_server_name_t **name);

/* The first wildcard or regex name of a server, or NULL. */
const mta_sts_server_name_t *site_names_first(const site_server_t *server);


#endif /* MTA_STS_SITE_NAMES_H */
