/*
 * The connection to MariaDB, and what its errors mean.
 */

#include <errmsg.h>
#include <fcntl.h>
#include <mysqld_error.h>
#include <time.h>
#include <unistd.h>

#include "mysql_connection.h"


#define MYSQL_GROUP  "mta-sts"        /* of the files, besides [client] */


/* What to do about an error. */

static const struct {
    unsigned     code;
    const char  *advice;
} mysql_advice[] = {
    { ER_NO_SUCH_TABLE, ": create it with mariadb.sql, or name another one "
                        "with --query and --changes" },
    { ER_BAD_FIELD_ERROR, ": see the columns that --query and --changes "
                          "select" },
    { ER_TABLEACCESS_DENIED_ERROR, ": GRANT SELECT on the tables to the user "
                                   "of the URL" },
    { ER_DBACCESS_DENIED_ERROR, ": GRANT SELECT on the tables to the user of "
                                "the URL" },
    { ER_COLUMNACCESS_DENIED_ERROR, ": GRANT SELECT on the tables to the user "
                                    "of the URL" },
    { ER_ACCESS_DENIED_ERROR, ": passwords come from the file ~/.my.cnf, "
                              "group [" MYSQL_GROUP "] or [client]" },
    { ER_NO_DB_ERROR, ": name it in the URL, mysql://HOST/DATABASE" },
    { ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ": the queries must only "
                                                "read" }
};


int64_t
mysql_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec;
}


/*
 * Closes the connection before the statement, which otherwise reads the rows
 * that are left.
 */

void
mysql_disconnect(mysql_t *my)
{
    if (my->conn) {
        mysql_close(my->conn);
        my->conn = NULL;
    }

    if (my->stmt) {
        (void) mysql_stmt_close(my->stmt);
        my->stmt = NULL;
    }
}


int
mysql_failed(mysql_t *my, mta_sts_err_t *err)
{
    size_t       i;
    unsigned     code;
    const char  *text, *advice;

    code = my->stmt ? mysql_stmt_errno(my->stmt) : mysql_errno(my->conn);
    text = my->stmt ? mysql_stmt_error(my->stmt) : mysql_error(my->conn);

    for (i = 0, advice = "";
         i < sizeof(mysql_advice) / sizeof(mysql_advice[0]); i++)
    {
        if (code == mysql_advice[i].code) {
            advice = mysql_advice[i].advice;
        }
    }

    if ((code == CR_SERVER_LOST || code == CR_SERVER_GONE_ERROR)
        && mysql_clock() - my->since >= (int64_t) my->settings->timeout)
    {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "MariaDB: the server has "
                             "sent nothing for %u seconds",
                             my->settings->timeout);

    } else {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "MariaDB: %.300s%s",
                             text[0] ? text : "the connection is lost",
                             advice);
    }

    mysql_disconnect(my);

    return MTA_STS_ERROR;
}


int
mysql_command(mysql_t *my, const char *sql, mta_sts_err_t *err)
{
    my->since = mysql_clock();

    return mysql_query(my->conn, sql) == 0 ? MTA_STS_OK
                                           : mysql_failed(my, err);
}


int
mysql_connect_server(mysql_t *my, mta_sts_err_t *err)
{
    unsigned            zero;
    const mysql_url_t  *url;

    url = &my->url;
    zero = 0;

    my->conn = mysql_init(NULL);

    if (my->conn == NULL) {
        return mta_sts_error_memory(err);
    }

    (void) mysql_options(my->conn, MYSQL_OPT_CONNECT_TIMEOUT,
                         &my->settings->timeout);
    (void) mysql_options(my->conn, MYSQL_OPT_READ_TIMEOUT,
                         &my->settings->timeout);
    (void) mysql_options(my->conn, MYSQL_OPT_WRITE_TIMEOUT,
                         &my->settings->timeout);

    /* otherwise a server may ask for any file of this machine */

    (void) mysql_options(my->conn, MYSQL_OPT_LOCAL_INFILE, &zero);
    (void) mysql_options(my->conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");

    if (url->defaults_file) {

        /* the library would go on without it */

        if (access(url->defaults_file, R_OK) != 0) {
            (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "access()",
                                       mta_sts_str_from(url->defaults_file));
            mysql_disconnect(my);
            return MTA_STS_ERROR;
        }

        (void) mysql_options(my->conn, MYSQL_READ_DEFAULT_FILE,
                             url->defaults_file);
    }

    (void) mysql_options(my->conn, MYSQL_READ_DEFAULT_GROUP, MYSQL_GROUP);

    my->since = mysql_clock();

    if (mysql_real_connect(my->conn, url->host, url->user, NULL,
                           url->database, url->port, url->socket, 0) == NULL)
    {
        return mysql_failed(my, err);
    }

    /* otherwise the command of --exec has a connection that is logged in */

    (void) fcntl((int) mysql_get_socket(my->conn), F_SETFD, FD_CLOEXEC);

    return mysql_command(my, "SET SESSION TRANSACTION ISOLATION LEVEL "
                         "REPEATABLE READ", err);
}
