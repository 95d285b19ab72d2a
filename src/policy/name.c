/*
 * Domain names.  Each configured name is normalised here, once, so that what is
 * served, compared and looked up is normalised.
 */

#include <idn2.h>
#include <stdlib.h>

#include "policy.h"


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
 * plainly valid; otherwise returns 0, and mta_sts_name_fault() is to decide.
 * This is one pass, since a file may have a million names.
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

        } else if (ch == '.' && i > start && i - start <= MTA_STS_NAME_LABEL_MAX
                   && buf[i - 1] != '-')
        {
            start = i + 1;
            digits = 1;

        } else if (ch < '0' || ch > '9') {
            return 0;
        }
    }

    if (digits || i - start > MTA_STS_NAME_LABEL_MAX || i > MTA_STS_NAME_MAX
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
        fault = mta_sts_name_fault(*name, zone);
    }

    if (fault) {
        mistake = mta_sts_name_mistake(text);
        fault = mistake ? mistake : fault;

    } else if (!mta_sts_name_check_alabels(name->data, &fault)) {
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

    fault = mta_sts_name_mx_fault(text);

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


int
mta_sts_name_matches_mx(mta_sts_str_t pattern, mta_sts_str_t host)
{
    size_t       label;
    const char  *dot;

    if (!mta_sts_str_starts(pattern, mta_sts_str("*."))) {
        return mta_sts_str_eq(pattern, host);
    }

    /* the wildcard is exactly one label */

    dot = host.len ? memchr(host.data, '.', host.len) : NULL;

    if (dot == NULL || dot == host.data) {
        return 0;
    }

    label = (size_t) (dot - host.data);

    return mta_sts_str_eq(mta_sts_str_after(pattern, 2),
                          mta_sts_str_after(host, label + 1));
}
