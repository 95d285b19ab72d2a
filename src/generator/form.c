/*
 * From the query of a form to a policy.
 */

#include "generator.h"
#include "form.h"


/* in the order of mta_sts_form_e; the last is no field */

static const char *const  generator_names[MTA_STS_FORM_FIELDS] = {
    "domain", "mode", "mx", "max_age", "rua", "max_age_other", "format",
    "file", "query"
};


const char *
mta_sts_generator_name(mta_sts_form_e field)
{
    return generator_names[field];
}


static void *
generator_alloc(void *ctx, size_t size)
{
    mta_sts_generator_t *generator = ctx;

    return generator->caller->alloc(generator->caller->ctx, size);
}


/* Keeps a warning; one for which there is no memory is lost. */

static void
generator_warn(void *ctx, const mta_sts_err_t *warning)
{
    mta_sts_generator_t *generator = ctx;

    void           *list;
    mta_sts_str_t   text;

    text = mta_sts_str_copy(&generator->env, mta_sts_str_from(warning->text));
    list = mta_sts_env_grow(&generator->env, generator->warnings,
                            generator->n_warnings, &generator->warnings_size,
                            sizeof(mta_sts_str_t));

    if (text.data && list) {
        generator->warnings = list;
        generator->warnings[generator->n_warnings++] = text;
    }
}


/*
 * Keeps the first mistake of a field, with those that people are told of: the
 * other max_age is one of max_age, and what is no input one of the query.
 */

static int
generator_fault(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_err_t *err)
{
    mta_sts_str_t  text;

    if (err->memory) {
        return MTA_STS_ERROR;
    }

    if (field == MTA_STS_FORM_MAX_AGE_OTHER) {
        field = MTA_STS_FORM_MAX_AGE;

    } else if (field > MTA_STS_FORM_MAX_AGE_OTHER) {
        field = MTA_STS_FORM_QUERY;
    }

    if (generator->errors[field].len == 0) {
        text = mta_sts_str_copy(&generator->env, mta_sts_str_from(err->text));
        if (text.data == NULL) {
            return mta_sts_error_memory(err);
        }

        generator->errors[field] = text;
        generator->n_errors++;
    }

    return MTA_STS_OK;
}


static mta_sts_str_t
generator_trim(mta_sts_str_t typed)
{
    while (typed.len && strchr(" \t\n", typed.data[0])) {
        typed = mta_sts_str_after(typed, 1);
    }

    while (typed.len && strchr(" \t\n", typed.data[typed.len - 1])) {
        typed.len--;
    }

    return typed;
}


static mta_sts_value_t
generator_value(mta_sts_str_t typed)
{
    mta_sts_value_t  value;

    value.text = typed;
    value.place = MTA_STS_NOWHERE;

    return value;
}


/*
 * Adds a value to what was typed, without the spaces around a single one; lists
 * may come as several fields.
 */

static int
generator_add(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_str_t value, mta_sts_err_t *err)
{
    mta_sts_str_t   *typed;
    mta_sts_buf_t   text = { &generator->env, NULL, 0, 0, 0 };

    typed = &generator->typed[field];

    if (typed->data == NULL) {
        *typed = field == MTA_STS_FORM_MX || field == MTA_STS_FORM_RUA
                 ? value : generator_trim(value);
        return MTA_STS_OK;
    }

    if (field != MTA_STS_FORM_MX && field != MTA_STS_FORM_RUA) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "duplicate \"%s\"",
                             generator_names[field]);
        return generator_fault(generator, MTA_STS_FORM_QUERY, err);
    }

    mta_sts_buf_add(&text, *typed);
    mta_sts_buf_add_char(&text, '\n');
    mta_sts_buf_add(&text, value);

    if (text.failed) {
        return mta_sts_error_memory(err);
    }

    *typed = mta_sts_buf_str(&text);

    return MTA_STS_OK;
}


static int
generator_find(mta_sts_str_t name, mta_sts_form_e *field)
{
    size_t  i;

    for (i = 0; i < MTA_STS_FORM_QUERY; i++) {
        if (mta_sts_str_eq(name, mta_sts_str_from(generator_names[i]))) {
            *field = (mta_sts_form_e) i;
            return 1;
        }
    }

    return 0;
}


/*
 * Reads what was typed; fields of other names are not ours.  A value that is
 * not even a text is a mistake of its field, and is lost.
 */

static int
generator_query(mta_sts_generator_t *generator, mta_sts_str_t query,
    mta_sts_err_t *err)
{
    int             rc, found;
    mta_sts_str_t   name, value;
    mta_sts_form_e  field;

    if (query.len > MTA_STS_QUERY_MAX) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "the query has more than "
                             "%d bytes", MTA_STS_QUERY_MAX);
        return generator_fault(generator, MTA_STS_FORM_QUERY, err);
    }

    for ( ;; ) {
        name.len = 0;

        rc = mta_sts_query_next(&query, &generator->env, &name, &value, &found,
                                err);

        if (rc != MTA_STS_OK) {
            if (!generator_find(name, &field)) {
                field = MTA_STS_FORM_QUERY;
            }

            rc = generator_fault(generator, field, err);

        } else if (!found) {
            return MTA_STS_OK;

        } else if (generator_find(name, &field)) {
            rc = generator_add(generator, field, value, err);
        }

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }
}


/* Takes the next word of what was typed, between spaces and line ends. */

