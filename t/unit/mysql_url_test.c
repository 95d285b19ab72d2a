/*
 * The URL of a MariaDB server, which is read here and not by its library.
 */

#include <stdlib.h>

#include "cli/source/mysql_url.h"
#include "tap.h"


#define WANTED   ", must be mysql://USER@HOST:PORT/DATABASE"
#define PORT     "invalid port" WANTED
#define PERCENT  "\"%\" without two hex digits" WANTED
#define BRACKET  "no \"]\" after the address" WANTED
#define OPTION   "unknown option, must be \"socket\" or \"defaults-file\"; " \
                 "others, such as those of TLS, are for that file"


static const struct {
    const char   *url;
    mysql_url_t   parts;
} good[] = {
    { "mysql://", { 0 } },
    { "mysql:///", { 0 } },
    { "mysql://h", { .host = "h" } },
    { "mariadb://u@h:3307/d",
      { .user = "u", .host = "h", .port = 3307, .database = "d" } },
    { "mysql://u:@h/d", { .user = "u", .host = "h", .database = "d" } },
    { "mysql://@h:65535", { .host = "h", .port = 65535 } },
    { "mysql://u%40x%2f@[2001:db8::1]:1/%41%c3%bc",
      { .user = "u@x/", .host = "2001:db8::1", .port = 1,
        .database = "A\xc3\xbc" } },
    { "mysql://[::1]/d", { .host = "::1", .database = "d" } },
    { "mysql:///d?socket=/run/my%20sql", { .database = "d",
      .socket = "/run/my sql" } },
    { "mysql://h?defaults-file=/a&socket=/b&", { .host = "h", .socket = "/b",
      .defaults_file = "/a" } },
    { "mysql://h/d?socket=&socket=/a&socket=/b", { .host = "h",
      .database = "d", .socket = "/b" } },
    { "mysql://h/a/b", { .host = "h", .database = "a/b" } }
};


static const struct {
    const char  *url;
    const char  *fault;
} bad[] = {
    { "mysql://h:", PORT },
    { "mysql://h:0", PORT },
    { "mysql://h:65536", PORT },
    { "mysql://h:99999999999999999999999", PORT },
    { "mysql://h:1x", PORT },
    { "mysql://[::1", BRACKET },
    { "mysql://[::1/]", BRACKET },
    { "mysql://[::1]1", PORT },
    { "mysql://u%@h", PERCENT },
    { "mysql://u%4@h", PERCENT },
    { "mysql://u%4g@h", PERCENT },
    { "mysql://u%00@h", PERCENT },
    { "mysql://h/%", PERCENT },
    { "mysql://h/d?socket=%f", PERCENT },
    { "mysql://h/d?ssl=1", OPTION },
    { "mysql://h/d?socket", OPTION },
    { "mysql://h/d?&", OPTION }
};


static int
same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}


int
main(void)
{
    int            rc;
    size_t         i;
    mysql_url_t    parts;
    mta_sts_err_t  err;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(&parts, 0, sizeof(mysql_url_t));
        rc = mysql_url_parse(&parts, good[i].url, &err);

        ok(rc == MTA_STS_OK && same(parts.user, good[i].parts.user)
           && same(parts.host, good[i].parts.host)
           && same(parts.database, good[i].parts.database)
           && same(parts.socket, good[i].parts.socket)
           && same(parts.defaults_file, good[i].parts.defaults_file)
           && parts.port == good[i].parts.port, "%s", good[i].url);

        mysql_url_free(&parts);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&parts, 0, sizeof(mysql_url_t));
        rc = mysql_url_parse(&parts, bad[i].url, &err);

        ok(rc == MTA_STS_ERROR
           && strncmp(err.text, "invalid URL of a source: ", 25) == 0
           && strcmp(err.text + 25, bad[i].fault) == 0, "%s", bad[i].url);

        mysql_url_free(&parts);
    }

    return done();
}
