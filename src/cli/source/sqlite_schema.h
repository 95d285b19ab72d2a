/*
 * The file of a URL of SQLite, and the default tables in it.
 */

#ifndef MTA_STS_SOURCE_SQLITE_SCHEMA_H
#define MTA_STS_SOURCE_SQLITE_SCHEMA_H


#include "base/base.h"


/*
 * The file of a URL, a part of it; NULL after an error.
 *
 * Errors: invalid URL of a source: no file; it has a host.
 */
const char *sqlite_url_file(const char *url, mta_sts_err_t *err);

/*
 * Creates the file of a URL with the tables, unless it has them already.
 *
 * Errors: those of sqlite_url_file() and of SQLite; "FILE" is a database of
 * something else, which is not changed.
 */
int sqlite_schema_create(const char *url, mta_sts_err_t *err);


#endif /* MTA_STS_SOURCE_SQLITE_SCHEMA_H */
