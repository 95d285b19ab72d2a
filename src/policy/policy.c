/*
 * From settings to the bytes of a policy and its id.
 */

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "policy.h"


/* Everything but the modes, the mx and the digits of max_age. */

#define POLICY_LINES                                                          \
    (sizeof("version: STSv1\r\nmode: \r\nmax_age: \r\n") - 1)

#define POLICY_MX_LINE  (sizeof("mx: \r\n") - 1)


/* Appends to a body that has room for it. */

static char *
policy_put(char *p, mta_sts_str_t str)
{
    if (str.len) {
        memcpy(p, str.data, str.len);
    }

    return p + str.len;
}


/* Appends "KEY: VALUE" and a line end. */

static char *
policy_line(char *p, mta_sts_str_t key, mta_sts_str_t value)
{
    p = policy_put(p, key);
    p = policy_put(p, mta_sts_str(": "));
    p = policy_put(p, value);

    return policy_put(p, mta_sts_str("\r\n"));
}


/*
 * Sets up the context.  Each later EVP_DigestInit_ex() would look SHA-256 up
 * again for one that was not fetched.  libcrypto crashes where its own set-up
 * ran out of memory, unless it is asked first.
 */

static int
digest_init(mta_sts_digest_t *digest)
{
    int      rc;
    EVP_MD  *md;

    if (OSSL_LIB_CTX_get0_global_default() == NULL) {
        return 0;
    }

    md = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest->ctx = EVP_MD_CTX_new();

    rc = md && digest->ctx && EVP_DigestInit_ex(digest->ctx, md, NULL) == 1;

    EVP_MD_free(md);

    return rc;
}


int
mta_sts_digest_id(mta_sts_digest_t *digest, mta_sts_str_t body, char *id)
{
    size_t             i;
    unsigned           len;
    unsigned char      hash[EVP_MAX_MD_SIZE];
    static const char  hex[] = "0123456789abcdef";

    if ((digest->ctx == NULL && !digest_init(digest))
        || EVP_DigestInit_ex(digest->ctx, NULL, NULL) != 1
        || EVP_DigestUpdate(digest->ctx, body.data, body.len) != 1
        || EVP_DigestFinal_ex(digest->ctx, hash, &len) != 1)
    {
        mta_sts_digest_free(digest);
        return MTA_STS_ERROR;
    }

    for (i = 0; i < MTA_STS_ID_LEN / 2; i++) {
        *id++ = hex[hash[i] >> 4];
        *id++ = hex[hash[i] & 0xf];
    }

    *id = '\0';

    return MTA_STS_OK;
}


void
mta_sts_digest_free(mta_sts_digest_t *digest)
{
    EVP_MD_CTX_free(digest->ctx);

    digest->ctx = NULL;
}


/* Checks what depends on more than one setting. */

static int
policy_check(mta_sts_settings_t *settings, size_t len,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_place_t  place;

    place = mta_sts_settings_place(settings);

    if (settings->mx.n == 0 && settings->mode != MTA_STS_NONE) {
        return mta_sts_error(err, place, "mode \"%.*s\" needs at least one "
                             "mx",
                             MTA_STS_SHOW(mta_sts_mode_str(settings->mode)));
    }

    if (len > MTA_STS_BODY_MAX) {
        return mta_sts_settings_too_large(place, err);
    }

    if (settings->mx.n == 0 && mta_sts_settings_unwarned(settings)) {
        mta_sts_warn(env, place, "mode \"none\" without mx is rejected by "
                     "some senders, keep the mx");
    }

    if (len > MTA_STS_BODY_WARN && mta_sts_settings_unwarned(settings)) {
        mta_sts_warn(env, place, "a policy of %zu bytes, some senders read "
                     "no more than %d", len, MTA_STS_BODY_WARN);
    }

    return MTA_STS_OK;
}


