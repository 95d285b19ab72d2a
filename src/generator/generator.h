/*
 * The nginx server block that serves a policy, and the entry of a domains file,
 * for people to copy.
 */

#ifndef MTA_STS_GENERATOR_GENERATOR_H
#define MTA_STS_GENERATOR_GENERATOR_H


#include "policy/policy.h"
#include "records/records.h"
#include "serve/serve.h"


/*
 * Appends a complete server block for the policy domain, with every setting
 * spelt out.  What it says renders to the same bytes again.
 */
void mta_sts_block_add(mta_sts_buf_t *text, const mta_sts_settings_t *settings,
    mta_sts_str_t domain);

/*
 * Appends the same as the domains file of one domain (README: "Many domains").
 * Returns MTA_STS_ERROR when memory ran out.
 */
int mta_sts_block_add_yaml(mta_sts_buf_t *text,
    const mta_sts_settings_t *settings, mta_sts_str_t domain);


/*
 * The policy of one domain without any configuration: what mta-sts generate
 * and the page make of what they are told.
 */


/* Zero one to begin with; name the domain, set settings, end. */

typedef struct {
    mta_sts_str_t       domain;
    mta_sts_settings_t  settings;
    mta_sts_entry_t     entry;          /* when it has ended */
} mta_sts_draft_t;


/*
 * Normalises the policy domain.  Errors: invalid domain "DOMAIN", and the rule;
 * out of memory.
 */
int mta_sts_draft_domain(mta_sts_draft_t *draft, const mta_sts_value_t *value,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* Sets a setting; errors are those of mta_sts_settings_set(). */
int mta_sts_draft_set(mta_sts_draft_t *draft, mta_sts_setting_e setting,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Does the mode need an mx, and is none set? */
int mta_sts_draft_lacks_mx(const mta_sts_draft_t *draft);

/*
 * Renders the policy, with the warnings that nginx would give, into env's
 * memory.  Errors are those of mta_sts_server_build().
 */
int mta_sts_draft_end(mta_sts_draft_t *draft, const mta_sts_env_t *env,
    mta_sts_err_t *err);


/*
 * The policy generator: a form goes in, the policy and all that belongs to it
 * comes out, as a page or as JSON.
 */


/* The fields of the form; those of a mistake, too. */

typedef enum {
    MTA_STS_FORM_DOMAIN = 0,
    MTA_STS_FORM_MODE,
    MTA_STS_FORM_MX,
    MTA_STS_FORM_MAX_AGE,
    MTA_STS_FORM_RUA,
    MTA_STS_FORM_MAX_AGE_OTHER,          /* of max_age "other" */
    MTA_STS_FORM_FORMAT,                 /* "json" or "policy"; or a page */
    MTA_STS_FORM_FILE,                   /* one that the page needs */
    MTA_STS_FORM_QUERY,                  /* the query as a whole; no field */
    MTA_STS_FORM_FIELDS
} mta_sts_form_e;


typedef struct {
    const mta_sts_env_t  *caller;
    mta_sts_env_t         env;           /* the caller's, but for warnings */

    mta_sts_str_t         typed[MTA_STS_FORM_FIELDS];
    mta_sts_str_t         errors[MTA_STS_FORM_FIELDS];  /* or empty */
    int                   n_errors;
    int                   submitted;

    mta_sts_str_t        *warnings;
    size_t                n_warnings;
    size_t                warnings_size;

    /* without an error */

    mta_sts_draft_t       draft;
    mta_sts_record_t     *records;
    size_t                n_records;
    mta_sts_str_t         policy_url;
    mta_sts_str_t         server;        /* an nginx server block */
    mta_sts_str_t         yaml;          /* a domains file */
} mta_sts_generator_t;


/* The name of a field in a query; also of a mistake in JSON. */
const char *mta_sts_generator_name(mta_sts_form_e field);

/*
 * Reads the query of a form and makes the policy.  What is wrong with a field
 * is in errors, in the words of the core; everything lives in env's memory, as
 * does the generator itself, which must not move.
 *
 * Returns MTA_STS_ERROR when memory ran out, or SHA-256 failed in libcrypto.
 */
int mta_sts_generator_read(mta_sts_generator_t *generator,
    mta_sts_str_t query, const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Appends the page of a template; self is the page's own URL, without a query,
 * and version what changes with the files that it needs.
 *
 * Errors: those of mta_sts_template_render().
 */
int mta_sts_generator_page(mta_sts_generator_t *generator,
    mta_sts_str_t template_text, mta_sts_str_t self, mta_sts_str_t version,
    mta_sts_buf_t *text, mta_sts_err_t *err);

/*
 * Appends the same as JSON: the object of mta_sts_json_domain() with policy,
 * policy_url, server, yaml and warnings (a list); or only "errors", an object
 * with a text for each field that has one.
 *
 * Errors: out of memory.
 */
int mta_sts_generator_json(mta_sts_generator_t *generator,
    mta_sts_buf_t *text, mta_sts_err_t *err);


#endif /* MTA_STS_GENERATOR_GENERATOR_H */
