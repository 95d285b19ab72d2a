/*
 * A failure that is not the form's: when an allocation or SHA-256 fails, the
 * request fails as a whole, and a page never shows half of a policy.
 */

#include <dlfcn.h>
#include <openssl/evp.h>

#include "forms.h"


static int  digest_fails;


int EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *data, size_t len);


/* That of libcrypto, unless it is to fail. */

int
EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    void  *p;
    int  (*real)(EVP_MD_CTX *, const void *, size_t);

    p = dlsym(RTLD_NEXT, "EVP_DigestUpdate");

    if (p == NULL) {
        abort();
    }

    memcpy(&real, &p, sizeof(p));

    return digest_fails ? 0 : real(ctx, data, len);
}


static void
test_digest(void)
{
    test_begin(0);

    digest_fails = 1;
    ok(form_read(mta_sts_str(FORM_MX)) == NULL,
       "a failure of SHA-256 is an error, but of no field");
    digest_fails = 0;
}


static int
memory_form(const char *query)
{
    return form_read(mta_sts_str_from(query)) ? MTA_STS_OK : MTA_STS_ERROR;
}


static int
memory_policy(void)
{
    return memory_form(FORM_RUA "&mx=*.b.example%0D%0Ac.example&max_age=other"
                       "&max_age_other=2w&rua=https://b.example/");
}


static int
memory_errors(void)
{
    return memory_form("domain=a..b&mode=x&mx=a..b&max_age=0&rua=y&mx=c..d");
}


static int
memory_query(void)
{
    return memory_form("domain=a&domain=b&mode=%");
}


static int
memory_end(void)
{
    return memory_form("domain=example.com");
}


/* The page and the JSON of a form. */

static int
memory_page(void)
{
    mta_sts_str_t         text;
    mta_sts_generator_t  *generator;

    generator = form_read(mta_sts_str(FORM_RUA));

    return generator ? mta_sts_generator_page(generator, mta_sts_str("1"),
                                              &text, &test.err)
                     : MTA_STS_ERROR;
}


static int
memory_json(void)
{
    mta_sts_str_t         text;
    mta_sts_generator_t  *generator;

    generator = form_read(mta_sts_str(FORM_RUA));

    return generator ? mta_sts_generator_json(generator, &text, &test.err)
                     : MTA_STS_ERROR;
}


/*
 * A warning whose allocation fails is dropped, and nothing else: each failure
 * is an error, or one warning less.
 */

static void
test_warnings(void)
{
    int                   wrong;
    size_t                fail, lost;
    mta_sts_generator_t  *generator;

    wrong = 0;
    lost = 0;

    for (fail = 1; /* void */ ; fail++) {
        test_begin(fail);

        generator = form_read(mta_sts_str(FORM_RUA "&max_age=60&"
                                          "mx=mail.example.com"));

        if (test.n < fail) {
            break;
        }

        if (generator) {
            wrong += generator->result.entry.policy == NULL
                     || generator->n_warnings > 1;
            lost++;

        } else {
            wrong += !test.err.memory;
        }
    }

    is_int(wrong, 0, "each of %zu allocations may fail", fail - 1);
    ok(generator && generator->n_warnings == 2 && lost == 2,
       "a warning may be lost");
}


int
main(void)
{
    test_digest();
    test_warnings();
    test_memory(memory_policy, "policy");
    test_memory(memory_errors, "errors");
    test_memory(memory_query, "errors of the query");
    test_memory(memory_end, "no mx");
    test_memory(memory_page, "page");
    test_memory(memory_json, "json");

    return done();
}
