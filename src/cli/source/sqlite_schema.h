/*
 * The default tables in a file of SQLite.
 */

#ifndef MTA_STS_SOURCE_SQLITE_SCHEMA_H
#define MTA_STS_SOURCE_SQLITE_SCHEMA_H


#include "base/base.h"


/*
 * Creates the file of a URL with the tables, unless it has them already.
 *
 * Errors: those of SQLite; "FILE" is a database of something else, which is not
 * changed.
 */
int sqlite_schema_create(const char *url, mta_sts_err_t *err);


#endif /* MTA_STS_SOURCE_SQLITE_SCHEMA_H */
