/*
 * What fails while a policy is made is no mistake of the form: without memory,
 * or without SHA-256, the request fails as a whole, and a page never shows half
 * of a policy.
 */

#include <dlfcn.h>
#include <jansson.h>
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
       "without SHA-256 there is an error, and it is nobody's mistake");
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


/* With a page and JSON at the end, of a form that was read before. */

static int
memory_page_of(const char *query)
{
    mta_sts_buf_t        text = { &test.env, NULL, 0, 0, 0 };
    mta_sts_generator_t  *generator;

    generator = form_read(mta_sts_str_from(query));

    if (generator == NULL) {
        return MTA_STS_ERROR;
    }

    return mta_sts_generator_page(generator, mta_sts_str(
                                  "{{domain}}{{#result}}{{download}}{{json}}"
                                  "{{#records}}{{host}}{{value}}{{/records}}"
                                  "{{policy}}{{server}}{{/result}}"),
                                  mta_sts_str("./"), mta_sts_str("1"), &text,
                                  &test.err);
}


static int
memory_page(void)
{
    return memory_page_of(FORM_RUA);
}


static int
memory_page_empty(void)
{
    return memory_page_of("&x=1");
}


static int
memory_json(void)
{
    mta_sts_buf_t        text = { &test.env, NULL, 0, 0, 0 };
    mta_sts_generator_t  *generator;

    generator = form_read(mta_sts_str(FORM_RUA));

    return generator ? mta_sts_generator_json(generator, &text, &test.err)
                     : MTA_STS_ERROR;
}


/* jansson's own allocations, of JSON alone. */

static size_t  json_calls;
static size_t  json_fail;       /* the one that fails, from 1 */


static void *
json_malloc(size_t size)
{
    return ++json_calls == json_fail ? NULL : malloc(size);
}


static void
test_json(const char *query, const char *name)
{
    int                   rc, wrong;
    mta_sts_buf_t        text;
    mta_sts_generator_t  *generator;

    wrong = 0;
    json_fail = 0;
    json_set_alloc_funcs(json_malloc, free);

    do {
        test_begin(0);
        memset(&text, 0, sizeof(text));
        text.env = &test.env;
        json_calls = 0;

        generator = form_read(mta_sts_str_from(query));

        json_calls = 0;
        json_fail++;

        rc = generator ? mta_sts_generator_json(generator, &text, &test.err)
                       : MTA_STS_OK;

        wrong += rc != MTA_STS_OK && !test.err.memory;

    } while (rc != MTA_STS_OK);

    ok(json_fail > 10 && !wrong, "json, %s: each of %zu of jansson's "
       "allocations may fail", name, json_fail - 1);

    json_set_alloc_funcs(malloc, free);
}


/*
 * A warning for which there is no memory is lost, and nothing else: each
 * failure is an error, or one warning less.
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
            wrong += generator->draft.entry.policy == NULL
                     || generator->n_warnings > 1;
            lost++;

        } else {
            wrong += !test.err.memory;
        }
    }

    is_int(wrong, 0, "each of %zu allocations may fail", fail - 1);
    ok(generator && generator->n_warnings == 2 && lost == 3,
       "a warning may be lost");
}


int
main(void)
{
    test_digest();
    test_warnings();
    test_memory(memory_policy, "policy");
    test_memory(memory_errors, "mistakes");
    test_memory(memory_query, "mistakes of the query");
    test_memory(memory_end, "no mx");
    test_memory(memory_page, "page");
    test_memory(memory_page_empty, "page of an empty form");
    test_memory(memory_json, "json");
    test_json(FORM_RUA "&mx=*.b.example%0D%0Ac.example", "a policy");
    test_json("domain=a..b&mode=x&mx=a..b", "mistakes");

    return done();
}
