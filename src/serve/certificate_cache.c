/*
 * The parameters of mta_sts_certificate_cache.
 */

#include "policy/policy.h"
#include "serve.h"


/*
 * Parses "NAMEseconds" into *seconds; returns 0 where word is another
 * parameter or no duration.
 */

static int
cache_seconds(mta_sts_str_t word, mta_sts_str_t name, int64_t *seconds)
{
    int64_t  parsed;

    if (!mta_sts_str_starts(word, name)) {
        return 0;
    }

    parsed = mta_sts_duration_parse(mta_sts_str_after(word, name.len));

    if (parsed == -1) {
        return 0;
    }

    *seconds = parsed;

    return 1;
}


/* Parses "max=N" likewise, N from 1 to MTA_STS_CACHE_MAX. */

static int
cache_max(mta_sts_str_t word, size_t *max)
{
    size_t         i, n;
    mta_sts_str_t  name = mta_sts_str("max=");

    if (!mta_sts_str_starts(word, name)) {
        return 0;
    }

    word = mta_sts_str_after(word, name.len);

    for (i = 0, n = 0; i < word.len; i++) {

        if (word.data[i] < '0' || word.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (size_t) (word.data[i] - '0');

        if (n > MTA_STS_CACHE_MAX) {
            return 0;
        }
    }

    *max = n;

    return n != 0;
}


int
mta_sts_certificate_cache_parse(mta_sts_certificate_cache_t *cache,
    const mta_sts_value_t *words, size_t n, mta_sts_err_t *err)
{
    size_t  i;

    cache->max = 0;
    cache->inactive = 24 * 60 * 60;
    cache->valid = 60;

    if (n == 2 && mta_sts_str_eq(words[1].text, mta_sts_str("off"))) {
        return MTA_STS_OK;
    }

    for (i = 1; i < n; i++) {
        if (!cache_max(words[i].text, &cache->max)
            && !cache_seconds(words[i].text, mta_sts_str("inactive="),
                              &cache->inactive)
            && !cache_seconds(words[i].text, mta_sts_str("valid="),
                              &cache->valid))
        {
            return mta_sts_error(err, words[i].place, "invalid parameter "
                                 "\"%.*s\", must be \"off\", \"max=N\", "
                                 "\"inactive=TIME\" or \"valid=TIME\"",
                                 MTA_STS_SHOW(words[i].text));
        }
    }

    if (cache->max == 0) {
        return mta_sts_error(err, words[0].place, "\"%.*s\" must have the "
                             "\"max\" parameter", MTA_STS_SHOW(words[0].text));
    }

    return MTA_STS_OK;
}
