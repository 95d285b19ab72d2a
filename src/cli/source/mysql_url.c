/*
 * The parts of the URL of a MariaDB server.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "mysql_url.h"


static int
mysql_url_error(const char *why, mta_sts_err_t *err)
{
    return mta_sts_error(err, MTA_STS_NOWHERE, "invalid URL of a source: %s, "
                         "must be mysql://USER@HOST:PORT/DATABASE", why);
}


static int
mysql_url_hex(char ch)
{
    static const char  digits[] = "0123456789abcdef";
    const char        *digit;

    if (ch >= 'A' && ch <= 'F') {
        ch = (char) (ch - 'A' + 'a');
    }

    digit = ch ? strchr(digits, ch) : NULL;

    return digit ? (int) (digit - digits) : -1;
}


/* Copies len bytes, without their escapes; nothing for an empty text. */

static int
mysql_url_copy(char **to, const char *from, size_t len, mta_sts_err_t *err)
{
    int     high, low;
    char   *out;
    size_t  i;

    if (len == 0) {
        return MTA_STS_OK;
    }

    free(*to);
    *to = out = diag_calloc(1, len + 1);

    for (i = 0; i < len; i++) {

        if (from[i] != '%') {
            *out++ = from[i];
            continue;
        }

        high = i + 2 < len ? mysql_url_hex(from[i + 1]) : -1;
        low = i + 2 < len ? mysql_url_hex(from[i + 2]) : -1;

        if (high == -1 || low == -1 || high + low == 0) {
            return mysql_url_error("\"%\" without two hex digits", err);
        }

        *out++ = (char) (high * 16 + low);
        i += 2;
    }

    return MTA_STS_OK;
}


/* HOST, [ADDRESS], and a port. */

static int
mysql_url_host(mysql_url_t *parts, const char *from, const char *end,
    mta_sts_err_t *err)
{
    const char     *colon, *stop;
    unsigned long   port;

    if (from < end && *from == '[') {
        from++;
        stop = memchr(from, ']', (size_t) (end - from));

        if (stop == NULL) {
            return mysql_url_error("no \"]\" after the address", err);
        }

        colon = stop + 1;

    } else {
        stop = memchr(from, ':', (size_t) (end - from));
        stop = stop ? stop : end;
        colon = stop;
    }

    if (mysql_url_copy(&parts->host, from, (size_t) (stop - from), err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (colon == end) {
        return MTA_STS_OK;
    }

    for (port = 0, from = colon + 1; from < end && port < 65536; from++) {
        if (*from < '0' || *from > '9') {
            break;
        }

        port = port * 10 + (unsigned long) (*from - '0');
    }

    if (*colon != ':' || from != end || port == 0 || port > 65535) {
        return mysql_url_error("invalid port", err);
    }

    parts->port = (unsigned) port;

    return MTA_STS_OK;
}


/* OPTION=VALUE&... */

static int
mysql_url_options(mysql_url_t *parts, const char *from, mta_sts_err_t *err)
{
    char        **to;
    size_t        len;
    const char   *value;

    while (*from) {
        len = strcspn(from, "&");

        if (strncmp(from, "socket=", 7) == 0) {
            to = &parts->socket;

        } else if (strncmp(from, "defaults-file=", 14) == 0) {
            to = &parts->defaults_file;

        } else {
            return mta_sts_error(err, MTA_STS_NOWHERE, "invalid URL of a "
                                 "source: unknown option, must be \"socket\" "
                                 "or \"defaults-file\"; others, such as those "
                                 "of TLS, are for that file");
        }

        value = strchr(from, '=') + 1;

        if (mysql_url_copy(to, value, len - (size_t) (value - from), err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        from += len;
        from += *from == '&';
    }

    return MTA_STS_OK;
}


int
mysql_url_parse(mysql_url_t *parts, const char *url, mta_sts_err_t *err)
{
    size_t       len;
    const char  *from, *end, *at, *user_end;

    from = strstr(url, "://") + 3;
    end = from + strcspn(from, "/?");

    at = memchr(from, '@', (size_t) (end - from));

    if (at) {
        /* an empty password */

        user_end = memchr(from, ':', (size_t) (at - from));
        user_end = user_end ? user_end : at;

        if (mysql_url_copy(&parts->user, from, (size_t) (user_end - from), err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        from = at + 1;
    }

    if (mysql_url_host(parts, from, end, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (*end == '/') {
        len = strcspn(++end, "?");

        if (mysql_url_copy(&parts->database, end, len, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        end += len;
    }

    return *end == '?' ? mysql_url_options(parts, end + 1, err) : MTA_STS_OK;
}


void
mysql_url_free(mysql_url_t *parts)
{
    free(parts->user);
    free(parts->host);
    free(parts->database);
    free(parts->socket);
    free(parts->defaults_file);
}
