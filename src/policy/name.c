/*
 * Domain names.  Each configured name is normalised here, once, so that what is
 * served, compared and looked up is normalised.
 */

#include <arpa/inet.h>
#include <idn2.h>
#include <stdlib.h>

#include "policy.h"


#define NAME_LABEL_MAX  63


size_t
mta_sts_name_fold(mta_sts_str_t name, char *buf)
{
    char    ch;
    size_t  i;

    if (name.len && name.data[name.len - 1] == '.') {
        name.len--;
    }

    for (i = 0; i < name.len; i++) {
        ch = name.data[i];
        buf[i] = (ch >= 'A' && ch <= 'Z') ? (char) (ch | 0x20) : ch;
    }

    return name.len;
}


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

    if (len > NAME_LABEL_MAX) {
        return "has a label of more than 63 characters";
    }

    if (label[0] == '-' || label[len - 1] == '-') {
        return "a label must not begin or end with \"-\"";
    }

    return NULL;
}


/*
 * What is wrong with a name in lower case; NULL if nothing.  The name of a zone
 * may have "_" in it.
 */

static const char *
name_fault(mta_sts_str_t name, int zone)
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


/*
 * Checks that labels that begin with "xn--" are A-labels; *fault is set if not.
 * IDNA 2008 forbids some that are registered, such as emoji; these are allowed,
 * but control characters are not.
 *
 * Returns 0 if an allocation failed.
 */

