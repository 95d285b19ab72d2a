/*
 * The names that an include stands for: in the file system or in the output of
 * nginx -T.
 */

#include <fnmatch.h>
#include <stdlib.h>

#include "reader.h"


static int
names_alloc(const source_t *source, mta_sts_str_t **names, size_t n,
    mta_sts_err_t *err)
{
    *names = source->env->alloc(source->env->ctx,
                                (n + 1) * sizeof(mta_sts_str_t));

    return *names ? MTA_STS_OK : mta_sts_error_memory(err);
}


static int
names_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(*(const mta_sts_str_t *) a,
                           *(const mta_sts_str_t *) b);
}


/* The files of nginx -T that match the pattern. */

static int
names_match(const source_t *source, const char *pattern,
    mta_sts_str_t **names, size_t *n, mta_sts_err_t *err)
{
    size_t          i;
    mta_sts_str_t   name;

    if (names_alloc(source, names, source->n, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    *n = 0;

    for (i = 0; i < source->n; i++) {
        name = mta_sts_str_copy(source->env, source->files[i].name);

        if (name.data == NULL) {
            return mta_sts_error_memory(err);
        }

        if (fnmatch(pattern, name.data, FNM_PATHNAME|FNM_PERIOD) == 0) {
            (*names)[(*n)++] = name;
        }
    }

    qsort(*names, *n, sizeof(mta_sts_str_t), names_cmp);

    return MTA_STS_OK;
}


mta_sts_str_t
source_full_name(const source_t *source, mta_sts_str_t name)
{
    mta_sts_str_t    none = { NULL, 0 };
    mta_sts_buf_t   text = { source->env, NULL, 0, 0, 0 };

    if (!mta_sts_str_starts(name, mta_sts_str("/"))) {
        mta_sts_buf_add(&text, source->prefix);
    }

    mta_sts_buf_add(&text, name);

    return text.failed ? none
                       : mta_sts_str_copy(source->env, mta_sts_buf_str(&text));
}


int
source_names(const source_t *source, const mta_sts_value_t *include,
    int wildcards, mta_sts_str_t **names, size_t *n, mta_sts_err_t *err)
{
    mta_sts_str_t  full;

    full = source_full_name(source, include->text);

    if (full.data == NULL) {
        return mta_sts_error_memory(err);
    }

    if (!wildcards || strpbrk(full.data, "*?[") == NULL) {

        if (names_alloc(source, names, 1, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        (*names)[0] = full;
        *n = 1;

        return MTA_STS_OK;
    }

    if (source->dump) {
        return names_match(source, full.data, names, n, err);
    }

    return mta_sts_glob(full.data, include->place, source->env, names, n,
                         err);
}
