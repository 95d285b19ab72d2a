/*
 * From the query of a form to a policy.  The query comes from untrusted
 * clients: all values are decoded into one buffer of its size, and the number
 * of fields and of words in a field is limited.
 */

#include "form.h"


#define FORM_PAIRS_MAX  64


/* A field as it is in the query. */

typedef struct {
    mta_sts_form_e  field;
    mta_sts_str_t   value;              /* still encoded */
} form_pair_t;


/* in the order of mta_sts_form_e; the last is no field */

static const char *const  form_names[MTA_STS_FORM_FIELDS] = {
    "domain", "mode", "mx", "max_age", "tlsrpt_rua", "max_age_other",
    "format", "query"
};


const char *
mta_sts_generator_name(mta_sts_form_e field)
{
    return form_names[field];
}


static void *
form_alloc(void *ctx, size_t size)
{
    mta_sts_generator_t *generator = ctx;

    return generator->caller->alloc(generator->caller->ctx, size);
}


/*
 * Keeps the first warnings, each once; one whose allocation fails is dropped.
 */

static void
form_warn(void *ctx, const mta_sts_err_t *warning)
{
    mta_sts_generator_t *generator = ctx;

    size_t         i;
    mta_sts_str_t  text;

    text = mta_sts_str_from(warning->text);

    for (i = 0; i < generator->n_warnings; i++) {
        if (mta_sts_str_eq(generator->warnings[i], text)) {
            return;
        }
    }

    if (i < MTA_STS_FORM_WARNINGS) {
        text = mta_sts_str_copy(&generator->env, text);

        generator->warnings[i] = text;
        generator->n_warnings += text.data != NULL;
    }
}


/*
 * Keeps the first error of a field.  The page shows those of max_age_other at
 * max_age, and those of format, which is no input, for the query.
 */

int
mta_sts_form_fault(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_err_t *err)
{
    mta_sts_str_t  text;

    if (err->memory) {
        return MTA_STS_ERROR;
    }

    if (field == MTA_STS_FORM_MAX_AGE_OTHER) {
        field = MTA_STS_FORM_MAX_AGE;

    } else if (field == MTA_STS_FORM_FORMAT) {
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


#define form_is_list(field)                                                   \
    ((field) == MTA_STS_FORM_MX || (field) == MTA_STS_FORM_RUA)


static int
form_is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n';
}


/*
 * Finds a field by its name, or by its former name "rua"; MTA_STS_FORM_QUERY
 * where there is none.
 */

static mta_sts_form_e
form_find(mta_sts_str_t name)
{
    size_t  i;

    if (mta_sts_str_eq(name, mta_sts_str("rua"))) {
        return MTA_STS_FORM_RUA;
    }

    for (i = 0; i < MTA_STS_FORM_QUERY; i++) {
        if (mta_sts_str_eq(name, mta_sts_str_from(form_names[i]))) {
            break;
        }
    }

    return (mta_sts_form_e) i;
}


/* Splits the query into at most FORM_PAIRS_MAX fields. */

static int
form_split(mta_sts_generator_t *generator, mta_sts_str_t query,
    form_pair_t *pairs, size_t *n, mta_sts_err_t *err)
{
    mta_sts_str_t   name, value;
    mta_sts_form_e  field;

    if (query.len > MTA_STS_FORM_MAX) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "the form has %zu bytes, "
                             "must be at most %d", query.len,
                             MTA_STS_FORM_MAX);
        return mta_sts_form_fault(generator, MTA_STS_FORM_QUERY, err);
    }

    while (mta_sts_query_next(&query, &name, &value)) {

        if (*n == FORM_PAIRS_MAX) {
            (void) mta_sts_error(err, MTA_STS_NOWHERE, "the form has more "
                                 "than %d fields", FORM_PAIRS_MAX);
            return mta_sts_form_fault(generator, MTA_STS_FORM_QUERY, err);
        }

        field = form_find(name);

        pairs[*n].field = field;
        pairs[*n].value = value;
        (*n)++;

        if (field == MTA_STS_FORM_QUERY) {
            /* it is not decoded, so that other bytes may be no characters */

            name = mta_sts_str_is_ascii(name) ? name : mta_sts_str("?");

            (void) mta_sts_error(err, MTA_STS_NOWHERE,
                                 "unknown field \"%.*s\"", MTA_STS_SHOW(name));

            if (mta_sts_form_fault(generator, MTA_STS_FORM_QUERY, err)
                != MTA_STS_OK)
            {
                return MTA_STS_ERROR;
            }

        } else {
            generator->submitted = 1;
        }
    }

    return MTA_STS_OK;
}


