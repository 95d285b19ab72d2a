/*
 * The generator's query: what is decoded can be encoded and decoded again; a
 * form without a mistake gives a policy, and the server block and the domains
 * file that are shown make the same one; JSON is JSON; what the page shows is
 * escaped.
 */

#include <jansson.h>

#include "domains/yaml.h"
#include "generator/generator.h"
#include "generator/form.h"
#include "again.h"
#include "fuzz.h"


static char    page[256 * 1024];
static size_t  page_len;


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    FILE  *file;

    (void) argc;
    (void) argv;

    file = fopen("src/generator/web/page.html", "r");

    if (file == NULL) {
        perror("src/generator/web/page.html");
        exit(1);
    }

    page_len = fread(page, 1, sizeof(page), file);
    (void) fclose(file);

    return 0;
}


/* HTML that was escaped is the text again, and has nothing of HTML's. */

static void
check_escaped(mta_sts_str_t str, const mta_sts_env_t *env)
{
    size_t          i, k;
    mta_sts_str_t   rest;
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };
    mta_sts_buf_t  back = { env, NULL, 0, 0, 0 };

    static const mta_sts_str_t  names[] = {
        { "&amp;", 5 }, { "&lt;", 4 }, { "&gt;", 4 }, { "&quot;", 6 },
        { "&#39;", 5 }
    };

    mta_sts_template_escape(&text, str);
    rest = mta_sts_buf_str(&text);

    while (rest.len) {
        fuzz_check(memchr("<>\"'", rest.data[0], 4) == NULL, str, rest);

        if (rest.data[0] != '&') {
            mta_sts_buf_add_char(&back, rest.data[0]);
            rest = mta_sts_str_after(rest, 1);
            continue;
        }

        for (i = 0, k = 5; i < k; i++) {
            if (mta_sts_str_starts(rest, names[i])) {
                k = i;
            }
        }

        fuzz_check(k < 5, str, rest);

        mta_sts_buf_add_char(&back, "&<>\"'"[k]);
        rest = mta_sts_str_after(rest, names[k].len);
    }

    fuzz_check(mta_sts_str_eq(str, mta_sts_buf_str(&back)), str,
               mta_sts_buf_str(&text));
}


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


/* Each field, decoded, encoded and decoded. */

static void
check_query(mta_sts_str_t query, const mta_sts_env_t *env)
{
    int             rc, found;
    mta_sts_err_t   err;
    mta_sts_str_t   name, value, names, values, again;
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };

    do {
        rc = mta_sts_query_next(&query, env, &name, &value, &found, &err);

        if (rc != MTA_STS_OK) {
            fuzz_check_error(&err);
            continue;
        }

        if (!found) {
            return;
        }

        check_escaped(value, env);
        check_yaml(value, env);

        memset(&text, 0, sizeof(mta_sts_buf_t));
        text.env = env;

        mta_sts_query_add(&text, name);
        mta_sts_buf_add_char(&text, '=');
        mta_sts_query_add(&text, value);

        again = mta_sts_buf_str(&text);

        fuzz_check(mta_sts_query_next(&again, env, &names, &values, &found,
                                      &err)
                   == MTA_STS_OK && found && again.len == 0
                   && mta_sts_str_eq(name, names)
                   && mta_sts_str_eq(value, values), value,
                   mta_sts_buf_str(&text));

    } while (query.len);
}


/* The object that the form gives, and the policy in it. */

static void
check_json(mta_sts_generator_t *generator, const mta_sts_env_t *env)
{
    json_t         *root, *policy;
    mta_sts_err_t   err;
    mta_sts_str_t   body;
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };

    fuzz_check(mta_sts_generator_json(generator, &text, &err) == MTA_STS_OK,
               FUZZ_NONE, FUZZ_NONE);

    root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);

    fuzz_check(root != NULL, mta_sts_buf_str(&text), FUZZ_NONE);

    policy = json_object_get(root, "policy");

    if (generator->n_errors == 0 && generator->draft.entry.policy) {
        body.data = json_string_value(policy);
        body.len = json_string_length(policy);

        fuzz_check(body.data
                   && mta_sts_str_eq(body, mta_sts_policy_body(
                                            generator->draft.entry.policy)),
                   mta_sts_buf_str(&text), FUZZ_NONE);

    } else {
        fuzz_check(policy == NULL, mta_sts_buf_str(&text), FUZZ_NONE);
    }

    json_decref(root);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mta_sts_err_t         err;
    mta_sts_str_t         query;
    mta_sts_buf_t        text = { NULL, NULL, 0, 0, 0 };
    mta_sts_draft_t       draft;
    const mta_sts_env_t  *env;
    mta_sts_generator_t   generator;

    env = fuzz_begin();
    query = fuzz_str(data, size);

    check_query(query, env);

    fuzz_check(mta_sts_generator_read(&generator, query, env, &err)
               == MTA_STS_OK, query, FUZZ_NONE);

    text.env = env;

    fuzz_check(mta_sts_generator_page(&generator, fuzz_str(
                                          (const uint8_t *) page, page_len),
                                      mta_sts_str("generator"),
                                      mta_sts_str("1"), &text, &err)
               == MTA_STS_OK, query, mta_sts_str_from(err.text));
    fuzz_check(mta_sts_str_ends(mta_sts_buf_str(&text),
                                mta_sts_str("</html>\n")),
               mta_sts_buf_str(&text), FUZZ_NONE);

    check_json(&generator, env);

    if (generator.n_errors == 0 && generator.draft.entry.policy) {
        again_entry(&generator.draft.entry, env, &draft);
        again_server_text(generator.server, &generator.draft.entry, env);
        again_yaml_text(generator.yaml, &generator.draft.entry, env);
    }

    return 0;
}
