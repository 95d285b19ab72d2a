/*
 * Report URIs: as much of RFC 3986 and RFC 6068 as finds typing mistakes.
 */

#include <ctype.h>

#include "policy.h"


static int
uri_has_scheme(mta_sts_str_t uri, mta_sts_str_t scheme)
{
    if (uri.len < scheme.len) {
        return 0;
    }

    uri.len = scheme.len;

    return mta_sts_str_caseeq(uri, scheme);
}


/* Is str a normalised or merely mixed-case host name? */

static int
uri_is_host(mta_sts_str_t str)
{
    char           buf[MTA_STS_NAME_MAX + 1];
    mta_sts_str_t  name;

    if (str.len == 0 || str.len > MTA_STS_NAME_MAX) {
        return 0;
    }

    name.data = buf;
    name.len = mta_sts_name_fold(str, buf);

    return mta_sts_name_is_host(name);
}


/* What is wrong with the characters of uri; NULL if nothing. */

static const char *
uri_chars_fault(mta_sts_str_t uri)
{
    size_t          i;
    unsigned char   ch;
    mta_sts_str_t   rest;

    for (i = 0; i < uri.len; i++) {
        ch = (unsigned char) uri.data[i];

        if (ch == '%') {
            if (uri.len - i < 3 || !isxdigit((unsigned char) uri.data[i + 1])
                || !isxdigit((unsigned char) uri.data[i + 2]))
            {
                return "\"%\" must be followed by two hex digits";
            }

            continue;
        }

        if (ch == ',' || ch == ' ') {
            rest = mta_sts_str_after(uri, i + 1);

            while (rest.len && (rest.data[0] == ' ' || rest.data[0] == ',')) {
                rest = mta_sts_str_after(rest, 1);
            }

            if (uri_has_scheme(rest, mta_sts_str("mailto:"))
                || uri_has_scheme(rest, mta_sts_str("https:")))
            {
                return "must be one URI, not a list";
            }
        }

        if (ch <= ' ' || ch >= 0x7f || strchr("\"<>\\^`{|}", ch)) {
            return "must be a URI, other characters percent-encoded";
        }
    }

    return NULL;
}


/* What is wrong with the part after "mailto:"; NULL if nothing. */

static const char *
uri_mailto_fault(mta_sts_str_t addr)
{
    const char  *at, *query;

    if (mta_sts_str_starts(addr, mta_sts_str("//"))) {
        return "\"mailto:\" must be followed by an e-mail address, without "
               "\"//\"";
    }

    query = memchr(addr.data, '?', addr.len);
    if (query) {
        addr.len = (size_t) (query - addr.data);
    }

    at = addr.len ? memchr(addr.data, '@', addr.len) : NULL;

    if (at == NULL || at == addr.data) {
        return "\"mailto:\" must be followed by an e-mail address";
    }

    if (!uri_is_host(mta_sts_str_after(addr, (size_t) (at - addr.data) + 1))) {
        return "must have a host name after \"@\"";
    }

    return NULL;
}


/* What is wrong with the part after "https:"; NULL if nothing. */

static const char *
uri_https_fault(mta_sts_str_t rest)
{
    size_t    i, port;
    uint32_t  n;

    static const char  fault[] =
        "\"https:\" must be followed by \"//\" and a host name";

    if (!mta_sts_str_starts(rest, mta_sts_str("//"))) {
        return fault;
    }

    rest = mta_sts_str_after(rest, 2);

    for (i = 0; i < rest.len && strchr("/?#", rest.data[i]) == NULL; i++) {
        /* void */
    }

    rest.len = i;

    /* a password or an IPv6 address has a ":" that begins no port */

    if (rest.len && (rest.data[0] == '[' || memchr(rest.data, '@', rest.len))) {
        return fault;
    }

    for (port = 0; port < rest.len && rest.data[port] != ':'; port++) {
        /* void */
    }

    for (i = port + 1, n = 0; i < rest.len; i++) {
        n = n * 10 + (unsigned char) (rest.data[i] - '0');

        if (!isdigit((unsigned char) rest.data[i]) || n > 65535) {
            return "must have a port number after \":\"";
        }
    }

    if (port + 1 < rest.len && n == 0) {
        return "must have a port number after \":\"";
    }

    rest.len = port;

    if (!uri_is_host(rest)) {
        return fault;
    }

    return NULL;
}


int
mta_sts_uri_check_rua(const mta_sts_value_t *value, mta_sts_err_t *err)
{
    const char     *fault;
    mta_sts_str_t   uri;

    uri = value->text;

    if (uri_has_scheme(uri, mta_sts_str("mailto:"))) {
        fault = uri_chars_fault(uri);

        if (fault == NULL) {
            fault = uri_mailto_fault(mta_sts_str_after(uri, 7));
        }

    } else if (uri_has_scheme(uri, mta_sts_str("https:"))) {
        fault = uri_chars_fault(uri);

        if (fault == NULL) {
            fault = uri_https_fault(mta_sts_str_after(uri, 6));
        }

    } else if (uri_chars_fault(uri) == NULL && uri_mailto_fault(uri) == NULL) {
        return mta_sts_error(err, value->place, "invalid tlsrpt_rua \"%.*s\", "
                             "must be a URI: \"mailto:%.*s\"",
                             MTA_STS_SHOW(uri), MTA_STS_SHOW(uri));

    } else {
        fault = "must begin with \"mailto:\" or \"https:\"";
    }

    if (fault) {
        return mta_sts_error(err, value->place,
                             "invalid tlsrpt_rua \"%.*s\", %s",
                             MTA_STS_SHOW(value->text), fault);
    }

    return MTA_STS_OK;
}


/* The percent-encoding of a character; NULL if it stays. */

static const char *
uri_encoded(char ch)
{
    switch (ch) {

    case ',':
        return "%2C";

    case '!':
        return "%21";

    case ';':
        return "%3B";

    default:
        return NULL;
    }
}


int
mta_sts_uri_rua(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t *uri, mta_sts_err_t *err)
{
    int          scheme;
    char        *p;
    size_t       i, len;
    const char  *encoded;

    if (mta_sts_uri_check_rua(value, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    len = value->text.len;

    for (i = 0; i < value->text.len; i++) {
        len += uri_encoded(value->text.data[i]) ? 2 : 0;
    }

    p = env->alloc(env->ctx, len + 1);
    if (p == NULL) {
        return mta_sts_error_memory(err);
    }

    uri->data = p;
    uri->len = len;

    /* the scheme in lower case, for simple reporters */

    scheme = 1;

    for (i = 0; i < value->text.len; i++) {
        encoded = uri_encoded(value->text.data[i]);

        if (encoded) {
            memcpy(p, encoded, 3);
            p += 3;
            continue;
        }

        *p = value->text.data[i];
        scheme = scheme && *p != ':';

        if (scheme) {
            *p = (char) (*p | 0x20);
        }

        p++;
    }

    *p = '\0';

    return MTA_STS_OK;
}
