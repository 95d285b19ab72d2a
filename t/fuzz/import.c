/*
 * The import of a policy: what a sender reads in a text that is valid, it reads
 * in the text when it is repaired, and in the domains file and the server block
 * that are made of it.  What was repaired needs no repair.
 */

#include "cli/import/import.h"
#include "fuzz.h"


static int
same(const body_t *a, const body_t *b)
{
    size_t  i;

    if (a->mode != b->mode || a->max_age != b->max_age || a->n != b->n) {
        return 0;
    }

    for (i = 0; i < a->n; i++) {
        if (!mta_sts_str_eq(a->mx[i], b->mx[i])) {
            return 0;
        }
    }

    return 1;
}


/* Our own rules are narrower: no address, no bad A-label. */

static int
is_ours(const body_t *body, const mta_sts_env_t *env)
{
    size_t           i;
    mta_sts_err_t    err;
    mta_sts_str_t    name;
    mta_sts_value_t  mx;

    for (i = 0; i < body->n; i++) {
        mx = fuzz_value(body->mx[i]);

        if (mta_sts_name_mx(&mx, env, &name, &err) != MTA_STS_OK) {
            return 0;
        }
    }

    return 1;
}


static void
check_written(const import_t *import, const char *name,
    const mta_sts_env_t *env)
{
    mta_sts_buf_t           text = { env, NULL, 0, 0, 0 };
    mta_sts_err_t           err;
    const import_format_t  *format;

    format = import_format(name);

    import_write(import, format, &text);

    fuzz_check(import_verify(import, format, mta_sts_str("stdout"),
                             mta_sts_buf_str(&text), env, &err)
               == MTA_STS_OK,
               mta_sts_buf_str(&text), mta_sts_str_from(err.text));
}


/* Imports a text for three domains, of which two have report addresses. */

static void
check_import(mta_sts_str_t text, const body_t *body, const mta_sts_env_t *env)
{
    size_t           i;
    import_t         import;
    import_source_t  source;

    static const mta_sts_str_t  domains[] = {
        { "b.example", 9 }, { "a.example", 9 }, { "c.example", 9 }
    };

    static const mta_sts_str_t  rua[] = {
        { "mailto:a@example.com,https://example.com/r", 42 }, { "", 0 },
        { "mailto:c@example.com", 20 }
    };

    import_init(&import, env->is_public_suffix);

    import.repair = 1;
    import.now = 1700000000;

    memset(&source, 0, sizeof(import_source_t));

    source.text = text;
    source.id = mta_sts_str("1");
    source.ttl = 3600;

    for (i = 0; i < 3; i++) {
        source.domain = domains[i];
        source.rua = rua[i];

        import_add(&import, &source);
    }

    /* the rendered policy may be too large where the text is not */

    fuzz_check(import.n == 3 || body->n > 100, text, FUZZ_NONE);

    import_end(&import);

    if (import.n) {
        fuzz_check(mta_sts_str_eq(import.domains[0].domain, domains[1]), text,
                   FUZZ_NONE);

        check_written(&import, "yaml", env);
        check_written(&import, "nginx", env);
    }

    import_free(&import);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned              bits, changed;
    body_t                body, again, twice;
    findings_t            findings;
    mta_sts_str_t         text, repaired, other;
    const mta_sts_env_t  *env;

    env = fuzz_begin();
    text = fuzz_str(data, size);

    memset(&findings, 0, sizeof(findings_t));
    findings.env = env;

    body_parse(&body, text, &findings);

    changed = import_repair(text, env, &repaired);
    body_parse(&again, repaired, &findings);

    bits = import_repair(repaired, env, &other);
    body_parse(&twice, other, &findings);

    if (again.valid) {
        fuzz_check(bits == 0, repaired, other);
        fuzz_check(same(&again, &twice), repaired, other);
    }

    if (body.valid && is_ours(&body, env)) {

        /* "Mx:" is a key that the RFC does not define */

        fuzz_check((again.valid && same(&body, &again))
                   || (changed & IMPORT(CAPITALS)), text, repaired);

        check_import(text, &body, env);
    }

    return 0;
}