static int
name_check_alabels(const char *name, const char **fault)
{
    int      rc;
    char    *utf8, *p;

    if (strncmp(name, "xn--", 4) != 0 && strstr(name, ".xn--") == NULL) {
        return 1;
    }

    rc = idn2_to_unicode_8z8z(name, &utf8, 0);

    if (rc == IDN2_OK) {
        for (p = strchr(utf8, '\xc2'); p; p = strchr(p + 1, '\xc2')) {
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


/* What was probably meant by a text that is no host name; NULL if unknown. */

static const char *
name_mistake(mta_sts_str_t name)
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


/*
 * Copies name to env's memory, in lower case and as A-labels.  *fault is set on
 * an IDNA error; data is NULL if the allocation failed.
 */

static mta_sts_str_t
name_to_ascii(mta_sts_str_t name, const mta_sts_env_t *env, const char **fault)
{
    int             rc;
    char           *buf, *utf8, *ascii;
    size_t          len;
    mta_sts_str_t   out;

    if (mta_sts_str_is_ascii(name)) {
        out = mta_sts_str_copy(env, name);

        if (out.data) {
            buf = (char *) out.data;
            out.len = mta_sts_name_fold(name, buf);
            buf[out.len] = '\0';
        }

        return out;
    }

    if (memchr(name.data, '\0', name.len)) {
        *fault = "must not have a NUL";
        return name;
    }

    out.data = NULL;
    out.len = 0;

    utf8 = strndup(name.data, name.len);
    if (utf8 == NULL) {
        return out;
    }

    rc = idn2_to_ascii_8z(utf8, &ascii, IDN2_NONTRANSITIONAL);

    free(utf8);

    if (rc == IDN2_MALLOC) {
        return out;
    }

    if (rc != IDN2_OK) {
        *fault = idn2_strerror(rc);
        return name;
    }

    len = strlen(ascii);

    if (len && ascii[len - 1] == '.') {
        ascii[len - 1] = '\0';
    }

    out = mta_sts_str_copy(env, mta_sts_str_from(ascii));

    idn2_free(ascii);

    return out;
}


/*
 * Copies a name to buf, in lower case and without a trailing dot, if it is
 * plainly valid; otherwise returns 0, and name_fault() is to decide.  This is
 * one pass, since a file may have a million names.
 */

static size_t
name_copy_plain(mta_sts_str_t name, char *buf)
{
    char    ch;
    int     digits;
    size_t  i, start;

    if (mta_sts_str_ends(name, mta_sts_str("."))) {
        name.len--;
    }

    start = 0;
    digits = 1;

    for (i = 0; i < name.len; i++) {
        ch = name.data[i];
        ch = (ch >= 'A' && ch <= 'Z') ? (char) (ch | 0x20) : ch;
        buf[i] = ch;

        if (ch >= 'a' && ch <= 'z') {
            digits = 0;

        } else if (ch == '-' && i > start
                   && (i != start + 3 || buf[i - 1] != '-'))
        {
            digits = 0;

        } else if (ch == '.' && i > start && i - start <= NAME_LABEL_MAX
                   && buf[i - 1] != '-')
        {
            start = i + 1;
            digits = 1;

        } else if (ch < '0' || ch > '9') {
            return 0;
        }
    }

    if (digits || i - start > NAME_LABEL_MAX || i > MTA_STS_NAME_MAX
        || buf[i - 1] == '-')
    {
        return 0;
    }

    buf[i] = '\0';

    return i;
}


/*
 * Normalises text, the value or the part of it after a wildcard, to *name.
 * An error shows the whole value.
 */

static int
name_normalise(const char *what, const mta_sts_value_t *value,
    mta_sts_str_t text, int zone, const mta_sts_env_t *env,
    mta_sts_str_t *name, mta_sts_err_t *err)
{
    char        *buf;
    const char  *fault, *mistake;

    if (text.len <= MTA_STS_NAME_MAX + 1) {
        buf = env->alloc(env->ctx, text.len + 1);
        if (buf == NULL) {
            return mta_sts_error_memory(err);
        }

        name->data = buf;
        name->len = name_copy_plain(text, buf);

        if (name->len) {
            return MTA_STS_OK;
        }
    }

    fault = NULL;

    *name = name_to_ascii(text, env, &fault);

    if (name->data == NULL) {
        return mta_sts_error_memory(err);
    }

    if (fault == NULL) {
        fault = name_fault(*name, zone);
    }

    if (fault) {
        mistake = name_mistake(text);
        fault = mistake ? mistake : fault;

    } else if (!name_check_alabels(name->data, &fault)) {
        return mta_sts_error_memory(err);
    }

    if (fault) {
        return mta_sts_error(err, value->place, "invalid %s \"%.*s\", %s",
                             what, MTA_STS_SHOW(value->text), fault);
    }

    return MTA_STS_OK;
}


int
mta_sts_name_host(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err)
{
    return name_normalise(what, value, value->text, 0, env, name, err);
}


int
mta_sts_name_zone(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err)
{
    return name_normalise(what, value, value->text, 1, env, name, err);
}


int
mta_sts_name_domain(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_str_t *name, mta_sts_err_t *err)
{
    if (mta_sts_name_host(what, value, env, name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (name->len > MTA_STS_NAME_DOMAIN_MAX) {
        return mta_sts_error(err, value->place,
                             "invalid %s \"%.*s\", must not be longer than "
                             "%d characters, to leave room for \"_smtp._tls.\"",
                             what, MTA_STS_SHOW(value->text),
                             MTA_STS_NAME_DOMAIN_MAX);
    }

    return MTA_STS_OK;
}


/* What is wrong with the "*" or the form of an mx pattern; NULL if nothing. */

static const char *
name_mx_fault(mta_sts_str_t pattern)
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
mta_sts_name_mx(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t *pattern, mta_sts_err_t *err)
{
    char           *buf;
    size_t          skip;
    const char     *fault;
    mta_sts_str_t   text, name;

    text = value->text;

    if (mta_sts_str_starts(text, mta_sts_str("."))
        && mta_sts_name_is_host(mta_sts_str_after(text, 1)))
    {
        return mta_sts_error(err, value->place, "invalid mx \"%.*s\", the "
                             "hosts below a domain are \"*%.*s\"",
                             MTA_STS_SHOW(text), MTA_STS_SHOW(text));
    }

    fault = name_mx_fault(text);

    if (fault) {
        return mta_sts_error(err, value->place, "invalid mx \"%.*s\", %s",
                             MTA_STS_SHOW(text), fault);
    }

    skip = mta_sts_str_starts(text, mta_sts_str("*.")) ? 2 : 0;

    if (name_normalise("mx", value, mta_sts_str_after(text, skip), 0, env,
                       &name, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    *pattern = name;

    if (skip) {
        buf = env->alloc(env->ctx, name.len + 3);
        if (buf == NULL) {
            return mta_sts_error_memory(err);
        }

        memcpy(buf, "*.", 2);
        memcpy(buf + 2, name.data, name.len + 1);

        pattern->data = buf;
        pattern->len = name.len + 2;
    }

    return MTA_STS_OK;
}


int
mta_sts_name_is_host(mta_sts_str_t name)
{
    return name_fault(name, 0) == NULL;
}


int
mta_sts_name_is_mx(mta_sts_str_t pattern)
{
    if (mta_sts_str_starts(pattern, mta_sts_str("*."))) {
        pattern = mta_sts_str_after(pattern, 2);
    }

    return mta_sts_name_is_host(pattern);
}


int
mta_sts_name_in_zone(mta_sts_str_t name, mta_sts_str_t zone,
    mta_sts_str_t *labels)
{
    if (!mta_sts_str_ends(name, zone)) {
        return 0;
    }

    *labels = name;
    labels->len -= zone.len;

    if (labels->len == 0) {
        return 1;
    }

    return name.data[--labels->len] == '.';
}


mta_sts_str_t
mta_sts_name_policy_host(mta_sts_str_t domain, const mta_sts_env_t *env)
{
    mta_sts_str_t    none = { NULL, 0 };
    mta_sts_buf_t   host = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&host, "mta-sts.");
    mta_sts_buf_add(&host, domain);

    return host.failed ? none : mta_sts_buf_str(&host);
}


int
mta_sts_name_policy_domain(mta_sts_str_t host, mta_sts_str_t *domain)
{
    if (!mta_sts_str_starts(host, mta_sts_str("mta-sts."))
        || host.len == sizeof("mta-sts.") - 1)
    {
        return 0;
    }

    *domain = mta_sts_str_after(host, sizeof("mta-sts.") - 1);

    return 1;
}
