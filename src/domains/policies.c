/*
 * Named policies are found by a tree of libc's.
 */

#include <search.h>
#include <stdlib.h>

#include "reader.h"


struct mta_sts_named_policy_s {
    mta_sts_value_t          name;
    mta_sts_settings_t       settings;
    int                      added;     /* has an index */
    uint32_t                 index;
    mta_sts_named_policy_t  *next;      /* an older one */

    int                      was_added; /* at the mark */
    unsigned                 was_warned;
};


void
mta_sts_named_file(mta_sts_named_t *named, mta_sts_settings_t *top)
{
    named->top = top;
    named->older = named->all;
}


static int
named_duplicate_key(const mta_sts_value_t *key, mta_sts_err_t *err)
{
    return mta_sts_error(err, key->place, "duplicate key \"%.*s\"",
                         MTA_STS_SHOW(key->text));
}


static int
named_copy(mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    value->text = mta_sts_str_copy(env, value->text);

    return value->text.data ? MTA_STS_OK : mta_sts_error_memory(err);
}


int
mta_sts_named_set(mta_sts_named_t *named, mta_sts_yaml_t *yaml,
    mta_sts_value_t key, mta_sts_settings_t *settings,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_values_t   values;
    mta_sts_setting_e  setting;

    if (!mta_sts_settings_lookup(key.text, &setting)) {
        return mta_sts_error(err, key.place, "unknown key \"%.*s\"",
                             MTA_STS_SHOW(key.text));
    }

    if (settings->own & (1u << setting)) {
        return named_duplicate_key(&key, err);
    }

    if (named_copy(&key, named->scratch, err) != MTA_STS_OK
        || mta_sts_yaml_values(yaml, key.text, named->scratch, &values, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return mta_sts_settings_set(settings, &key, values.elts, values.n, env,
                                err);
}


static int
named_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(((const mta_sts_named_policy_t *) a)->name.text,
                           ((const mta_sts_named_policy_t *) b)->name.text);
}


/* A policy's name is a column of mta-sts list. */

static int
named_check(const mta_sts_value_t *name, mta_sts_err_t *err)
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


/* Makes a new policy, unless there is one of that name. */

static mta_sts_named_policy_t *
named_add(mta_sts_named_t *named, const mta_sts_value_t *name,
    mta_sts_err_t *err)
{
    void                    *node;
    mta_sts_named_policy_t  *policy, *first;

    policy = named->keep->alloc(named->keep->ctx,
                                sizeof(mta_sts_named_policy_t));
    if (policy == NULL) {
        (void) mta_sts_error_memory(err);
        return NULL;
    }

    memset(policy, 0, sizeof(mta_sts_named_policy_t));

    policy->name = *name;

    if (named_copy(&policy->name, named->env, err) != MTA_STS_OK) {
        return NULL;
    }

    node = tsearch(policy, &named->tree, named_cmp);
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

    policy->next = named->all;
    named->all = policy;

    return policy;
}


int
mta_sts_named_read(mta_sts_named_t *named, mta_sts_yaml_t *yaml,
    const mta_sts_value_t *name, mta_sts_err_t *err)
{
    int                      end;
    mta_sts_yaml_e           node;
    mta_sts_value_t          value;
    mta_sts_named_policy_t  *policy;

    if (named_check(name, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    policy = named_add(named, name, err);
    if (policy == NULL) {
        return MTA_STS_ERROR;
    }

    node = mta_sts_yaml_next(yaml, &value, err);

    if (node != MTA_STS_YAML_MAP) {
        return mta_sts_yaml_must_be(node, &value, policy->name.text,
                                    "a map of settings", err);
    }

    for ( ;; ) {
        if (mta_sts_yaml_key(yaml, &value, &end, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (end) {
            return MTA_STS_OK;
        }

        if (mta_sts_named_set(named, yaml, value, &policy->settings,
                              named->keep, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }
}


/* Reads "policy: NAME" among settings. */

static int
named_read_policy(mta_sts_use_t *use, mta_sts_yaml_t *yaml,
    const mta_sts_value_t *key, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_yaml_e  node;

    if (use->policy.text.data) {
        return named_duplicate_key(key, err);
    }

    node = mta_sts_yaml_next(yaml, &use->policy, err);

    if (node != MTA_STS_YAML_TEXT || use->policy.text.len == 0) {
        return mta_sts_yaml_must_be(node, &use->policy, mta_sts_str("policy"),
                                    "the name of a policy", err);
    }

    return named_copy(&use->policy, env, err);
}


int
mta_sts_named_read_use(mta_sts_named_t *named, mta_sts_yaml_t *yaml,
    mta_sts_str_t key, mta_sts_use_t *use, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int              rc, end;
    mta_sts_yaml_e   node;
    mta_sts_value_t  value;

    memset(use, 0, sizeof(mta_sts_use_t));

    node = mta_sts_yaml_next(yaml, &value, err);

    if (node == MTA_STS_YAML_TEXT && value.text.len) {
        use->policy = value;
        return named_copy(&use->policy, env, err);
    }

    if (node != MTA_STS_YAML_MAP) {
        return mta_sts_yaml_must_be(node, &value, key, "the name of a policy "
                                    "or a map of settings", err);
    }

    for ( ;; ) {
        if (mta_sts_yaml_key(yaml, &value, &end, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (end) {
            return MTA_STS_OK;
        }

        rc = mta_sts_str_eq(value.text, mta_sts_str("policy"))
             ? named_read_policy(use, yaml, &value, env, err)
             : mta_sts_named_set(named, yaml, value, &use->settings, env, err);

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }
}


void
mta_sts_named_inherit(mta_sts_named_t *named)
{
    mta_sts_named_policy_t  *policy;

    for (policy = named->all; policy != named->older; policy = policy->next) {
        mta_sts_settings_inherit(&policy->settings, named->top);
    }
}


void
mta_sts_named_mark(mta_sts_named_t *named)
{
    mta_sts_named_policy_t  *policy;

    for (policy = named->all; policy; policy = policy->next) {
        policy->was_added = policy->added;
        policy->was_warned = policy->settings.warned;
    }

    named->top_warned = named->top->warned;
}


void
mta_sts_named_rewind(mta_sts_named_t *named)
{
    mta_sts_named_policy_t  *policy;

    for (policy = named->all; policy; policy = policy->next) {
        policy->added = policy->was_added;
        policy->settings.warned = policy->was_warned;
    }

    named->top->warned = named->top_warned;
}


int
mta_sts_named_resolve(mta_sts_named_t *named, mta_sts_use_t *use,
    mta_sts_settings_t **settings, mta_sts_str_t *policy_name, uint32_t *index,
    mta_sts_err_t *err)
{
    void                    *found;
    mta_sts_named_policy_t   wanted, *policy;
    mta_sts_str_t            none = { NULL, 0 };

    policy = NULL;

    if (use->policy.text.data) {
        wanted.name = use->policy;

        found = tfind(&wanted, &named->tree, named_cmp);

        if (found == NULL) {
            return mta_sts_error(err, use->policy.place, "unknown policy "
                                 "\"%.*s\"", MTA_STS_SHOW(use->policy.text));
        }

        policy = *(mta_sts_named_policy_t **) found;
    }

    if (policy == NULL || use->settings.own) {
        mta_sts_settings_inherit(&use->settings,
                                 policy ? &policy->settings : named->top);
        *settings = &use->settings;
        *policy_name = none;

        return mta_sts_intern_add(&named->policies, *settings, none,
                                    named->env, named->scratch, index, err);
    }

    *settings = &policy->settings;
    *policy_name = policy->name.text;

    if (!policy->added) {
        if (mta_sts_intern_add(&named->policies, *settings, *policy_name,
                                 named->env, named->scratch, &policy->index,
                                 err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        policy->added = 1;
    }

    *index = policy->index;

    return MTA_STS_OK;
}


void
mta_sts_named_free(mta_sts_named_t *named)
{
    /* a node of the tree begins with its key */

    while (named->tree) {
        (void) tdelete(*(void **) named->tree, &named->tree, named_cmp);
    }

    mta_sts_intern_free(&named->policies);
}
