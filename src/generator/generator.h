/*
 * The policy generator: from the settings of one domain to its policy, its DNS
 * records and what serves it; and the form, the page and the JSON around that.
 * mta-sts generate uses the first half, the module both.
 */

#ifndef MTA_STS_GENERATOR_GENERATOR_H
#define MTA_STS_GENERATOR_GENERATOR_H


#include "policy/policy.h"
#include "formats/formats.h"
#include "records/records.h"


/*
 * One domain without any configuration.  Zero it, set the domain and the
 * settings, and call mta_sts_result_make().
 */

typedef struct {
    mta_sts_entry_t      entry;          /* normalized domain, policy */
    mta_sts_settings_t   settings;

    mta_sts_record_t    *records;
    size_t               n_records;

    mta_sts_str_t        policy_url;
    mta_sts_str_t        server;         /* an nginx server block */
    mta_sts_str_t        yaml;           /* a domains file */
    mta_sts_str_t        zone;           /* lines of a zone file */
} mta_sts_result_t;


/* Sets one setting; errors are those of mta_sts_settings_set(). */
int mta_sts_result_set(mta_sts_result_t *result, mta_sts_setting_e setting,
    const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Renders the policy and its records into env's memory, with the warnings that
 * nginx would give.
 *
 * Errors: those of mta_sts_policy_render().
 */
int mta_sts_result_make(mta_sts_result_t *result, mta_sts_digest_t *digest,
    const mta_sts_env_t *env, mta_sts_err_t *err);

/* Makes the texts to copy, in env's memory.  Errors: out of memory. */
int mta_sts_result_texts(mta_sts_result_t *result, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Writes the records of a result that was made in a format, in env's memory.
 *
 * Errors: out of memory.
 */
int mta_sts_result_records(const mta_sts_result_t *result,
    const mta_sts_format_t *format, const mta_sts_format_settings_t *settings,
    const mta_sts_env_t *env, mta_sts_str_t *text, mta_sts_err_t *err);

/*
 * Appends a complete nginx server block for a policy domain, with every setting
 * written out, so that it renders to the same bytes again.
 */
void mta_sts_block_add(mta_sts_buf_t *text, const mta_sts_settings_t *settings,
    mta_sts_str_t domain);


/*
 * Limits of a form.  It comes from untrusted clients: they bound the memory and
 * the time that one request can take.
 */

#define MTA_STS_FORM_MAX        1800     /* bytes of a query */
#define MTA_STS_FORM_MX_MAX     16       /* mx patterns */
#define MTA_STS_FORM_IDN_MAX    2        /* mx patterns with U-labels */
#define MTA_STS_FORM_RUA_MAX    3        /* report addresses */
#define MTA_STS_FORM_URI_MAX    100      /* bytes of one */
#define MTA_STS_FORM_NAME_MAX   600      /* bytes of any other value */
#define MTA_STS_FORM_WARNINGS   4        /* that are kept */


/* The fields of a form; an error belongs to one of them, too. */

typedef enum {
    MTA_STS_FORM_DOMAIN = 0,
    MTA_STS_FORM_MODE,
    MTA_STS_FORM_MX,
    MTA_STS_FORM_MAX_AGE,
    MTA_STS_FORM_RUA,
    MTA_STS_FORM_MAX_AGE_OTHER,          /* used when max_age is "other" */
    MTA_STS_FORM_FORMAT,                 /* "html" or empty, "json", "policy",
                                            or a format of records */
    MTA_STS_FORM_QUERY,                  /* no field: the query as a whole */
    MTA_STS_FORM_FIELDS
} mta_sts_form_e;


typedef struct {
    const mta_sts_env_t  *caller;
    mta_sts_env_t         env;           /* the caller's, but for warnings */
    mta_sts_digest_t     *digest;

    mta_sts_str_t         typed[MTA_STS_FORM_FIELDS];   /* decoded */
    mta_sts_str_t         errors[MTA_STS_FORM_FIELDS];  /* or empty */
    int                   n_errors;
    int                   submitted;

    mta_sts_str_t         warnings[MTA_STS_FORM_WARNINGS];
    size_t                n_warnings;

    mta_sts_result_t      result;        /* entry.policy is NULL on errors */

    const mta_sts_format_t    *format;   /* of records, or NULL for another */
    mta_sts_format_settings_t  format_settings;
} mta_sts_generator_t;


/* The name of a field, in a query and in the "errors" of JSON. */
const char *mta_sts_generator_name(mta_sts_form_e field);

/*
 * Reads the query of a form (application/x-www-form-urlencoded) and makes the
 * policy.  What is wrong with a field is in errors; everything is in env's
 * memory, as is the generator itself, which must not move.  digest may be used
 * for any number of forms.
 *
 * Errors: out of memory; SHA-256 failed in libcrypto.
 */
int mta_sts_generator_read(mta_sts_generator_t *generator,
    mta_sts_str_t query, mta_sts_digest_t *digest, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * Gives the page; version changes whenever the files do that it loads.
 *
 * Errors: out of memory.
 */
int mta_sts_generator_page(const mta_sts_generator_t *generator,
    mta_sts_str_t version, mta_sts_str_t *page, mta_sts_err_t *err);

/*
 * Gives the same as JSON: the object of format "json" with policy,
 * policy_url, server, yaml and warnings (a list); or only "errors", an object
 * with a text for each field that has one.
 *
 * Errors: out of memory.
 */
int mta_sts_generator_json(const mta_sts_generator_t *generator,
    mta_sts_str_t *json, mta_sts_err_t *err);


#endif /* MTA_STS_GENERATOR_GENERATOR_H */
