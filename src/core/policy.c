/*
 * ONE policy.  Settings are checked when they are set; what only shows when
 * all of them are known is checked when the policy is rendered.
 */

#include <openssl/evp.h>
#include <stdio.h>

#include "name.h"
#include "policy.h"
#include "duration.h"
#include "uri.h"


typedef struct {
    mta_sts_str_t  name;
    int            many;
    int          (*set)(mta_sts_policy_t *policy, const mta_sts_value_t *value,
                        const mta_sts_env_t *env, mta_sts_err_t *err);
} policy_setting_t;


static int policy_set_mode(mta_sts_policy_t *policy,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);
static int policy_set_mx(mta_sts_policy_t *policy,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);
static int policy_set_max_age(mta_sts_policy_t *policy,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);
static int policy_set_tlsrpt_rua(mta_sts_policy_t *policy,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);


/* in the order of mta_sts_setting_e */

static const policy_setting_t  policy_settings[MTA_STS_SETTINGS] = {

    { { "mode", 4 },        0, policy_set_mode },
    { { "mx", 2 },          1, policy_set_mx },
    { { "max_age", 7 },     0, policy_set_max_age },
    { { "tlsrpt_rua", 10 }, 1, policy_set_tlsrpt_rua }
};


/* in the order of mta_sts_mode_e */

static const mta_sts_str_t  policy_modes[] = {
    { "testing", 7 },
    { "enforce", 7 },
    { "none", 4 }
};


