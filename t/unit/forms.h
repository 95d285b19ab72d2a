/*
 * Forms for the tests, from their queries.
 */

#ifndef MTA_STS_FORMS_H
#define MTA_STS_FORMS_H


#include "generator/generator.h"
#include "tap.h"


#define FORM_MX   "domain=example.com&mx=mail.example.com"
#define FORM_RUA  FORM_MX "&rua=mailto%3Atls%40example.com"


/* The generator of a query, which was read; NULL where that failed. */

static inline mta_sts_generator_t *
form_read(mta_sts_str_t query)
{
    int                   rc;
    mta_sts_digest_t      digest = { NULL };
    mta_sts_generator_t  *generator;

    generator = test_alloc(&test, sizeof(mta_sts_generator_t));

    if (generator == NULL) {
        (void) mta_sts_error_memory(&test.err);
        return NULL;
    }

    rc = mta_sts_generator_read(generator, query, &digest, &test.env,
                                &test.err);

    mta_sts_digest_free(&digest);

    return rc == MTA_STS_OK ? generator : NULL;
}


/* The same with all memory given back first; it must not fail. */

static inline mta_sts_generator_t *
form(const char *query)
{
    mta_sts_generator_t  *generator;

    test_begin(0);

    generator = form_read(mta_sts_str_from(query));

    if (generator == NULL) {
        abort();
    }

    return generator;
}


/* The body of the policy of a form, or an empty text. */

static inline mta_sts_str_t
form_body(const mta_sts_generator_t *generator)
{
    return generator->result.entry.policy
           ? mta_sts_policy_body(generator->result.entry.policy)
           : mta_sts_str("");
}


#endif /* MTA_STS_FORMS_H */
