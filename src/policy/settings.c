/*
 * Settings are checked when they are set; what depends on more than one of them
 * is checked when the policy is rendered.
 */

#include "policy.h"


typedef struct {
    mta_sts_str_t  name;
    int            many;
    int          (*set)(mta_sts_settings_t *settings,
                        const mta_sts_value_t *value,
                        const mta_sts_env_t *env, mta_sts_err_t *err);
} settings_row_t;


static int settings_set_mode(mta_sts_settings_t *settings,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);
static int settings_set_mx(mta_sts_settings_t *settings,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);
static int settings_set_max_age(mta_sts_settings_t *settings,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);
static int settings_set_tlsrpt_rua(mta_sts_settings_t *settings,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);


/* in the order of mta_sts_setting_e */

static const settings_row_t  settings_rows[MTA_STS_SETTINGS] = {
    { { "mode", 4 },        0, settings_set_mode },
    { { "mx", 2 },          1, settings_set_mx },
    { { "max_age", 7 },     0, settings_set_max_age },
    { { "tlsrpt_rua", 10 }, 1, settings_set_tlsrpt_rua }
};


/* in the order of mta_sts_mode_e */

static const mta_sts_str_t  settings_modes[] = {
    { "testing", 7 },
    { "enforce", 7 },
    { "none", 4 }
};


mta_sts_str_t
mta_sts_mode_str(mta_sts_mode_e mode)
{
    return settings_modes[mode];
}


int
mta_sts_settings_lookup(mta_sts_str_t name, mta_sts_setting_e *setting)
{
    size_t  k;

    for (k = 0; k < MTA_STS_SETTINGS; k++) {
        if (mta_sts_str_eq(settings_rows[k].name, name)) {
            *setting = (mta_sts_setting_e) k;
            return 1;
        }
    }

    return 0;
}


mta_sts_str_t
mta_sts_settings_name(mta_sts_setting_e setting)
{
    return settings_rows[setting].name;
}


