/*
 * The URIs that TLS reports are sent to (RFC 8460, 3).
 */

#ifndef MTA_STS_URI_H
#define MTA_STS_URI_H


#include "error.h"


/*
 * Bytes of all URIs of one policy, as they are in its record, which has to fit
 * into a DNS answer, and each URI into a word of nginx.conf.
 */

#define MTA_STS_RUA_MAX  4000


/*
 * Checks that value is a mailto: URI with an address, or an https: URI with a
 * host, in the characters of RFC 3986.
 *
 * Errors, at the value's place: invalid tlsrpt_rua "VALUE", and the rule.
 */
int mta_sts_uri_check_rua(const mta_sts_value_t *value, mta_sts_err_t *err);

/*
 * The same, and gives the URI as it stands in a record: with the characters
 * that delimit a TLSRPT record, "," "!" and ";", percent-encoded (RFC 8460, 3),
 * up to three times as long.  uri lives in env's memory, with a NUL behind it.
 *
 * Errors: as above, and out of memory.
 */
int mta_sts_uri_rua(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t *uri, mta_sts_err_t *err);


#endif /* MTA_STS_URI_H */
