/*
 * The named policies of domains files, and what the value of a domain means.
 */

#include <search.h>
#include <stdlib.h>

#include "reader.h"


struct mta_sts_named_policy_s {
    mta_sts_value_t          name;
    mta_sts_settings_t       settings;
    int                      added;     /* it has an index */
    uint32_t                 index;
    mta_sts_named_policy_t  *older;
};


static int
policies_duplicate_key(const mta_sts_value_t *key, mta_sts_err_t *err)
{
    return mta_sts_error(err, key->place, "duplicate key \"%.*s\"",
                         MTA_STS_SHOW(key->text));
}


static int
policies_unknown_key(const mta_sts_value_t *key, const mta_sts_str_t *others,
    size_t n, mta_sts_err_t *err)
{
    size_t             i;
    mta_sts_str_t      prefix;
    mta_sts_nearest_t  nearest = { key->text, { NULL, 0 }, 0 };

    for (i = 0; i < n; i++) {
        mta_sts_nearest_add(&nearest, others[i]);
    }

    /* a directive's name */

    prefix = mta_sts_str("mta_sts_");

    if (mta_sts_str_starts(key->text, prefix)) {
        nearest.wanted = mta_sts_str_after(key->text, prefix.len);
    }

    for (i = 0; i < MTA_STS_SETTINGS; i++) {
        mta_sts_nearest_add(&nearest,
                            mta_sts_settings_name((mta_sts_setting_e) i));
    }

    nearest.wanted = key->text;

    return mta_sts_nearest_error(&nearest, "key", key->place, err);
}


static int
policies_copy(mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    value->text = mta_sts_str_copy(env, value->text);

    return value->text.data ? MTA_STS_OK : mta_sts_error_memory(err);
}


int
mta_sts_reader_setting(mta_sts_reader_t *reader, mta_sts_yaml_t *yaml,
    mta_sts_value_t key, const mta_sts_str_t *others, size_t n,
    mta_sts_settings_t *settings, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    mta_sts_values_t      values;
    mta_sts_setting_e     setting;
    const mta_sts_env_t  *scratch;

    scratch = &reader->scratch.env;

    if (!mta_sts_settings_lookup(key.text, &setting)) {
        return policies_unknown_key(&key, others, n, err);
    }

    if (settings->own & (1u << setting)) {
        return policies_duplicate_key(&key, err);
    }

    if (policies_copy(&key, scratch, err) != MTA_STS_OK
        || mta_sts_yaml_values(yaml, key.text, scratch, &values, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return mta_sts_settings_set(settings, &key, values.elts, values.n, env,
                                err);
}


static int
policies_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(((const mta_sts_named_policy_t *) a)->name.text,
                           ((const mta_sts_named_policy_t *) b)->name.text);
}


/* mta-sts list prints policy names in a column, so they have no spaces. */

static int
policies_check_name(const mta_sts_value_t *name, mta_sts_err_t *err)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < name->text.len; i++) {
        ch = (unsigned char) name->text.data[i];

        if (ch <= ' ' || ch == 0x7f) {
            break;
        }
    }

    if (i < name->text.len || i == 0) {
        return mta_sts_error(err, name->place, "invalid policy name \"%.*s\", "
                             "must be a word without spaces",
                             MTA_STS_SHOW(name->text));
    }

    return MTA_STS_OK;
}


/* Makes a new policy; NULL if there is one of that name, or on failure. */

static mta_sts_named_policy_t *
policies_add(mta_sts_reader_t *reader, const mta_sts_value_t *name,
    mta_sts_err_t *err)
{
    void                    *node;
    const mta_sts_env_t     *keep;
    mta_sts_named_policy_t  *policy, *first;

    keep = &reader->keep.env;

    policy = keep->alloc(keep->ctx, sizeof(mta_sts_named_policy_t));
    if (policy == NULL) {
        (void) mta_sts_error_memory(err);
        return NULL;
    }

    memset(policy, 0, sizeof(mta_sts_named_policy_t));

    policy->name = *name;

    if (policies_copy(&policy->name, reader->builder.env, err) != MTA_STS_OK) {
        return NULL;
    }

    node = tsearch(policy, &reader->tree, policies_cmp);
    if (node == NULL) {
        (void) mta_sts_error_memory(err);
        return NULL;
    }

    first = *(mta_sts_named_policy_t **) node;

    if (first != policy) {
        (void) mta_sts_error(err, name->place, "duplicate policy \"%.*s\", "
                             "first at %.*s:%u", MTA_STS_SHOW(first->name.text),
                             (int) first->name.place.file.len,
                             first->name.place.file.data,
                             first->name.place.line);
        return NULL;
    }

    policy->older = reader->newest;
    reader->newest = policy;

    return policy;
}


