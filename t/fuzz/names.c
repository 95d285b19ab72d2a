/*
 * Names and mx patterns, durations and URIs: what is accepted is in its normal
 * form, which is accepted again and stays the same.  The first byte says which
 * kind it is.
 */

#include "cli/judge/judge.h"
#include "policy/policy.h"
#include "fuzz.h"


typedef enum {
    NAMES_HOST = 0,
    NAMES_DOMAIN,
    NAMES_MX,
    NAMES_ZONE,
    NAMES_DURATION,
    NAMES_URI,
    NAMES_KINDS
} names_kind_e;


static int
names_read(names_kind_e kind, mta_sts_str_t text, const mta_sts_env_t *env,
    mta_sts_str_t *name)
{
    int              rc;
    mta_sts_err_t    err;
    mta_sts_value_t  value;

    value = fuzz_value(text);

    switch (kind) {

    case NAMES_HOST:
        rc = mta_sts_name_host("host", &value, env, name, &err);
        break;

    case NAMES_DOMAIN:
        rc = mta_sts_name_domain("domain", &value, env, name, &err);
        break;

    case NAMES_MX:
        rc = mta_sts_name_mx(&value, env, name, &err);
        break;

    case NAMES_ZONE:
        rc = mta_sts_name_zone("zone", &value, env, name, &err);
        break;

    default:
        rc = mta_sts_uri_rua(&value, env, name, &err);
    }

    if (rc != MTA_STS_OK) {
        fuzz_check_error(&err);
    }

    return rc;
}


/* A normal form, of a kind that is a name. */

static void
names_check(names_kind_e kind, mta_sts_str_t name)
{
    char           buf[MTA_STS_NAME_MAX + 3];
    mta_sts_str_t  folded, labels;

    fuzz_check(name.data[name.len] == '\0', name, FUZZ_NONE);
    fuzz_check(name.len
               <= (kind == NAMES_MX ? MTA_STS_NAME_MAX + 2
                   : kind == NAMES_DOMAIN ? MTA_STS_NAME_DOMAIN_MAX
                                          : MTA_STS_NAME_MAX),
               name, FUZZ_NONE);

    folded.data = buf;
    folded.len = mta_sts_name_fold(name, buf);

    fuzz_check(mta_sts_str_eq(folded, name), folded, name);

    fuzz_check(kind == NAMES_ZONE
               || (kind == NAMES_MX ? mta_sts_name_is_mx(name)
                                    : mta_sts_name_is_host(name)),
               name, FUZZ_NONE);

    fuzz_check(mta_sts_name_in_zone(name, name, &labels) && labels.len == 0,
               name, labels);
}


/* What a pattern matches, and what not. */

static void
names_check_mx(mta_sts_str_t name, const mta_sts_env_t *env)
{
    mta_sts_str_t   host;
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };

    host = name;

    if (mta_sts_str_starts(name, mta_sts_str("*."))) {
        fuzz_check(!mta_sts_name_matches_mx(name, mta_sts_str_after(name, 2)),
                   name, FUZZ_NONE);

        mta_sts_buf_add_cstr(&text, "a");
        mta_sts_buf_add(&text, mta_sts_str_after(name, 1));
        host = mta_sts_buf_str(&text);
    }

    fuzz_check(mta_sts_name_matches_mx(name, host), name, host);

    memset(&text, 0, sizeof(mta_sts_buf_t));
    text.env = env;

    mta_sts_buf_add_cstr(&text, "a.");
    mta_sts_buf_add(&text, host);

    fuzz_check(!mta_sts_name_matches_mx(name, mta_sts_buf_str(&text)), name,
               mta_sts_buf_str(&text));
}


static void
names_check_domain(mta_sts_str_t name, const mta_sts_env_t *env)
{
    mta_sts_str_t  host, domain;

    host = mta_sts_name_policy_host(name, env);

    fuzz_check(mta_sts_name_is_host(host)
               && mta_sts_name_policy_domain(host, &domain)
               && mta_sts_str_eq(domain, name), name, host);
}


static void
names_check_uri(mta_sts_str_t uri)
{
    size_t  i;

    for (i = 0; i < uri.len; i++) {
        fuzz_check(uri.data[i] > ' ' && uri.data[i] < 0x7f
                   && memchr(",!;\"\\", uri.data[i], 5) == NULL, uri,
                   FUZZ_NONE);
    }
}


/* A time in seconds is itself. */

static void
names_check_duration(mta_sts_str_t text)
{
    char           buf[32];
    int64_t        seconds;
    mta_sts_str_t  digits;

    seconds = mta_sts_duration_parse(text);

    if (seconds < 0) {
        return;
    }

    digits.data = buf;
    digits.len = (size_t) snprintf(buf, sizeof(buf), "%lld",
                                   (long long) seconds);

    fuzz_check(mta_sts_duration_parse(digits) == seconds, text, digits);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    names_kind_e          kind;
    mta_sts_str_t         text, name, again;
    const mta_sts_env_t  *env;

    if (size == 0) {
        return 0;
    }

    env = fuzz_begin();
    kind = (names_kind_e) (data[0] % NAMES_KINDS);
    text = fuzz_str(data + 1, size - 1);

    if (kind == NAMES_DURATION) {
        names_check_duration(text);
        return 0;
    }

    if (names_read(kind, text, env, &name) != MTA_STS_OK) {
        return 0;
    }

    if (kind == NAMES_URI) {
        names_check_uri(name);

    } else {
        names_check(kind, name);
    }

    fuzz_check(names_read(kind, name, env, &again) == MTA_STS_OK
               && mta_sts_str_eq(name, again), text, name);

    if (kind == NAMES_MX) {
        names_check_mx(name, env);

    } else if (kind == NAMES_DOMAIN) {
        names_check_domain(name, env);
    }

    return 0;
}
