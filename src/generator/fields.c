/*
 * From the fields of a form, as they were typed, to the settings of a policy.
 */

#include "form.h"


/* The error of a value that is longer than any valid one. */

static int
form_too_long(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_str_t value, int max, mta_sts_err_t *err)
{
    (void) mta_sts_error(err, MTA_STS_NOWHERE, "invalid %s \"%.*s\", must be "
                         "at most %d bytes", mta_sts_generator_name(field),
                         MTA_STS_SHOW(value), max);

    return mta_sts_form_fault(generator, field, err);
}


/* Sets a setting; *ok is 0 where its field has an error afterwards. */

static int
form_set(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_setting_e setting, mta_sts_str_t typed, int *ok,
    mta_sts_err_t *err)
{
    int              max;
    mta_sts_value_t  value;

    value.text = typed;
    value.place = MTA_STS_NOWHERE;

    max = field == MTA_STS_FORM_RUA ? MTA_STS_FORM_URI_MAX
                                    : MTA_STS_FORM_NAME_MAX;

    if (typed.len > (size_t) max) {
        *ok = 0;
        return form_too_long(generator, field, typed, max, err);
    }

    *ok = mta_sts_result_set(&generator->result, setting, &value,
                             &generator->env, err)
          == MTA_STS_OK;

    return *ok ? MTA_STS_OK : mta_sts_form_fault(generator, field, err);
}


/* The error of a list with more words than a form may have. */

static int
form_too_many(mta_sts_generator_t *generator, mta_sts_form_e field, int max,
    mta_sts_err_t *err)
{
    (void) mta_sts_error(err, MTA_STS_NOWHERE, "%s has more than %d values, "
                         "use mta-sts generate instead",
                         mta_sts_generator_name(field), max);

    return mta_sts_form_fault(generator, field, err);
}


/* Sets the mx, up to the first error. */

