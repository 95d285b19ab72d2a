/*
 * The query of a form: "name=value&name=value", as a browser encodes it
 * (application/x-www-form-urlencoded).
 */

#ifndef MTA_STS_GENERATOR_FORM_H
#define MTA_STS_GENERATOR_FORM_H


#include "base/base.h"


#define MTA_STS_QUERY_MAX  8192             /* bytes */


/*
 * Takes the next field from *query and decodes it to env's memory: "+" is a
 * space, "%" and two hex digits a byte, and a line end of any kind becomes
 * "\n".  *found is 0 at the end.
 *
 * Errors: "%" must be followed by two hex digits; not UTF-8; has a control
 * character; out of memory.
 */
int mta_sts_query_next(mta_sts_str_t *query, const mta_sts_env_t *env,
    mta_sts_str_t *name, mta_sts_str_t *value, int *found,
    mta_sts_err_t *err);

/* Appends str as a name or a value of a query. */
void mta_sts_query_add(mta_sts_buf_t *text, mta_sts_str_t str);


/*
 * Pages from templates: a subset of Mustache.
 *
 *     {{name}}                  the field's value, escaped for HTML
 *     {{#name}} ... {{/name}}   once if the value is not empty; or once for
 *                               each element of the field's list
 *     {{^name}} ... {{/name}}   once if value and list are empty
 *
 * There is no way to put a value in unescaped.
 */


#define MTA_STS_TEMPLATE_DEPTH  8


typedef struct mta_sts_field_s   mta_sts_field_t;
typedef struct mta_sts_fields_s  mta_sts_fields_t;


/* The names that are known in a place, and in those within it. */

struct mta_sts_fields_s {
    const mta_sts_field_t   *elts;
    size_t                   n;
};


/* A value, or a list. */

struct mta_sts_field_s {
    const char              *name;
    mta_sts_str_t            value;
    const mta_sts_fields_t  *list;
    size_t                   n;
};


/*
 * Appends the page of a template and fields.  A name that is not known is an
 * empty value.  Sections nest up to MTA_STS_TEMPLATE_DEPTH deep.
 *
 * Errors: template has no end of "NAME"; template has an end of "NAME" too
 * many; template is nested too deep; template has an open tag; out of memory.
 */
int mta_sts_template_render(mta_sts_str_t template_text,
    const mta_sts_fields_t *fields, mta_sts_buf_t *text, mta_sts_err_t *err);

/* Appends str escaped for HTML, in text and in quoted attributes. */
void mta_sts_template_escape(mta_sts_buf_t *text, mta_sts_str_t str);


#endif /* MTA_STS_GENERATOR_FORM_H */
