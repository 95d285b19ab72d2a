/*
 * Inside the generator: how a query is decoded, and how text is escaped where
 * it becomes part of a page or of JSON.
 */

#ifndef MTA_STS_GENERATOR_FORM_H
#define MTA_STS_GENERATOR_FORM_H


#include "generator.h"


/*
 * Takes the next field off *query: its name and its value, still encoded.
 * Returns 0 when there are no more.
 */
int mta_sts_query_next(mta_sts_str_t *query, mta_sts_str_t *name,
    mta_sts_str_t *value);

/*
 * Decodes a value to buf, which must have room for encoded.len bytes: "+" is a
 * space, "%" and two hex digits are a byte, and a line end of any kind becomes
 * "\n".  *decoded is a part of buf.
 *
 * Errors: "%" must be followed by two hex digits; not UTF-8; has a control
 * character.
 */
int mta_sts_query_decode(mta_sts_str_t encoded, char *buf,
    mta_sts_str_t *decoded, mta_sts_err_t *err);


/*
 * The words of a list field, as people paste them.  Zero one, and set text to
 * what was typed.
 */

typedef struct {
    mta_sts_str_t  text;                 /* what is left */
    mta_sts_str_t  line;                 /* of mx: of the current line */
    int            policy;               /* mode or max_age was skipped */
    int            numbers;              /* that were skipped */
} mta_sts_words_t;


/*
 * Gives the next mx pattern: one word, one MX record, or one mx line of a
 * policy.  Preferences, names and TTLs of records are skipped, and so are other
 * lines of a policy.  Returns 0 at the end.
 */
int mta_sts_words_mx(mta_sts_words_t *words, mta_sts_str_t *word);

/* Gives the next report address, also of a TLSRPT record. */
int mta_sts_words_rua(mta_sts_words_t *words, mta_sts_str_t *word);

/* The domain in a URL, in an e-mail address or in the name of a record. */
mta_sts_str_t mta_sts_words_domain(mta_sts_str_t typed);


/*
 * Keeps the first error of a field; that of max_age_other is one of max_age,
 * and that of format one of the query.
 *
 * Errors: out of memory, which err has already or gets here.
 */
int mta_sts_form_fault(mta_sts_generator_t *generator, mta_sts_form_e field,
    mta_sts_err_t *err);

/*
 * Makes the result of what was typed, or keeps errors.  Errors: those of
 * mta_sts_generator_read().
 */
int mta_sts_form_fields(mta_sts_generator_t *generator, mta_sts_err_t *err);


/*
 * What a compiled template (tools/template) writes to.  A template runs twice:
 * without data, to measure, and then into exactly as much memory.
 */

typedef struct {
    const mta_sts_generator_t  *generator;
    mta_sts_str_t               self;
    mta_sts_str_t               version;

    char                       *data;    /* or NULL */
    size_t                      len;     /* of what was written, or would be */
} mta_sts_page_t;


/*
 * Appends a text that is not escaped; escaped for HTML, in text and in quoted
 * attributes; escaped for a JSON string, as ASCII.
 */
void mta_sts_page_add(mta_sts_page_t *page, mta_sts_str_t str);
void mta_sts_page_html(mta_sts_page_t *page, mta_sts_str_t str);
void mta_sts_page_json(mta_sts_page_t *page, mta_sts_str_t str);


#endif /* MTA_STS_GENERATOR_FORM_H */