static int
form_mx(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    int              ok, n, idn;
    mta_sts_str_t    word;
    mta_sts_words_t  words;

    memset(&words, 0, sizeof(mta_sts_words_t));

    words.text = generator->typed[MTA_STS_FORM_MX];
    ok = 1;
    idn = 0;

    for (n = 0; ok && mta_sts_words_mx(&words, &word); n++) {
        if (n == MTA_STS_FORM_MX_MAX) {
            return form_too_many(generator, MTA_STS_FORM_MX, n, err);
        }

        /* converting a U-label costs more than all else */

        idn += !mta_sts_str_is_ascii(word);

        if (idn > MTA_STS_FORM_IDN_MAX) {
            (void) mta_sts_error(err, MTA_STS_NOWHERE, "more than %d mx with "
                                 "other than ASCII letters, write them as "
                                 "\"xn--\" names", MTA_STS_FORM_IDN_MAX);
            return mta_sts_form_fault(generator, MTA_STS_FORM_MX, err);
        }

        if (form_set(generator, MTA_STS_FORM_MX, MTA_STS_SET_MX, word, &ok,
                     err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    if (ok && words.policy) {
        mta_sts_warn(&generator->env, MTA_STS_NOWHERE, "only the mx of the "
                     "policy are used, not its mode and max_age");
    }

    return MTA_STS_OK;
}


/* Sets the report addresses; one without a scheme is a mailbox. */

static int
form_rua(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    int              ok, n;
    mta_sts_str_t    word;
    mta_sts_buf_t    uri;
    mta_sts_words_t  words;

    memset(&words, 0, sizeof(mta_sts_words_t));

    words.text = generator->typed[MTA_STS_FORM_RUA];
    ok = 1;

    for (n = 0; ok && mta_sts_words_rua(&words, &word); n++) {
        if (n == MTA_STS_FORM_RUA_MAX) {
            return form_too_many(generator, MTA_STS_FORM_RUA, n, err);
        }

        if (memchr(word.data, '@', word.len)
            && memchr(word.data, ':', word.len) == NULL)
        {
            memset(&uri, 0, sizeof(mta_sts_buf_t));
            uri.env = &generator->env;

            mta_sts_buf_add_cstr(&uri, "mailto:");
            mta_sts_buf_add(&uri, word);

            if (uri.failed) {
                return mta_sts_error_memory(err);
            }

            word = mta_sts_buf_str(&uri);
        }

        if (form_set(generator, MTA_STS_FORM_RUA, MTA_STS_SET_TLSRPT_RUA, word,
                     &ok, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


static int
form_domain(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    mta_sts_value_t  value;

    value.text = mta_sts_words_domain(generator->typed[MTA_STS_FORM_DOMAIN]);
    value.place = MTA_STS_NOWHERE;

    if (value.text.len > MTA_STS_FORM_NAME_MAX) {
        return form_too_long(generator, MTA_STS_FORM_DOMAIN, value.text,
                             MTA_STS_FORM_NAME_MAX, err);
    }

    if (mta_sts_name_domain("domain", &value, &generator->env,
                            &generator->result.entry.domain, err)
        != MTA_STS_OK)
    {
        return mta_sts_form_fault(generator, MTA_STS_FORM_DOMAIN, err);
    }

    return MTA_STS_OK;
}


/* Sets the mode, unless it is empty. */

static int
form_mode(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    int            ok;
    mta_sts_str_t  mode;

    mode = generator->typed[MTA_STS_FORM_MODE];

    return mode.len ? form_set(generator, MTA_STS_FORM_MODE, MTA_STS_SET_MODE,
                               mode, &ok, err)
                    : MTA_STS_OK;
}


static int
form_max_age(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    int            ok;
    mta_sts_str_t  max_age;

    max_age = generator->typed[MTA_STS_FORM_MAX_AGE];

    if (max_age.len == 0) {
        return MTA_STS_OK;
    }

    /* an empty one is an error when it was chosen */

    if (mta_sts_str_eq(max_age, mta_sts_str("other"))) {
        max_age = generator->typed[MTA_STS_FORM_MAX_AGE_OTHER];
    }

    return form_set(generator, MTA_STS_FORM_MAX_AGE, MTA_STS_SET_MAX_AGE,
                    max_age, &ok, err);
}


/*
 * Finds the format: that of a page, of the policy, or one of records.  A format
 * that needs a provider is one per provider here.
 */

static int
form_format(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    size_t         i;
    mta_sts_str_t  name;

    static const char *const  own[] = { "", "html", "json", "policy" };

    name = generator->typed[MTA_STS_FORM_FORMAT];

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (mta_sts_str_eq(name, mta_sts_str_from(own[i]))) {
            return MTA_STS_OK;
        }
    }

    if (mta_sts_str_eq(name, mta_sts_str("terraform-route53"))) {
        generator->format = &mta_sts_format_terraform;
        generator->format_settings.provider = MTA_STS_PROVIDER_ROUTE53;

    } else if (mta_sts_str_eq(name, mta_sts_str("terraform-cloudflare"))) {
        generator->format = &mta_sts_format_terraform;
        generator->format_settings.provider = MTA_STS_PROVIDER_CLOUDFLARE;

    } else {
        generator->format = mta_sts_format_find(name);
    }

    if (generator->format
        && (generator->format_settings.provider
            || !(generator->format->flags & MTA_STS_FORMAT_NEEDS_PROVIDER)))
    {
        return MTA_STS_OK;
    }

    (void) mta_sts_error(err, MTA_STS_NOWHERE, "unknown format \"%.*s\", see "
                         "the buttons of the page", MTA_STS_SHOW(name));

    return mta_sts_form_fault(generator, MTA_STS_FORM_QUERY, err);
}


/* Makes the policy; the only error that a form can still cause is no mx. */

static int
form_end(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    if (mta_sts_result_make(&generator->result, generator->digest,
                            &generator->env, err)
        == MTA_STS_OK)
    {
        /* the other formats have no use for them */

        return generator->format ? MTA_STS_OK
                                 : mta_sts_result_texts(&generator->result,
                                                        &generator->env, err);
    }

    if (!mta_sts_settings_are_policy(&generator->result.settings)) {
        return mta_sts_form_fault(generator, MTA_STS_FORM_MX, err);
    }

    return MTA_STS_ERROR;
}


int
mta_sts_form_fields(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    if (form_domain(generator, err) != MTA_STS_OK
        || form_mode(generator, err) != MTA_STS_OK
        || form_mx(generator, err) != MTA_STS_OK
        || form_max_age(generator, err) != MTA_STS_OK
        || form_rua(generator, err) != MTA_STS_OK
        || form_format(generator, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return generator->n_errors ? MTA_STS_OK : form_end(generator, err);
}
