/*
 * From rows to policies.
 *
 * Most rows of a source have one of few policies, so those that were rendered
 * are cached by the texts of their rows.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "follow.h"


#define ROWS_KEY_MAX  2048            /* bytes; longer ones are not cached */


static int
rows_is_blank(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}


int
rows_open(rows_t *rows, mta_sts_err_t *err)
{
    mta_sts_env_t        env;
    mta_sts_file_t       file;
    mta_sts_arena_t      arena = { NULL, 0 };
    mta_sts_domains_t    defaults;
    mta_sts_policies_t  *policies;

    if (rows->file
        && mta_sts_file_read(&file, mta_sts_str_from(rows->file),
                             MTA_STS_NOWHERE, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    env = (mta_sts_env_t) { diag_alloc, say_warning, &arena, NULL };

    policies = mta_sts_policies_open(rows->file ? &file : NULL, &env,
                                     &defaults, err);

    if (policies == NULL) {
        mta_sts_arena_free(&arena);
        return MTA_STS_ERROR;
    }

    mta_sts_policies_close(rows->policies);
    mta_sts_arena_free(&rows->arena);

    rows->policies = policies;
    rows->arena = arena;
    rows->defaults = defaults;

    rows_forget(rows);

    return MTA_STS_OK;
}


void
rows_close(rows_t *rows)
{
    size_t  i;

    for (i = 0; i < ROWS_CACHED; i++) {
        free((void *) (uintptr_t) rows->cached[i].key.data);
    }

    mta_sts_policies_close(rows->policies);
    mta_sts_arena_free(&rows->arena);
    mta_sts_arena_free(&rows->scratched);

    memset(rows, 0, sizeof(rows_t));
}


void
rows_forget(rows_t *rows)
{
    size_t  i;

    for (i = 0; i < ROWS_CACHED; i++) {
        rows->cached[i].key.len = 0;
    }
}


/* Columns of a fixed width have spaces at their end. */

mta_sts_str_t
rows_trim(mta_sts_str_t text)
{
    size_t  n;

    for (n = 0; n < text.len && rows_is_blank(text.data[n]); n++) {
        /* void */
    }

    text = mta_sts_str_after(text, n);

    while (text.len && rows_is_blank(text.data[text.len - 1])) {
        text.len--;
    }

    return text;
}


int
rows_domain(rows_t *rows, const source_row_t *row, mta_sts_str_t *domain,
    mta_sts_err_t *err)
{
    mta_sts_env_t    env = { diag_alloc, say_warning, &rows->scratched, NULL };
    mta_sts_value_t  value = { rows_trim(row->domain), MTA_STS_NOWHERE };

    mta_sts_arena_reset(&rows->scratched);

    return mta_sts_name_domain("domain", &value, &env, domain, err);
}


/* The texts of a row in buf, with their lengths.  Returns 0: too long. */

static size_t
rows_key(const source_row_t *row, char *buf)
{
    size_t  i, n;

    const mta_sts_str_t  texts[] = {
        row->policy, row->mode, row->mx, row->max_age, row->tlsrpt_rua
    };

    for (i = 0, n = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        if (texts[i].len > ROWS_KEY_MAX - n - 2) {
            return 0;
        }

        buf[n++] = (char) (texts[i].len >> 8);
        buf[n++] = (char) texts[i].len;

        if (texts[i].len) {
            memcpy(buf + n, texts[i].data, texts[i].len);
            n += texts[i].len;
        }

        if (n + 2 > ROWS_KEY_MAX) {
            return 0;
        }
    }

    return n;
}


static rows_cached_t *
rows_cached(rows_t *rows, const char *key, size_t len)
{
    size_t    i, n;
    uint64_t  hash, word;

    for (i = 0, hash = 0; i < len; i += n) {
        n = len - i < sizeof(word) ? len - i : sizeof(word);
        word = 0;
        memcpy(&word, key + i, n);

        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }

    return &rows->cached[hash % ROWS_CACHED];
}


static int
rows_is_space(char ch)
{
    return rows_is_blank(ch) || ch == ',';
}


/* Sets one setting from a text of a row, in which many may be listed. */

static int
rows_set(mta_sts_settings_t *settings, mta_sts_setting_e setting,
    mta_sts_str_t text, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t            n;
    mta_sts_str_t     word;
    mta_sts_value_t   name;
    mta_sts_values_t  values;

    name.text = mta_sts_settings_name(setting);
    name.place = MTA_STS_NOWHERE;

    memset(&values, 0, sizeof(mta_sts_values_t));

    for ( ;; ) {
        for (n = 0; n < text.len && rows_is_space(text.data[n]); n++) {
            /* void */
        }

        word = mta_sts_str_after(text, n);

        for (n = 0; n < word.len && !rows_is_space(word.data[n]); n++) {
            /* void */
        }

        if (n == 0) {
            break;
        }

        text = mta_sts_str_after(word, n);
        word.len = n;

        if (mta_sts_values_add(&values, word, MTA_STS_NOWHERE, env, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return values.n ? mta_sts_settings_set(settings, &name, values.elts,
                                           values.n, env, err)
                    : MTA_STS_OK;
}


/* A duration of nginx may have spaces; "2 w" is one word less. */

static int
rows_set_max_age(mta_sts_settings_t *settings, mta_sts_str_t text,
    uint32_t max_age, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    char             number[16];
    mta_sts_value_t  name, value;

    name.text = mta_sts_settings_name(MTA_STS_SET_MAX_AGE);
    name.place = MTA_STS_NOWHERE;
    value.text = text;
    value.place = MTA_STS_NOWHERE;

    if (max_age) {
        (void) snprintf(number, sizeof(number), "%lu",
                        (unsigned long) max_age);
        value.text = mta_sts_str_from(number);
    }

    return value.text.len ? mta_sts_settings_set(settings, &name, &value, 1,
                                                 env, err)
                          : MTA_STS_OK;
}


static int
rows_render(rows_t *rows, const source_row_t *row, uint32_t max_age,
    mta_sts_str_t other, mta_sts_intern_t *pool, uint32_t *index,
    mta_sts_err_t *err)
{
    mta_sts_env_t            env = { diag_alloc, say_warning,
                                     &rows->scratched, NULL };
    mta_sts_str_t            policy_name;
    mta_sts_value_t          name = { row->policy, MTA_STS_NOWHERE };
    mta_sts_derived_t        quiet;
    mta_sts_settings_t       settings;
    mta_sts_warnings_t       warnings;
    const mta_sts_policy_t  *policy;

    memset(&settings, 0, sizeof(mta_sts_settings_t));
    warnings.n = 0;
    warnings.more = 0;

    /* what the check finds later is not warned of a million times */

    mta_sts_derived_init(&quiet, &env, &rows->scratched, &warnings);

    if (rows_set(&settings, MTA_STS_SET_MODE, row->mode, &quiet.env, err)
        != MTA_STS_OK
        || rows_set(&settings, MTA_STS_SET_MX, row->mx, &quiet.env, err)
           != MTA_STS_OK
        || rows_set(&settings, MTA_STS_SET_TLSRPT_RUA, row->tlsrpt_rua,
                    &quiet.env, err)
           != MTA_STS_OK
        || rows_set_max_age(&settings, row->max_age, max_age, &quiet.env, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (mta_sts_policies_render(rows->policies, row->policy.len ? &name : NULL,
                                &settings, &quiet.env, &policy, &policy_name,
                                err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return mta_sts_intern_policy(pool, policy, max_age ? other : policy_name,
                                 index, err);
}


int
rows_policy(rows_t *rows, const source_row_t *row, uint32_t max_age,
    mta_sts_str_t name, mta_sts_intern_t *pool, uint32_t *index,
    mta_sts_err_t *err)
{
    char            buf[ROWS_KEY_MAX];
    size_t          len;
    mta_sts_str_t   key;
    rows_cached_t  *cached;

    len = max_age ? 0 : rows_key(row, buf);

    if (len == 0) {
        return rows_render(rows, row, max_age, name, pool, index, err);
    }

    key.data = buf;
    key.len = len;
    cached = rows_cached(rows, buf, len);

    if (mta_sts_str_eq(cached->key, key)) {
        *index = cached->index;
        return MTA_STS_OK;
    }

    if (rows_render(rows, row, 0, name, pool, index, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (cached->size < len) {
        free((void *) (uintptr_t) cached->key.data);
        cached->key.data = diag_malloc(len);
        cached->size = len;
    }

    memcpy((void *) (uintptr_t) cached->key.data, buf, len);
    cached->key.len = len;
    cached->index = *index;

    return MTA_STS_OK;
}