/*
 * Decodes the values of a field to *buf and moves it past them.  A list may be
 * several fields, which become one text; a value that is not text is lost.
 */

static int
form_decode(mta_sts_generator_t *generator, mta_sts_form_e field,
    const form_pair_t *pairs, size_t n, char **buf, mta_sts_err_t *err)
{
    int             rc;
    size_t          i;
    mta_sts_str_t   value, *typed;

    typed = &generator->typed[field];

    for (i = 0; i < n; i++) {
        if (pairs[i].field != field) {
            continue;
        }

        rc = MTA_STS_OK;

        if (typed->data && !form_is_list(field)) {
            (void) mta_sts_error(err, MTA_STS_NOWHERE, "duplicate \"%s\"",
                                 form_names[field]);
            rc = mta_sts_form_fault(generator, MTA_STS_FORM_QUERY, err);

        } else if (mta_sts_query_decode(pairs[i].value, *buf, &value, err)
                   != MTA_STS_OK)
        {
            rc = mta_sts_form_fault(generator, field, err);

        } else {
            typed->data = typed->data ? typed->data : *buf;

            *buf += value.len;
            typed->len = (size_t) (*buf - typed->data);

            *(*buf)++ = '\n';
        }

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    /* spaces around a single value are no part of it */

    while (typed->len && !form_is_list(field)) {
        if (form_is_space(typed->data[0])) {
            *typed = mta_sts_str_after(*typed, 1);

        } else if (form_is_space(typed->data[typed->len - 1])) {
            typed->len--;

        } else {
            break;
        }
    }

    return MTA_STS_OK;
}


/* Reads what was typed. */

static int
form_query(mta_sts_generator_t *generator, mta_sts_str_t query,
    mta_sts_err_t *err)
{
    char         *buf;
    size_t        i, n;
    form_pair_t   pairs[FORM_PAIRS_MAX];

    n = 0;

    if (form_split(generator, query, pairs, &n, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* each value is shorter than its field by at least the name */

    buf = generator->env.alloc(generator->env.ctx, query.len + 1);
    if (buf == NULL) {
        return mta_sts_error_memory(err);
    }

    for (i = 0; i < MTA_STS_FORM_QUERY; i++) {
        if (form_decode(generator, (mta_sts_form_e) i, pairs, n, &buf, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* What an empty form shows. */

static int
form_example(mta_sts_generator_t *generator, mta_sts_err_t *err)
{
    int             rc;
    mta_sts_str_t  *typed;

    typed = generator->typed;

    typed[MTA_STS_FORM_DOMAIN] = mta_sts_str("example.com");
    typed[MTA_STS_FORM_MX] = mta_sts_str("mx1.example.com mx2.example.com");
    typed[MTA_STS_FORM_RUA] = mta_sts_str("tls-reports@example.com");

    rc = mta_sts_form_fields(generator, err);

    memset(typed, 0, sizeof(generator->typed));

    return rc;
}


int
mta_sts_generator_read(mta_sts_generator_t *generator, mta_sts_str_t query,
    mta_sts_digest_t *digest, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    memset(generator, 0, sizeof(mta_sts_generator_t));

    generator->caller = env;
    generator->digest = digest;
    generator->env.alloc = form_alloc;
    generator->env.warn = form_warn;
    generator->env.ctx = generator;

    if (form_query(generator, query, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (generator->n_errors) {
        return MTA_STS_OK;
    }

    return generator->submitted ? mta_sts_form_fields(generator, err)
                                : form_example(generator, err);
}