static int
generator_word(mta_sts_str_t *typed, mta_sts_value_t *word)
{
    size_t  i;

    for (i = 0; i < typed->len && strchr(" \t\n", typed->data[i]); i++) {
        /* void */
    }

    *typed = mta_sts_str_after(*typed, i);

    for (i = 0; i < typed->len && !strchr(" \t\n", typed->data[i]); i++) {
        /* void */
    }

    word->text = *typed;
    word->text.len = i;
    word->place = MTA_STS_NOWHERE;

    *typed = mta_sts_str_after(*typed, i);

    return i > 0;
}


static int
generator_set(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_setting_e setting, const mta_sts_value_t *value,
    mta_sts_err_t *err)
{
    if (mta_sts_draft_set(&generator->draft, setting, value, &generator->env,
                          err)
        == MTA_STS_OK)
    {
        return MTA_STS_OK;
    }

    return generator_fault(generator, field, err);
}


/* Sets a setting to each word of a field. */

static int
generator_list(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_setting_e setting, mta_sts_err_t *err)
{
    mta_sts_str_t    typed;
    mta_sts_value_t  word;

    typed = generator->typed[field];

    while (generator_word(&typed, &word)) {
        if (generator_set(generator, field, setting, &word, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* A setting of one value; what is empty is not set. */

static int
generator_single(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_setting_e setting, mta_sts_str_t typed, mta_sts_err_t *err)
{
    mta_sts_value_t  value;

    value = generator_value(typed);

    if (value.text.len == 0) {
        return MTA_STS_OK;
    }

    return generator_set(generator, field, setting, &value, err);
}


static int
generator_max_age(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    mta_sts_str_t    typed;
    mta_sts_value_t  value;

    typed = generator->typed[MTA_STS_FORM_MAX_AGE];

    if (!mta_sts_str_eq(typed, mta_sts_str("other"))) {
        return generator_single(generator, MTA_STS_FORM_MAX_AGE,
                                MTA_STS_SET_MAX_AGE, typed, err);
    }

    /* here, nothing is a mistake */

    value = generator_value(generator->typed[MTA_STS_FORM_MAX_AGE_OTHER]);

    return generator_set(generator, MTA_STS_FORM_MAX_AGE, MTA_STS_SET_MAX_AGE,
                         &value, err);
}


static int
generator_fields(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    mta_sts_value_t  domain;

    domain = generator_value(generator->typed[MTA_STS_FORM_DOMAIN]);

    if (mta_sts_draft_domain(&generator->draft, &domain, &generator->env, err)
        != MTA_STS_OK
        && generator_fault(generator, MTA_STS_FORM_DOMAIN, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (generator_single(generator, MTA_STS_FORM_MODE, MTA_STS_SET_MODE,
                         generator->typed[MTA_STS_FORM_MODE], err)
        != MTA_STS_OK
        || generator_list(generator, MTA_STS_FORM_MX, MTA_STS_SET_MX, err)
           != MTA_STS_OK
        || generator_max_age(generator, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return generator_list(generator, MTA_STS_FORM_RUA, MTA_STS_SET_TLSRPT_RUA,
                          err);
}


/* Makes what is to be copied of the policy. */

static int
generator_texts(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    mta_sts_str_t               domain;
    mta_sts_buf_t              url, server, yaml;
    const mta_sts_settings_t   *settings;

    settings = &generator->draft.settings;
    domain = generator->draft.domain;

    memset(&url, 0, sizeof(mta_sts_buf_t));
    url.env = &generator->env;
    server = yaml = url;

    mta_sts_buf_add_cstr(&url, "https://mta-sts.");
    mta_sts_buf_add(&url, domain);
    mta_sts_buf_add_cstr(&url, "/.well-known/mta-sts.txt");

    mta_sts_block_add(&server, settings, domain);

    if (mta_sts_block_add_yaml(&yaml, settings, domain) != MTA_STS_OK
        || url.failed || server.failed)
    {
        return mta_sts_error_memory(err);
    }

    generator->policy_url = mta_sts_buf_str(&url);
    generator->server = mta_sts_buf_str(&server);
    generator->yaml = mta_sts_buf_str(&yaml);

    return MTA_STS_OK;
}


/* Makes the policy; what a form can still do wrong here is about the mx. */

static int
generator_end(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    int                      form;
    mta_sts_record_wanted_t  wanted;

    form = mta_sts_draft_lacks_mx(&generator->draft);

    if (mta_sts_draft_end(&generator->draft, &generator->env, err)
        != MTA_STS_OK)
    {
        return form ? generator_fault(generator, MTA_STS_FORM_MX, err)
                    : MTA_STS_ERROR;
    }

    memset(&wanted, 0, sizeof(mta_sts_record_wanted_t));

    wanted.ttl = MTA_STS_RECORD_TTL;

    if (mta_sts_record_build(&generator->draft.entry, &wanted,
                             &generator->env, &generator->records,
                             &generator->n_records, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return generator_texts(generator, err);
}


int
mta_sts_generator_read(mta_sts_generator_t *generator, mta_sts_str_t query,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t  i;

    memset(generator, 0, sizeof(mta_sts_generator_t));

    generator->caller = env;
    generator->env.alloc = generator_alloc;
    generator->env.warn = generator_warn;
    generator->env.ctx = generator;

    if (generator_query(generator, query, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* "?format=json" alone is a form that is empty */

    for (i = MTA_STS_FORM_DOMAIN; i <= MTA_STS_FORM_FORMAT; i++) {
        generator->submitted |= generator->typed[i].data != NULL;
    }

    if (!generator->submitted || generator->n_errors) {
        return MTA_STS_OK;
    }

    if (generator_fields(generator, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (generator->n_errors) {
        return MTA_STS_OK;
    }

    return generator_end(generator, err);
}
