/*
 * Lists of texts.
 */

#include "base.h"


int
mta_sts_values_add(mta_sts_values_t *values, mta_sts_str_t text,
    mta_sts_place_t place, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_value_t  *elts;

    elts = mta_sts_env_grow(env, values->elts, values->n, &values->size,
                            sizeof(mta_sts_value_t));
    if (elts == NULL) {
        return mta_sts_error_memory(err);
    }

    values->elts = elts;

    values->elts[values->n].text = text;
    values->elts[values->n].place = place;
    values->n++;
    values->bytes += text.len;

    return MTA_STS_OK;
}