int
mta_sts_settings_set(mta_sts_settings_t *settings, const mta_sts_value_t *name,
    const mta_sts_value_t *values, size_t n, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t                 i;
    mta_sts_setting_e      k;
    const settings_row_t  *setting;

    if (!mta_sts_settings_lookup(name->text, &k)) {
        return mta_sts_error(err, name->place, "unknown setting \"%.*s\"",
                             MTA_STS_SHOW(name->text));
    }

    setting = &settings_rows[k];

    if ((settings->own & (1u << k)) && !setting->many) {
        return mta_sts_error(err, name->place, "duplicate \"%.*s\"",
                             MTA_STS_SHOW(name->text));
    }

    if (n > 1 && !setting->many) {
        return mta_sts_error(err, values[1].place, "%.*s takes one value",
                             MTA_STS_SHOW(name->text));
    }

    for (i = 0; i < n; i++) {
        if (setting->set(settings, &values[i], env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    if (!(settings->own & (1u << k))) {
        settings->places[k] = name->place;
    }

    settings->own |= 1u << k;
    settings->set |= 1u << k;

    return MTA_STS_OK;
}


static int
settings_set_mode(mta_sts_settings_t *settings, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t  i;

    (void) env;

    for (i = 0; i < sizeof(settings_modes) / sizeof(settings_modes[0]); i++) {
        if (mta_sts_str_eq(settings_modes[i], value->text)) {
            settings->mode = (mta_sts_mode_e) i;
            return MTA_STS_OK;
        }
    }

    return mta_sts_error(err, value->place, "invalid mode \"%.*s\", must be "
                         "\"enforce\", \"testing\" or \"none\"",
                         MTA_STS_SHOW(value->text));
}


int
mta_sts_settings_too_large(mta_sts_place_t place, mta_sts_err_t *err)
{
    return mta_sts_error(err, place, "the policy is too large, must be less "
                         "than %d bytes", MTA_STS_BODY_MAX + 1);
}


static int
settings_set_mx(mta_sts_settings_t *settings, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t          i, lines;
    mta_sts_str_t   mx;

    if (mta_sts_name_mx(value, env, &mx, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < settings->mx.n; i++) {
        if (mta_sts_str_eq(settings->mx.elts[i].text, mx)) {
            mta_sts_warn(env, value->place, "duplicate mx \"%.*s\"",
                         MTA_STS_SHOW(mx));
            return MTA_STS_OK;
        }
    }

    if (memchr(mx.data, '.', mx.len) == NULL) {
        mta_sts_warn(env, value->place, "mx \"%.*s\" has one label, must be "
                     "the full name of the mail server", MTA_STS_SHOW(mx));

    } else if (mta_sts_str_starts(mx, mta_sts_str("*."))
               && (memchr(mx.data + 2, '.', mx.len - 2) == NULL
                   || (env->is_public_suffix
                       && env->is_public_suffix(mx.data + 2))))
    {
        mta_sts_warn(env, value->place, "mx \"%.*s\" accepts each domain "
                     "below \"%.*s\" as a mail server", MTA_STS_SHOW(mx),
                     (int) mx.len - 2, mx.data + 2);
    }

    if (mta_sts_str_starts(mx, mta_sts_str("mta-sts."))) {
        mta_sts_warn(env, value->place, "mx \"%.*s\" looks like the host of "
                     "the policy, must be that of the mail server",
                     MTA_STS_SHOW(mx));
    }

    /* also checked here, so that the time for long lists is bounded */

    lines = settings->mx.bytes + mx.len
            + (settings->mx.n + 1) * strlen("mx: \r\n");

    if (lines > MTA_STS_BODY_MAX) {
        return mta_sts_settings_too_large(value->place, err);
    }

    return mta_sts_values_add(&settings->mx, mx, value->place, env, err);
}


static int
settings_set_max_age(mta_sts_settings_t *settings, const mta_sts_value_t *value,
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

    settings->max_age = (uint32_t) seconds;

    return MTA_STS_OK;
}


static int
settings_set_tlsrpt_rua(mta_sts_settings_t *settings,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t          i;
    mta_sts_str_t   uri;

    if (mta_sts_uri_rua(value, env, &uri, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < settings->tlsrpt_rua.n; i++) {
        if (mta_sts_str_eq(settings->tlsrpt_rua.elts[i].text, uri)) {
            mta_sts_warn(env, value->place, "duplicate tlsrpt_rua \"%.*s\"",
                         MTA_STS_SHOW(uri));
            return MTA_STS_OK;
        }
    }

    if (settings->tlsrpt_rua.bytes + uri.len > MTA_STS_RUA_MAX) {
        return mta_sts_error(err, value->place, "tlsrpt_rua is too large, "
                             "must be at most %d bytes in all",
                             MTA_STS_RUA_MAX);
    }

    return mta_sts_values_add(&settings->tlsrpt_rua, uri, value->place, env,
                              err);
}


void
mta_sts_settings_inherit(mta_sts_settings_t *settings,
    mta_sts_settings_t *parent)
{
    size_t    k;
    unsigned  missing;

    missing = parent->set & ~settings->set;

    if (missing & (1u << MTA_STS_SET_MODE)) {
        settings->mode = parent->mode;
    }

    if (missing & (1u << MTA_STS_SET_MX)) {
        settings->mx = parent->mx;
    }

    if (missing & (1u << MTA_STS_SET_MAX_AGE)) {
        settings->max_age = parent->max_age;
    }

    if (missing & (1u << MTA_STS_SET_TLSRPT_RUA)) {
        settings->tlsrpt_rua = parent->tlsrpt_rua;
    }

    for (k = 0; k < MTA_STS_SETTINGS; k++) {
        if (missing & (1u << k)) {
            settings->places[k] = parent->places[k];
        }
    }

    settings->set |= missing;
    settings->parent = parent;
}


int
mta_sts_settings_own_policy(const mta_sts_settings_t *settings)
{
    return (settings->own & (1u << MTA_STS_SET_MODE | 1u << MTA_STS_SET_MX))
           != 0;
}


int
mta_sts_settings_unwarned(mta_sts_settings_t *settings)
{
    while (!mta_sts_settings_own_policy(settings) && settings->parent) {
        settings = settings->parent;
    }

    return settings->warned++ == 0;
}


int
mta_sts_settings_are_policy(const mta_sts_settings_t *settings)
{
    return settings->mx.n || settings->mode == MTA_STS_NONE;
}


mta_sts_place_t
mta_sts_settings_place(const mta_sts_settings_t *settings)
{
    size_t           k;
    unsigned         any;

    if (settings->mx.n) {
        return settings->places[MTA_STS_SET_MX];
    }

    if (settings->mode == MTA_STS_NONE) {
        return settings->places[MTA_STS_SET_MODE];
    }

    /* no policy, but settings that need one */

    any = settings->own ? settings->own : settings->set;

    for (k = 0; k < MTA_STS_SETTINGS; k++) {
        if (any & (1u << k)) {
            return settings->places[k];
        }
    }

    return MTA_STS_NOWHERE;
}


uint32_t
mta_sts_settings_max_age(const mta_sts_settings_t *settings)
{
    return settings->set & (1u << MTA_STS_SET_MAX_AGE)
           ? settings->max_age : MTA_STS_MAX_AGE_DEFAULT;
}


void
mta_sts_settings_check_domain(const mta_sts_settings_t *settings,
    mta_sts_str_t domain, mta_sts_place_t place, const mta_sts_env_t *env)
{
    size_t                  i;
    mta_sts_str_t           policy_domain;
    const mta_sts_value_t  *mx;

    if (mta_sts_name_policy_domain(domain, &policy_domain)) {
        mta_sts_warn(env, place, "domain \"%.*s\" looks like the policy host "
                     "of \"%.*s\"", MTA_STS_SHOW(domain),
                     MTA_STS_SHOW(policy_domain));
    }

    for (i = 0; i < settings->mx.n; i++) {
        mx = &settings->mx.elts[i];

        if (mta_sts_str_starts(mx->text, mta_sts_str("*."))
            && mta_sts_str_eq(mta_sts_str_after(mx->text, 2), domain))
        {
            mta_sts_warn(env, mx->place, "mx \"%.*s\" accepts every host of "
                         "the policy domain, see RFC 8461, 10.4",
                         MTA_STS_SHOW(mx->text));
        }
    }
}
