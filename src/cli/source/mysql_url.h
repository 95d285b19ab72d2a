/*
 * The URL of a MariaDB server, which its library does not read:
 *
 *     mysql://[USER@][HOST[:PORT]]/[DATABASE][?OPTION=VALUE[&...]]
 *
 * The options are socket, a path, and defaults-file, which is read instead of
 * /etc/my.cnf and ~/.my.cnf.  "%" and two hex digits are a byte.  What is left
 * out comes from the library's files.
 */

#ifndef MTA_STS_SOURCE_MYSQL_URL_H
#define MTA_STS_SOURCE_MYSQL_URL_H


#include "base/base.h"


/* NULL, or 0: not given. */

typedef struct {
    char      *user;
    char      *host;
    char      *database;
    char      *socket;
    char      *defaults_file;
    unsigned   port;
} mysql_url_t;


/*
 * url begins with its scheme and "://".  Zero parts to begin with, and free
 * them also after an error.
 *
 * Errors: invalid URL of a source, and why; the URL itself is not in them.
 */
int mysql_url_parse(mysql_url_t *parts, const char *url, mta_sts_err_t *err);

void mysql_url_free(mysql_url_t *parts);


#endif /* MTA_STS_SOURCE_MYSQL_URL_H */