int
mta_sts_policy_render(mta_sts_settings_t *settings, mta_sts_digest_t *digest,
    const mta_sts_env_t *env, const mta_sts_policy_t **policy,
    mta_sts_err_t *err)
{
    char              *p, buf[16];
    size_t             i, len, rua_len;
    mta_sts_str_t      mode, max_age;
    mta_sts_policy_t  *new;

    (void) snprintf(buf, sizeof(buf), "%u",
                    mta_sts_settings_max_age(settings));

    max_age = mta_sts_str_from(buf);
    mode = mta_sts_mode_str(settings->mode);

    len = POLICY_LINES + mode.len + max_age.len + settings->mx.bytes
          + settings->mx.n * POLICY_MX_LINE;

    if (policy_check(settings, len, env, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    rua_len = settings->tlsrpt_rua.bytes;

    if (settings->tlsrpt_rua.n) {
        rua_len += settings->tlsrpt_rua.n - 1;      /* commas */
    }

    new = env->alloc(env->ctx, sizeof(mta_sts_policy_t) + len + rua_len);
    if (new == NULL) {
        return mta_sts_error_memory(err);
    }

    memset(new, 0, sizeof(mta_sts_policy_t));

    new->len = (uint16_t) len;
    new->rua_len = (uint16_t) rua_len;
    new->mode = (uint8_t) settings->mode;

    p = policy_line(new->body, mta_sts_str("version"), mta_sts_str("STSv1"));
    p = policy_line(p, mta_sts_str("mode"), mode);

    for (i = 0; i < settings->mx.n; i++) {
        p = policy_line(p, mta_sts_str("mx"), settings->mx.elts[i].text);
    }

    p = policy_line(p, mta_sts_str("max_age"), max_age);

    for (i = 0; i < settings->tlsrpt_rua.n; i++) {
        p = policy_put(p, i ? mta_sts_str(",") : mta_sts_str(""));
        p = policy_put(p, settings->tlsrpt_rua.elts[i].text);
    }

    if (mta_sts_digest_id(digest, mta_sts_policy_body(new), new->id)
        != MTA_STS_OK)
    {
        return mta_sts_error(err, mta_sts_settings_place(settings),
                             "SHA-256 failed in libcrypto");
    }

    *policy = new;

    return MTA_STS_OK;
}


mta_sts_policy_t *
mta_sts_policy_copy(const mta_sts_policy_t *policy, const mta_sts_env_t *env)
{
    size_t             size;
    mta_sts_policy_t  *copy;

    size = mta_sts_policy_size(policy);

    copy = env->alloc(env->ctx, size);
    if (copy) {
        memcpy(copy, policy, size);
    }

    return copy;
}


int
mta_sts_policy_eq(const mta_sts_policy_t *a, const mta_sts_policy_t *b)
{
    return a == b
           || (mta_sts_str_eq(mta_sts_policy_body(a), mta_sts_policy_body(b))
               && mta_sts_str_eq(mta_sts_policy_rua(a),
                                 mta_sts_policy_rua(b)));
}


/*
 * A policy has only its bytes, so mx and max_age are read from these: each line
 * is "KEY: VALUE" and a line end, and max_age is the last one.
 */

int
mta_sts_policy_next_mx(const mta_sts_policy_t *policy, size_t *cursor,
    mta_sts_str_t *mx)
{
    const char     *end;
    mta_sts_str_t   line, rest;

    rest = mta_sts_str_after(mta_sts_policy_body(policy), *cursor);

    while (rest.len) {
        end = memchr(rest.data, '\r', rest.len - 1);
        if (end == NULL) {
            break;
        }

        line = rest;
        line.len = (size_t) (end - rest.data);

        rest = mta_sts_str_after(rest, line.len + 2);

        if (mta_sts_str_starts(line, mta_sts_str("mx: "))) {
            *mx = mta_sts_str_after(line, 4);
            *cursor = policy->len - rest.len;
            return 1;
        }
    }

    *cursor = policy->len;

    return 0;
}


uint32_t
mta_sts_policy_max_age(const mta_sts_policy_t *policy)
{
    const char  *p;
    uint32_t     n, unit;

    n = 0;

    for (p = policy->body + policy->len - 3, unit = 1;
         p > policy->body && *p != ' ';
         p--, unit *= 10)
    {
        n += (uint32_t) (*p - '0') * unit;
    }

    return n;
}
