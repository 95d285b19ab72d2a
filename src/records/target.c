/*
 * Targets of a policy host.
 */

#include <arpa/inet.h>

#include "records.h"


/*
 * Parses value as an address of a family, and spells it as inet_ntop() does.
 * Returns 0 if it is none; target->value.data is NULL if the allocation failed.
 */

static int
target_address(mta_sts_str_t value, int family, const char *type,
    const mta_sts_env_t *env, mta_sts_target_t *target)
{
    char     text[INET6_ADDRSTRLEN];
    uint8_t  addr[16];

    if (value.len >= sizeof(text)
        || (value.len && memchr(value.data, '\0', value.len)))
    {
        return 0;
    }

    if (value.len) {
        memcpy(text, value.data, value.len);
    }

    text[value.len] = '\0';

    if (inet_pton(family, text, addr) != 1) {
        return 0;
    }

    (void) inet_ntop(family, addr, text, sizeof(text));

    target->type = mta_sts_str_from(type);
    target->value = mta_sts_str_copy(env, mta_sts_str_from(text));

    return 1;
}


/* Was an address meant?  It has a ":" or a "[", or only digits and dots. */

static int
target_is_like_address(mta_sts_str_t value)
{
    size_t  i;

    if (value.len == 0 || value.data[0] == '.') {
        return 0;
    }

    if (memchr(value.data, ':', value.len) || value.data[0] == '[') {
        return 1;
    }

    for (i = 0; i < value.len; i++) {
        if ((value.data[i] < '0' || value.data[i] > '9')
            && value.data[i] != '.')
        {
            return 0;
        }
    }

    return 1;
}


static int
target_one(const char *what, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_target_t *target, mta_sts_err_t *err)
{
    if (target_address(value->text, AF_INET, "A", env, target)
        || target_address(value->text, AF_INET6, "AAAA", env, target))
    {
        return target->value.data ? MTA_STS_OK : mta_sts_error_memory(err);
    }

    if (target_is_like_address(value->text)) {
        return mta_sts_error(err, value->place, "invalid %s \"%.*s\", is "
                             "neither an IP address nor a host name", what,
                             MTA_STS_SHOW(value->text));
    }

    target->type = mta_sts_str("CNAME");

    return mta_sts_name_host(what, value, env, &target->value, err);
}


/* Inserts target after those of its type and of types before it. */

static void
target_insert(mta_sts_target_t *targets, size_t *n, mta_sts_target_t target)
{
    size_t  i, k;

    for (i = 0; i < *n; i++) {
        if (mta_sts_str_eq(targets[i].value, target.value)) {
            return;
        }
    }

    /* "A" is shorter than "AAAA" */

    for (i = *n; i > 0 && targets[i - 1].type.len > target.type.len; i--) {
        /* void */
    }

    for (k = *n; k > i; k--) {
        targets[k] = targets[k - 1];
    }

    targets[i] = target;
    (*n)++;
}


int
mta_sts_target_set(const char *what, const mta_sts_value_t *values, size_t n,
    const mta_sts_env_t *env, mta_sts_target_t *targets, size_t *count,
    mta_sts_err_t *err)
{
    size_t            i;
    mta_sts_target_t  target;

    *count = 0;

    for (i = 0; i < n; i++) {
        if (target_one(what, &values[i], env, &target, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (n > 1 && mta_sts_str_eq(target.type, mta_sts_str("CNAME"))) {
            return mta_sts_error(err, values[i].place, "%s \"%.*s\" is a name "
                                 "and must be the only one", what,
                                 MTA_STS_SHOW(values[i].text));
        }

        target_insert(targets, count, target);
    }

    return MTA_STS_OK;
}
