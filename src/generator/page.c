/*
 * What the page of the generator shows, as fields of its template.
 */

#include "generator.h"
#include "policy/policy.h"
#include "form.h"


#define PAGE_FIELDS  40
#define PAGE_RECORD  6


typedef struct {
    mta_sts_generator_t  *generator;
    mta_sts_field_t       elts[PAGE_FIELDS];
    size_t                n;
    int                   failed;
} page_t;


static const char *const  page_ages[] = {
    "86400", "604800", "2592000", "31557600"
};

#define PAGE_AGES  (sizeof(page_ages) / sizeof(page_ages[0]))


static void
page_add(page_t *page, const char *name, mta_sts_str_t value)
{
    mta_sts_field_t  *field;

    field = &page->elts[page->n++];

    field->name = name;
    field->value = value;
    field->list = NULL;
    field->n = 0;
}


static void
page_add_flag(page_t *page, const char *name, int flag)
{
    page_add(page, name, flag ? mta_sts_str("1") : mta_sts_str(""));
}


static void
page_add_text(page_t *page, const char *name, const mta_sts_buf_t *text)
{
    page->failed |= text->failed;

    page_add(page, name, mta_sts_buf_str(text));
}


static void
page_add_list(page_t *page, const char *name, mta_sts_fields_t *list, size_t n)
{
    page_add(page, name, mta_sts_str(""));

    page->elts[page->n - 1].list = list;
    page->elts[page->n - 1].n = n;
}


/* The lists of a page, each with memory for n fields an element. */

static mta_sts_fields_t *
page_list(page_t *page, size_t n, size_t n_fields)
{
    size_t             i;
    mta_sts_env_t     *env;
    mta_sts_field_t   *fields;
    mta_sts_fields_t  *list;

    env = &page->generator->env;

    list = env->alloc(env->ctx, (n + 1) * sizeof(mta_sts_fields_t));
    fields = env->alloc(env->ctx,
                        (n * n_fields + 1) * sizeof(mta_sts_field_t));

    if (list == NULL || fields == NULL) {
        page->failed = 1;
        return NULL;
    }

    memset(fields, 0, (n * n_fields + 1) * sizeof(mta_sts_field_t));

    for (i = 0; i < n; i++) {
        list[i].elts = fields + i * n_fields;
        list[i].n = n_fields;
    }

    return list;
}


/* The mode that is chosen: that which was typed, or the default. */

static void
page_form_mode(page_t *page)
{
    int            enforce, none;
    mta_sts_str_t  mode;

    mode = page->generator->typed[MTA_STS_FORM_MODE];

    enforce = mta_sts_str_eq(mode, mta_sts_str("enforce"));
    none = mta_sts_str_eq(mode, mta_sts_str("none"));

    page_add_flag(page, "mode_testing", !enforce && !none);
    page_add_flag(page, "mode_enforce", enforce);
    page_add_flag(page, "mode_none", none);
}


/* A max_age that is none of those to choose from is another one. */

static void
page_form_max_age(page_t *page)
{
    int            chosen;
    size_t         i;
    mta_sts_str_t  typed, other;

    static const char *const  names[] = {
        "age_86400", "age_604800", "age_2592000", "age_31557600"
    };

    typed = page->generator->typed[MTA_STS_FORM_MAX_AGE];
    other = page->generator->typed[MTA_STS_FORM_MAX_AGE_OTHER];

    if (typed.len == 0) {
        typed = mta_sts_str("604800");
    }

    for (i = 0, chosen = 0; i < PAGE_AGES; i++) {
        page_add_flag(page, names[i],
                      mta_sts_str_eq(typed, mta_sts_str_from(page_ages[i])));
        chosen |= page->elts[page->n - 1].value.len != 0;
    }

    page_add_flag(page, "age_other", !chosen);

    page_add(page, "max_age_other",
             chosen || mta_sts_str_eq(typed, mta_sts_str("other")) ? other
                                                                   : typed);
}


static void
page_form(page_t *page)
{
    const mta_sts_str_t  *typed, *errors;

    typed = page->generator->typed;
    errors = page->generator->errors;

    page_add(page, "domain", typed[MTA_STS_FORM_DOMAIN]);
    page_add(page, "mx", typed[MTA_STS_FORM_MX]);
    page_add(page, "rua", typed[MTA_STS_FORM_RUA]);

    page_form_mode(page);
    page_form_max_age(page);

    page_add(page, "error_domain", errors[MTA_STS_FORM_DOMAIN]);
    page_add(page, "error_mode", errors[MTA_STS_FORM_MODE]);
    page_add(page, "error_mx", errors[MTA_STS_FORM_MX]);
    page_add(page, "error_max_age", errors[MTA_STS_FORM_MAX_AGE]);
    page_add(page, "error_rua", errors[MTA_STS_FORM_RUA]);
    page_add(page, "error_query", errors[MTA_STS_FORM_QUERY]);

    page_add_flag(page, "errors", page->generator->n_errors);
    page_add_flag(page, "submitted", page->generator->submitted);
}


/* Adds the URL of the same form in another format. */

