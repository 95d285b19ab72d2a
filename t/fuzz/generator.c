/*
 * The generator's query: a form without an error gives a policy, and the server
 * block and the domains file that are shown make the same one; JSON is JSON;
 * what the page shows is escaped.
 */

#include <jansson.h>

#include "domains/yaml.h"
#include "generator/form.h"
#include "again.h"
#include "fuzz.h"


static int
write_text(void *ctx, mta_sts_str_t data)
{
    mta_sts_buf_add(ctx, data);

    return 1;
}


/* A text in YAML is the same text again. */

static void
check_yaml(mta_sts_str_t str, const mta_sts_env_t *env)
{
    mta_sts_err_t       err;
    mta_sts_yaml_t     *yaml;
    mta_sts_buf_t      text = { env, NULL, 0, 0, 0 };
    mta_sts_file_t      file;
    mta_sts_value_t     value;
    mta_sts_emitter_t  *emitter;

    emitter = mta_sts_emitter_begin(write_text, &text);

    mta_sts_emitter_document(emitter, 1);
    mta_sts_emitter_list(emitter);
    mta_sts_emitter_text(emitter, str);
    mta_sts_emitter_scalar(emitter, str);
    mta_sts_emitter_list_end(emitter);
    mta_sts_emitter_document_end(emitter);

    fuzz_check(mta_sts_emitter_end(emitter) == MTA_STS_OK, str, FUZZ_NONE);

    file.name = mta_sts_str("text.yaml");
    file.text = mta_sts_buf_str(&text);
    file.mapped = 0;

    yaml = mta_sts_yaml_open(&file);

    fuzz_check(mta_sts_yaml_next(yaml, &value, &err) == MTA_STS_YAML_LIST
               && mta_sts_yaml_next(yaml, &value, &err) == MTA_STS_YAML_TEXT
               && mta_sts_str_eq(value.text, str)
               && mta_sts_yaml_next(yaml, &value, &err) == MTA_STS_YAML_TEXT
               && mta_sts_str_eq(value.text, str), str,
               mta_sts_buf_str(&text));

    mta_sts_yaml_close(yaml);
}


/* Each field, decoded, is a text that YAML gives back. */

static void
check_query(mta_sts_str_t query, const mta_sts_env_t *env)
{
    char           *buf;
    mta_sts_err_t   err;
    mta_sts_str_t   name, value;

    while (mta_sts_query_next(&query, &name, &value)) {
        buf = env->alloc(env->ctx, value.len + 1);

        if (mta_sts_query_decode(value, buf, &value, &err) == MTA_STS_OK) {
            check_yaml(value, env);

        } else {
            fuzz_check_error(&err);
        }
    }
}


static mta_sts_str_t
make_page(const mta_sts_generator_t *generator)
{
    mta_sts_err_t  err;
    mta_sts_str_t  page;

    fuzz_check(mta_sts_generator_page(generator, mta_sts_str("1"), &page,
                                      &err)
               == MTA_STS_OK, FUZZ_NONE, FUZZ_NONE);
    fuzz_check(mta_sts_str_ends(page, mta_sts_str("</html>\n")), page,
               FUZZ_NONE);

    return page;
}


/* Bytes that have a meaning in HTML. */

static size_t
count(mta_sts_str_t page)
{
    size_t  i, n;

    for (i = 0, n = 0; i < page.len; i++) {
        n += page.data[i] == '<' || page.data[i] == '>' || page.data[i] == '"'
             || page.data[i] == '\'';
    }

    return n;
}


/* No byte that was typed has a meaning: with other texts there are as many. */

static void
check_page(const mta_sts_generator_t *generator)
{
    size_t               i;
    mta_sts_str_t        page;
    mta_sts_generator_t  plain;

    page = make_page(generator);
    plain = *generator;

    for (i = 0; i < MTA_STS_FORM_FIELDS; i++) {
        if (plain.errors[i].len) {
            plain.errors[i] = mta_sts_str("x");
        }

        if (plain.typed[i].len && i != MTA_STS_FORM_MODE
            && i != MTA_STS_FORM_MAX_AGE)
        {
            plain.typed[i] = mta_sts_str("x");
        }
    }

    fuzz_check(count(page) == count(make_page(&plain)), page, FUZZ_NONE);
}


/* The object that the form gives, and the policy in it. */

static void
check_json(const mta_sts_generator_t *generator)
{
    json_t         *root, *policy;
    mta_sts_err_t   err;
    mta_sts_str_t   body, text;

    fuzz_check(mta_sts_generator_json(generator, &text, &err) == MTA_STS_OK,
               FUZZ_NONE, FUZZ_NONE);

    root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);

    fuzz_check(root != NULL, text, FUZZ_NONE);

    policy = json_object_get(root, "policy");

    if (generator->n_errors == 0 && generator->result.entry.policy) {
        body.data = json_string_value(policy);
        body.len = json_string_length(policy);

        fuzz_check(body.data
                   && mta_sts_str_eq(body, mta_sts_policy_body(
                                            generator->result.entry.policy)),
                   text, FUZZ_NONE);

    } else {
        fuzz_check(policy == NULL, text, FUZZ_NONE);
    }

    json_decref(root);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mta_sts_err_t         err;
    mta_sts_str_t         query;
    mta_sts_result_t      result;
    const mta_sts_env_t  *env;
    mta_sts_generator_t   generator;

    static mta_sts_digest_t  digest;

    env = fuzz_begin();
    query = fuzz_str(data, size);

    check_query(query, env);

    fuzz_check(mta_sts_generator_read(&generator, query, &digest, env, &err)
               == MTA_STS_OK, query, FUZZ_NONE);

    check_page(&generator);
    check_json(&generator);

    if (generator.n_errors == 0 && generator.result.entry.policy) {
        again_entry(&generator.result.entry, env, &result);
        again_server_text(generator.result.server, &generator.result.entry,
                          env);
        again_yaml_text(generator.result.yaml, &generator.result.entry, env);
    }

    return 0;
}
