/*
 * What is wrong with a name, in words that help its author.
 */

#include <arpa/inet.h>
#include <idn2.h>

#include "policy.h"


/* Is a dotted name of LDH labels an IPv4 address, or like one? */

static int
name_is_ip(mta_sts_str_t name)
{
    size_t  i;

    /* no top-level domain is all digits (RFC 3696, 2) */

    for (i = name.len; i > 0 && name.data[i - 1] != '.'; i--) {
        if (name.data[i - 1] < '0' || name.data[i - 1] > '9') {
            return 0;
        }
    }

    return 1;
}


/* What is wrong with one label; NULL if nothing. */

static const char *
name_label_fault(const char *label, size_t len)
{
    if (len == 0) {
        return "has an empty label";
    }

    if (len > MTA_STS_NAME_LABEL_MAX) {
        return "has a label of more than 63 characters";
    }

    if (label[0] == '-' || label[len - 1] == '-') {
        return "a label must not begin or end with \"-\"";
    }

    return NULL;
}


const char *
mta_sts_name_fault(mta_sts_str_t name, int zone)
{
    char         ch;
    size_t       i, start;
    const char  *fault;

    if (name.len == 0) {
        return "must not be empty";
    }

    for (i = 0, start = 0; i <= name.len; i++) {
        ch = i < name.len ? name.data[i] : '.';

        if (ch == '.') {
            fault = name_label_fault(name.data + start, i - start);
            if (fault) {
                return fault;
            }

            start = i + 1;
            continue;
        }

        if (ch == '_') {
            if (zone) {
                continue;
            }

            return "\"_\" is not allowed in a host name";
        }

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') && ch != '-') {
            return "a host name has only letters, digits, \"-\" and \".\"";
        }
    }

    if (name.len > MTA_STS_NAME_MAX) {
        return "must not be longer than 253 characters";
    }

    if (name_is_ip(name)) {
        return "must be a host name, not an IP address";
    }

    return NULL;
}


/* Is it only digits, at least one? */

static int
name_digits(mta_sts_str_t str)
{
    size_t  i;

    for (i = 0; i < str.len; i++) {
        if (str.data[i] < '0' || str.data[i] > '9') {
            return 0;
        }
    }

    return str.len != 0;
}


int
mta_sts_name_check_alabels(const char *name, const char **fault)
{
    int      rc;
    char    *utf8, *p;

    if (strncmp(name, "xn--", 4) != 0 && strstr(name, ".xn--") == NULL) {
        return 1;
    }

    rc = idn2_to_unicode_8z8z(name, &utf8, 0);

    if (rc == IDN2_OK) {
        for (p = strstr(utf8, "\xc2"); p; p = strstr(p + 1, "\xc2")) {
            if ((unsigned char) p[1] < 0xa0) {
                rc = IDN2_DISALLOWED;
            }
        }

        idn2_free(utf8);
    }

    if (rc != IDN2_OK) {
        *fault = "a label that begins with \"xn--\" must be an A-label";
    }

    return rc != IDN2_MALLOC;
}


const char *
mta_sts_name_mistake(mta_sts_str_t name)
{
    char            addr[INET6_ADDRSTRLEN];
    size_t          len;
    uint8_t         in6[16];
    const char     *colon;
    mta_sts_str_t   after;

    if (name.len == 0) {
        return "must not be empty";
    }

    if (memchr(name.data, '\0', name.len)) {
        return "must not have a NUL";
    }

    colon = memchr(name.data, ':', name.len);
    after = mta_sts_str_after(name, colon ? (size_t) (colon - name.data) + 1
                                          : name.len);

    if (mta_sts_str_starts(after, mta_sts_str("//"))) {
        return "must be a host name, not a URL";
    }

    if (memchr(name.data, '@', name.len)) {
        return "must be a host name, not an e-mail address";
    }

    if (memchr(name.data, ',', name.len) || memchr(name.data, ' ', name.len)) {
        return "must be one host name, not a list";
    }

    len = name.len;

    if (name.data[0] == '[' && name.data[len - 1] == ']' && len > 2) {
        name.data++;
        len -= 2;
    }

    if (len < sizeof(addr)) {
        memcpy(addr, name.data, len);
        addr[len] = '\0';

        if (inet_pton(AF_INET6, addr, in6) == 1
            || inet_pton(AF_INET, addr, in6) == 1)
        {
            return "must be a host name, not an IP address";
        }
    }

    return name_digits(after) ? "must be a host name without a port" : NULL;
}


const char *
mta_sts_name_mx_fault(mta_sts_str_t pattern)
{
    mta_sts_str_t   first;
    const char     *space;

    if (mta_sts_str_eq(pattern, mta_sts_str("*"))) {
        return "\"*\" must be followed by \".\" and a host name";
    }

    if (mta_sts_str_eq(pattern, mta_sts_str("*."))
        || mta_sts_str_eq(pattern, mta_sts_str("*..")))
    {
        return "\"*.\" must be followed by a host name";
    }

    /* an MX record, pasted */

    first = pattern;
    space = pattern.len ? memchr(pattern.data, ' ', pattern.len) : NULL;

    if (space) {
        first.len = (size_t) (space - pattern.data);
    }

    if (name_digits(first)) {
        return "must be a host name, without the preference of an MX record";
    }

    if (mta_sts_str_starts(pattern, mta_sts_str("*."))) {
        pattern = mta_sts_str_after(pattern, 2);
    }

    return pattern.len && memchr(pattern.data, '*', pattern.len)
           ? "\"*\" must be the whole leftmost label" : NULL;
}


int
mta_sts_name_is_host(mta_sts_str_t name)
{
    return mta_sts_name_fault(name, 0) == NULL;
}


int
mta_sts_name_is_mx(mta_sts_str_t pattern)
{
    if (mta_sts_str_starts(pattern, mta_sts_str("*."))) {
        pattern = mta_sts_str_after(pattern, 2);
    }

    return mta_sts_name_is_host(pattern);
}
