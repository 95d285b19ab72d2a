/*
 * Inside the generator: from what was typed to the settings of a policy.
 */

#ifndef MTA_STS_GENERATOR_FORM_H
#define MTA_STS_GENERATOR_FORM_H


#include "generator.h"
#include "page/page.h"


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


#endif /* MTA_STS_GENERATOR_FORM_H */
