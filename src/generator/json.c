/*
 * What the generator has, as JSON.
 */

#include <stdlib.h>

#include "generator.h"
#include "records/records.h"


static int
json_set(json_t *object, const char *key, mta_sts_str_t value)
{
    return json_object_set_new(object, key,
                               json_stringn(value.len ? value.data : "",
                                            value.len));
}


/* Each returns NULL when memory ran out. */

static json_t *
json_errors(const mta_sts_generator_t *generator)
{
    int      failed;
    size_t   i;
    json_t  *errors;

    errors = json_object();
    failed = errors == NULL;

    for (i = 0; i < MTA_STS_FORM_FIELDS; i++) {
        if (generator->errors[i].len) {
            failed |= json_set(errors,
                               mta_sts_generator_name((mta_sts_form_e) i),
                               generator->errors[i]);
        }
    }

    if (failed) {
        json_decref(errors);
        return NULL;
    }

    return json_pack("{s:o}", "errors", errors);
}


static json_t *
json_warnings(const mta_sts_generator_t *generator)
{
    size_t         i;
    json_t        *list;
    mta_sts_str_t  text;

    list = json_array();

    for (i = 0; i < generator->n_warnings; i++) {
        text = generator->warnings[i];

        if (json_array_append_new(list, json_stringn(text.data, text.len))
            != 0)
        {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
json_result(mta_sts_generator_t *generator)
{
    int                     failed;
    json_t                 *object;
    const mta_sts_entry_t  *entry;

    entry = &generator->draft.entry;

    object = mta_sts_json_domain(entry, generator->records,
                                 generator->n_records, &generator->env);

    failed = json_set(object, "policy", mta_sts_policy_body(entry->policy));
    failed |= json_set(object, "policy_url", generator->policy_url);
    failed |= json_set(object, "server", generator->server);
    failed |= json_set(object, "yaml", generator->yaml);
    failed |= json_object_set_new(object, "warnings",
                                  json_warnings(generator));

    if (failed) {
        json_decref(object);
        return NULL;
    }

    return object;
}


int
mta_sts_generator_json(mta_sts_generator_t *generator, mta_sts_buf_t *text,
    mta_sts_err_t *err)
{
    char    *dump;
    json_t  *json;

    json = generator->draft.entry.policy ? json_result(generator)
                                         : json_errors(generator);
    if (json == NULL) {
        return mta_sts_error_memory(err);
    }

    dump = json_dumps(json, JSON_INDENT(2)|JSON_ENSURE_ASCII);

    json_decref(json);

    if (dump == NULL) {
        return mta_sts_error_memory(err);
    }

    mta_sts_buf_add_cstr(text, dump);
    mta_sts_buf_add_char(text, '\n');

    free(dump);

    return text->failed ? mta_sts_error_memory(err) : MTA_STS_OK;
}
