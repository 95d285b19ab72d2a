/*
 * The query of a form: "name=value&name=value", as a browser encodes it
 * (application/x-www-form-urlencoded).
 */

#ifndef MTA_STS_QUERY_H
#define MTA_STS_QUERY_H


#include "error.h"


#define MTA_STS_QUERY_MAX  8192             /* bytes */


/*
 * Takes the next field from *query and decodes it to env's memory: "+" is a
 * space, "%" and two hex digits a byte, and a line end of any kind becomes
 * "\n".  *found is 0 at the end.
 *
 * Errors: "%" must be followed by two hex digits; not UTF-8; has a control
 * character; out of memory.
 */
int mta_sts_query_next(mta_sts_str_t *query, const mta_sts_env_t *env,
    mta_sts_str_t *name, mta_sts_str_t *value, int *found,
    mta_sts_err_t *err);

/* Appends str as a name or a value of a query. */
void mta_sts_query_add(mta_sts_text_t *text, mta_sts_str_t str);


#endif /* MTA_STS_QUERY_H */