int
mta_sts_policy_set(mta_sts_policy_t *policy, const mta_sts_value_t *name,
    const mta_sts_value_t *values, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t                   i, k;
    const policy_setting_t  *setting;

    for (k = 0; k < MTA_STS_SETTINGS; k++) {
        if (mta_sts_str_eq(policy_settings[k].name, name->text)) {
            break;
        }
    }

    if (k == MTA_STS_SETTINGS) {
        return mta_sts_error(err, name->place, "unknown setting \"%.*s\"",
                             MTA_STS_SHOW(name->text));
    }

    setting = &policy_settings[k];

    if ((policy->own & (1u << k)) && !setting->many) {
        return mta_sts_error(err, name->place, "duplicate \"%.*s\"",
                             MTA_STS_SHOW(name->text));
    }

    if (n > 1 && !setting->many) {
        return mta_sts_error(err, values[1].place, "%.*s takes one value",
                             MTA_STS_SHOW(name->text));
    }

    for (i = 0; i < n; i++) {
        if (setting->set(policy, &values[i], env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    if (!(policy->own & (1u << k))) {
        policy->places[k] = name->place;
    }

    policy->own |= 1u << k;
    policy->set |= 1u << k;

    return MTA_STS_OK;
}


static int
policy_set_mode(mta_sts_policy_t *policy, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t  i;

    (void) env;

    for (i = 0; i < sizeof(policy_modes) / sizeof(policy_modes[0]); i++) {
        if (mta_sts_str_eq(policy_modes[i], value->text)) {
            policy->mode = (mta_sts_mode_e) i;
            return MTA_STS_OK;
        }
    }

    return mta_sts_error(err, value->place, "invalid mode \"%.*s\", must be "
                         "\"enforce\", \"testing\" or \"none\"",
                         MTA_STS_SHOW(value->text));
}


/* Appends text, which is in env's memory, with the place it came from. */

static int
policy_add(mta_sts_values_t *values, mta_sts_str_t text, mta_sts_place_t place,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_value_t  *elts;

    elts = mta_sts_env_grow(env, values->elts, values->n, &values->size,
                            sizeof(mta_sts_value_t));
    if (elts == NULL) {
        return mta_sts_error_memory(err);
    }

    values->elts = elts;

    values->elts[values->n].text = text;
    values->elts[values->n].place = place;
    values->n++;
    values->bytes += text.len;

    return MTA_STS_OK;
}


static int
policy_too_large(mta_sts_place_t place, mta_sts_err_t *err)
{
    return mta_sts_error(err, place, "the policy is too large, must be less "
                         "than %d bytes", MTA_STS_BODY_MAX + 1);
}


static int
policy_set_mx(mta_sts_policy_t *policy, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t          i, lines;
    mta_sts_str_t   mx;

    if (mta_sts_name_mx(value, env, &mx, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < policy->mx.n; i++) {
        if (mta_sts_str_eq(policy->mx.elts[i].text, mx)) {
            mta_sts_warn(env, value->place, "duplicate mx \"%.*s\"",
                         MTA_STS_SHOW(mx));
            return MTA_STS_OK;
        }
    }

    if (mta_sts_str_starts(mx, mta_sts_str("mta-sts."))) {
        mta_sts_warn(env, value->place, "mx \"%.*s\" looks like the host of "
                     "the policy, must be that of the mail server",
                     MTA_STS_SHOW(mx));
    }

    /* here, too, so that a list of any length costs bounded time */

    lines = policy->mx.bytes + mx.len + (policy->mx.n + 1) * strlen("mx: \r\n");

    if (lines > MTA_STS_BODY_MAX) {
        return policy_too_large(value->place, err);
    }

    return policy_add(&policy->mx, mx, value->place, env, err);
}


static int
policy_set_max_age(mta_sts_policy_t *policy, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int64_t  seconds;

    seconds = mta_sts_duration_parse(value->text);

    if (seconds < 0) {
        return mta_sts_error(err, value->place, "invalid max_age \"%.*s\", "
                             "must be a time such as \"1w\" or \"604800\"",
                             MTA_STS_SHOW(value->text));
    }

    if (seconds < 1 || seconds > MTA_STS_MAX_AGE_MAX) {
        return mta_sts_error(err, value->place, "invalid max_age \"%.*s\", "
                             "must be between 1 and %d seconds",
                             MTA_STS_SHOW(value->text), MTA_STS_MAX_AGE_MAX);
    }

    if (seconds < 86400) {
        mta_sts_warn(env, value->place, "max_age \"%.*s\" is less than a day, "
                     "some senders ignore such a policy",
                     MTA_STS_SHOW(value->text));
    }

    policy->max_age = (uint32_t) seconds;

    return MTA_STS_OK;
}


static int
policy_set_tlsrpt_rua(mta_sts_policy_t *policy, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t          i;
    mta_sts_str_t   uri;

    if (mta_sts_uri_check_rua(value, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < policy->tlsrpt_rua.n; i++) {
        if (mta_sts_str_eq(policy->tlsrpt_rua.elts[i].text, value->text)) {
            mta_sts_warn(env, value->place, "duplicate tlsrpt_rua \"%.*s\"",
                         MTA_STS_SHOW(value->text));
            return MTA_STS_OK;
        }
    }

    if (policy->tlsrpt_rua.bytes + value->text.len > MTA_STS_RUA_MAX) {
        return mta_sts_error(err, value->place, "tlsrpt_rua is too large, "
                             "must be at most %d bytes in all",
                             MTA_STS_RUA_MAX);
    }

    uri = mta_sts_str_copy(env, value->text);
    if (uri.data == NULL) {
        return mta_sts_error_memory(err);
    }

    return policy_add(&policy->tlsrpt_rua, uri, value->place, env, err);
}


void
mta_sts_policy_inherit(mta_sts_policy_t *policy, mta_sts_policy_t *parent)
{
    size_t    k;
    unsigned  missing;

    missing = parent->set & ~policy->set;

    if (missing & (1u << MTA_STS_SET_MODE)) {
        policy->mode = parent->mode;
    }

    if (missing & (1u << MTA_STS_SET_MX)) {
        policy->mx = parent->mx;
    }

    if (missing & (1u << MTA_STS_SET_MAX_AGE)) {
        policy->max_age = parent->max_age;
    }

    if (missing & (1u << MTA_STS_SET_TLSRPT_RUA)) {
        policy->tlsrpt_rua = parent->tlsrpt_rua;
    }

    for (k = 0; k < MTA_STS_SETTINGS; k++) {
        if (missing & (1u << k)) {
            policy->places[k] = parent->places[k];
        }
    }

    policy->set |= missing;
    policy->parent = parent;
}


/*
 * Is a warning about mode and mx still to be given?  One about what was only
 * inherited is given once, not for each heir.
 */

static int
policy_unwarned(mta_sts_policy_t *policy)
{
    unsigned  own;

    own = policy->own & (1u << MTA_STS_SET_MODE | 1u << MTA_STS_SET_MX);

    if (own == 0 && policy->parent) {
        policy = policy->parent;
    }

    return policy->warned++ == 0;
}


int
mta_sts_policy_exists(const mta_sts_policy_t *policy)
{
    return policy->mx.n || policy->mode == MTA_STS_NONE;
}


mta_sts_place_t
mta_sts_policy_place(const mta_sts_policy_t *policy)
{
    size_t           k;
    unsigned         settings;
    mta_sts_place_t  nowhere = { { NULL, 0 }, 0, 0 };

    if (policy->mx.n) {
        return policy->places[MTA_STS_SET_MX];
    }

    if (policy->mode == MTA_STS_NONE) {
        return policy->places[MTA_STS_SET_MODE];
    }

    /* no policy, but settings that ask for one */

    settings = policy->own ? policy->own : policy->set;

    for (k = 0; k < MTA_STS_SETTINGS; k++) {
        if (settings & (1u << k)) {
            return policy->places[k];
        }
    }

    return nowhere;
}


static int
policy_values_eq(const mta_sts_values_t *a, const mta_sts_values_t *b)
{
    size_t  i;

    if (a->n != b->n) {
        return 0;
    }

    for (i = 0; i < a->n; i++) {
        if (!mta_sts_str_eq(a->elts[i].text, b->elts[i].text)) {
            return 0;
        }
    }

    return 1;
}


int
mta_sts_policy_eq(const mta_sts_policy_t *a, const mta_sts_policy_t *b)
{
    return a == b || (mta_sts_str_eq(a->body, b->body)
                      && policy_values_eq(&a->tlsrpt_rua, &b->tlsrpt_rua));
}


mta_sts_str_t
mta_sts_policy_mode(const mta_sts_policy_t *policy)
{
    return policy_modes[policy->mode];
}


int
mta_sts_policy_id(mta_sts_str_t body, char *id)
{
    size_t         i;
    unsigned       len;
    unsigned char  digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(body.data, body.len, digest, &len, EVP_sha256(), NULL)
        != 1)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < MTA_STS_ID_LEN / 2; i++) {
        (void) snprintf(id + 2 * i, 3, "%02x", digest[i]);
    }

    return MTA_STS_OK;
}


/* Appends "KEY: VALUE" and a line end. */

static void
policy_line(mta_sts_text_t *body, const char *key, mta_sts_str_t value)
{
    mta_sts_text_add_cstr(body, key);
    mta_sts_text_add_cstr(body, ": ");
    mta_sts_text_add(body, value);
    mta_sts_text_add_cstr(body, "\r\n");
}


static mta_sts_str_t
policy_body(const mta_sts_policy_t *policy, const mta_sts_env_t *env)
{
    size_t           i;
    mta_sts_text_t   body = { env, NULL, 0, 0, 0 };

    policy_line(&body, "version", mta_sts_str("STSv1"));
    policy_line(&body, "mode", mta_sts_policy_mode(policy));

    for (i = 0; i < policy->mx.n; i++) {
        policy_line(&body, "mx", policy->mx.elts[i].text);
    }

    mta_sts_text_add_cstr(&body, "max_age: ");
    mta_sts_text_add_uint(&body, policy->max_age);
    mta_sts_text_add_cstr(&body, "\r\n");

    if (body.failed) {
        body.data = NULL;
    }

    return mta_sts_text_str(&body);
}


int
mta_sts_policy_render(mta_sts_policy_t *policy, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    char             *id;
    mta_sts_place_t   place;

    place = mta_sts_policy_place(policy);

    if (!(policy->set & (1u << MTA_STS_SET_MAX_AGE))) {
        policy->max_age = MTA_STS_MAX_AGE_DEFAULT;
    }

    if (policy->mx.n == 0) {
        if (policy->mode != MTA_STS_NONE) {
            return mta_sts_error(err, place, "mode \"%.*s\" needs at least "
                                 "one mx",
                                 MTA_STS_SHOW(mta_sts_policy_mode(policy)));
        }

        if (policy_unwarned(policy)) {
            mta_sts_warn(env, place, "mode \"none\" without mx is rejected by "
                         "some senders, keep the mx");
        }
    }

    policy->body = policy_body(policy, env);

    id = env->alloc(env->ctx, MTA_STS_ID_LEN + 1);

    if (policy->body.data == NULL || id == NULL) {
        return mta_sts_error_memory(err);
    }

    if (policy->body.len > MTA_STS_BODY_MAX) {
        return policy_too_large(place, err);
    }

    if (policy->body.len > MTA_STS_BODY_WARN && policy_unwarned(policy)) {
        mta_sts_warn(env, place, "a policy of %zu bytes, some senders read "
                     "no more than %d", policy->body.len, MTA_STS_BODY_WARN);
    }

    if (mta_sts_policy_id(policy->body, id) != MTA_STS_OK) {
        return mta_sts_error(err, place, "SHA-256 failed in libcrypto");
    }

    policy->id.data = id;
    policy->id.len = MTA_STS_ID_LEN;

    return MTA_STS_OK;
}