int
mta_sts_reader_policy(mta_sts_reader_t *reader, mta_sts_yaml_t *yaml,
    const mta_sts_value_t *name, mta_sts_err_t *err)
{
    mta_sts_yaml_e           node;
    mta_sts_value_t          key;
    mta_sts_named_policy_t  *policy;

    if (policies_check_name(name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    policy = policies_add(reader, name, err);

    if (policy == NULL
        || mta_sts_yaml_map(yaml, policy->name.text, "a map of settings", err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    while ((node = mta_sts_yaml_key(yaml, &key, err)) == MTA_STS_YAML_TEXT) {
        if (mta_sts_reader_setting(reader, yaml, key, NULL, 0,
                                   &policy->settings, &reader->keep.env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return node == MTA_STS_YAML_END ? MTA_STS_OK : MTA_STS_ERROR;
}


/* Reads "policy: NAME" among settings. */

static int
policies_read_name(mta_sts_use_t *use, mta_sts_yaml_t *yaml,
    const mta_sts_value_t *key, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_yaml_e  node;

    if (use->policy.text.data) {
        return policies_duplicate_key(key, err);
    }

    node = mta_sts_yaml_next(yaml, &use->policy, err);

    if (node != MTA_STS_YAML_TEXT || use->policy.text.len == 0) {
        return mta_sts_yaml_must_be(node, &use->policy, mta_sts_str("policy"),
                                    "the name of a policy", err);
    }

    return policies_copy(&use->policy, env, err);
}


int
mta_sts_reader_use(mta_sts_reader_t *reader, mta_sts_yaml_t *yaml,
    mta_sts_str_t key, mta_sts_use_t *use, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int              rc;
    mta_sts_yaml_e   node;
    mta_sts_value_t  value;

    static const mta_sts_str_t  policy_key = { "policy", 6 };

    memset(use, 0, sizeof(mta_sts_use_t));

    node = mta_sts_yaml_next(yaml, &value, err);

    if (node == MTA_STS_YAML_TEXT && value.text.len) {
        use->policy = value;
        return policies_copy(&use->policy, env, err);
    }

    if (node != MTA_STS_YAML_MAP) {
        return mta_sts_yaml_must_be(node, &value, key, "the name of a policy "
                                    "or a map of settings", err);
    }

    while ((node = mta_sts_yaml_key(yaml, &value, err)) == MTA_STS_YAML_TEXT) {
        rc = mta_sts_str_eq(value.text, policy_key)
             ? policies_read_name(use, yaml, &value, env, err)
             : mta_sts_reader_setting(reader, yaml, value, &policy_key, 1,
                                      &use->settings, env, err);

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return node == MTA_STS_YAML_END ? MTA_STS_OK : MTA_STS_ERROR;
}


void
mta_sts_reader_inherit(mta_sts_reader_t *reader)
{
    mta_sts_named_policy_t  *policy;

    for (policy = reader->newest; policy != reader->older;
         policy = policy->older)
    {
        mta_sts_settings_inherit(&policy->settings, reader->top);
    }
}


/* Finds the policy that a use names; NULL if it names none. */

static int
policies_find(mta_sts_reader_t *reader, const mta_sts_use_t *use,
    mta_sts_named_policy_t **policy, mta_sts_err_t *err)
{
    void                    *found;
    mta_sts_nearest_t        nearest = { { NULL, 0 }, { NULL, 0 }, 0 };
    mta_sts_named_policy_t   wanted;

    *policy = NULL;

    if (use->policy.text.data == NULL) {
        return MTA_STS_OK;
    }

    wanted.name = use->policy;

    found = tfind(&wanted, &reader->tree, policies_cmp);

    if (found) {
        *policy = *(mta_sts_named_policy_t **) found;
        return MTA_STS_OK;
    }

    nearest.wanted = use->policy.text;

    for (*policy = reader->newest; *policy; *policy = (*policy)->older) {
        mta_sts_nearest_add(&nearest, (*policy)->name.text);
    }

    return mta_sts_nearest_error(&nearest, "policy", use->policy.place, err);
}


int
mta_sts_reader_resolve(mta_sts_reader_t *reader, mta_sts_use_t *use,
    mta_sts_settings_t **settings, mta_sts_str_t *policy_name, uint32_t *index,
    mta_sts_err_t *err)
{
    mta_sts_named_policy_t  *policy;

    *policy_name = mta_sts_str("");

    if (policies_find(reader, use, &policy, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (policy == NULL || use->settings.own) {
        mta_sts_settings_inherit(&use->settings,
                                 policy ? &policy->settings : reader->top);
        *settings = &use->settings;

        return mta_sts_intern_add(&reader->intern, *settings, *policy_name,
                                  &reader->scratch.env, index, err);
    }

    *settings = &policy->settings;
    *policy_name = policy->name.text;

    if (!policy->added) {
        if (mta_sts_intern_add(&reader->intern, *settings, *policy_name,
                               &reader->scratch.env, &policy->index, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        policy->added = 1;
    }

    *index = policy->index;

    return MTA_STS_OK;
}


int
mta_sts_reader_render(mta_sts_reader_t *reader, mta_sts_use_t *use,
    const mta_sts_env_t *env, const mta_sts_policy_t **policy,
    mta_sts_str_t *policy_name, mta_sts_err_t *err)
{
    mta_sts_settings_t      *settings;
    mta_sts_named_policy_t  *named;

    *policy_name = mta_sts_str("");

    if (policies_find(reader, use, &named, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    settings = &use->settings;

    if (named && settings->own == 0) {
        settings = &named->settings;
        *policy_name = named->name.text;

    } else {
        mta_sts_settings_inherit(settings,
                                 named ? &named->settings : reader->top);
    }

    return mta_sts_policy_render(settings, &reader->intern.digest, env, policy,
                                 err);
}


void
mta_sts_reader_forget(mta_sts_reader_t *reader)
{
    /* a node of the tree begins with its key */

    while (reader->tree) {
        (void) tdelete(*(void **) reader->tree, &reader->tree, policies_cmp);
    }

    reader->newest = NULL;
    reader->older = NULL;
}