static void
page_add_url(page_t *page, const char *name, mta_sts_str_t self,
    const char *format)
{
    size_t           i;
    mta_sts_str_t    typed;
    mta_sts_buf_t   url = { &page->generator->env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&url, self);
    mta_sts_buf_add_char(&url, '?');

    for (i = 0; i <= MTA_STS_FORM_MAX_AGE_OTHER; i++) {
        typed = page->generator->typed[i];

        if (typed.len) {
            mta_sts_buf_add_cstr(&url,
                                  mta_sts_generator_name((mta_sts_form_e) i));
            mta_sts_buf_add_char(&url, '=');
            mta_sts_query_add(&url, typed);
            mta_sts_buf_add_char(&url, '&');
        }
    }

    mta_sts_buf_add_cstr(&url, "format=");
    mta_sts_buf_add_cstr(&url, format);

    page_add_text(page, name, &url);
}


static void
page_set(mta_sts_field_t *field, const char *name, mta_sts_str_t value)
{
    field->name = name;
    field->value = value;
}


static void
page_records(page_t *page)
{
    int                      tlsrpt;
    size_t                   i;
    mta_sts_str_t            host;
    mta_sts_field_t         *fields;
    mta_sts_fields_t        *list;
    mta_sts_generator_t     *generator;
    const mta_sts_record_t  *record;

    generator = page->generator;

    list = page_list(page, generator->n_records, PAGE_RECORD);

    for (i = 0; list && i < generator->n_records; i++) {
        record = &generator->records[i];
        fields = (mta_sts_field_t *) list[i].elts;

        tlsrpt = mta_sts_str_starts(record->name, mta_sts_str("_smtp."));

        (void) mta_sts_name_in_zone(record->name, generator->draft.domain,
                                    &host);

        page_set(&fields[0], "type", record->type);
        page_set(&fields[1], "host", host);
        page_set(&fields[2], "name", record->name);
        page_set(&fields[3], "value", record->value);
        page_set(&fields[4], "label", tlsrpt ? mta_sts_str("TLSRPT")
                                             : mta_sts_str("MTA-STS"));
        page_set(&fields[5], "key", tlsrpt ? mta_sts_str("tlsrpt")
                                           : mta_sts_str("sts"));
    }

    page_add_list(page, "records", list, list ? generator->n_records : 0);
}


static void
page_warnings(page_t *page)
{
    size_t             i;
    mta_sts_fields_t  *list;

    list = page_list(page, page->generator->n_warnings, 1);

    for (i = 0; list && i < page->generator->n_warnings; i++) {
        page_set((mta_sts_field_t *) list[i].elts, "text",
                 page->generator->warnings[i]);
    }

    page_add_list(page, "warnings", list,
                  list ? page->generator->n_warnings : 0);
}


/* The policy as people copy it: with the line ends of their own system. */

static void
page_policy(page_t *page, mta_sts_str_t body)
{
    size_t          i;
    mta_sts_buf_t  policy = { &page->generator->env, NULL, 0, 0, 0 };

    for (i = 0; i < body.len; i++) {
        if (body.data[i] != '\r') {
            mta_sts_buf_add_char(&policy, body.data[i]);
        }
    }

    page_add_text(page, "policy", &policy);
}


static void
page_result(page_t *page, mta_sts_str_t self)
{
    mta_sts_str_t            host;
    mta_sts_generator_t     *generator;
    const mta_sts_policy_t  *policy;

    generator = page->generator;
    policy = generator->draft.entry.policy;

    host = mta_sts_name_policy_host(generator->draft.domain, &generator->env);

    page->failed |= host.data == NULL;

    page_add(page, "policy_host", host);
    page_add(page, "policy_url", generator->policy_url);
    page_policy(page, mta_sts_policy_body(policy));
    page_add(page, "server", generator->server);
    page_add(page, "yaml", generator->yaml);

    page_add_url(page, "download", self, "policy");
    page_add_url(page, "json", self, "json");

    page_add(page, "id", mta_sts_policy_id(policy));

    page_add_flag(page, "is_testing", policy->mode == MTA_STS_TESTING);
    page_add_flag(page, "is_enforce", policy->mode == MTA_STS_ENFORCE);
    page_add_flag(page, "is_none", policy->mode == MTA_STS_NONE);
    page_add_flag(page, "has_rua", policy->rua_len != 0);

    page_records(page);
    page_warnings(page);
}


int
mta_sts_generator_page(mta_sts_generator_t *generator,
    mta_sts_str_t template_text, mta_sts_str_t self, mta_sts_str_t version,
    mta_sts_buf_t *text, mta_sts_err_t *err)
{
    page_t            form, result;
    mta_sts_fields_t  fields, section;

    memset(&form, 0, sizeof(page_t));
    memset(&result, 0, sizeof(page_t));

    form.generator = generator;
    result.generator = generator;

    page_add(&form, "self", self);
    page_add(&form, "version", version);
    page_form(&form);

    if (generator->draft.entry.policy) {
        page_result(&result, self);
    }

    if (form.failed || result.failed) {
        return mta_sts_error_memory(err);
    }

    section.elts = result.elts;
    section.n = result.n;

    page_add_list(&form, "result", &section, result.n ? 1 : 0);

    fields.elts = form.elts;
    fields.n = form.n;

    return mta_sts_template_render(template_text, &fields, text, err);
}
