/*
 * What the commands share that look at the live world.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/policy.h"
#include "command.h"


#define LIVE_TIMEOUT      10          /* seconds */
#define LIVE_TIMEOUT_MAX  300
#define LIVE_SMTP_TIMEOUT 60          /* seconds */
#define LIVE_JOBS         64
#define LIVE_JOBS_MAX     1000


/* Milliseconds of an option that is a time; 0 when it is not given. */

static int
live_timeout(const char *what, const char *text, unsigned *ms,
    mta_sts_err_t *err)
{
    int64_t  seconds;

    if (text == NULL) {
        return MTA_STS_OK;
    }

    seconds = mta_sts_duration_parse(mta_sts_str_from(text));

    if (seconds < 1 || seconds > LIVE_TIMEOUT_MAX) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "invalid %s \"%s\", must "
                             "be between 1 and %d seconds", what, text,
                             LIVE_TIMEOUT_MAX);
    }

    *ms = (unsigned) seconds * 1000;

    return MTA_STS_OK;
}


int
live_settings(net_settings_t *settings, const options_t *options,
    mta_sts_err_t *err)
{
    char  *end;
    long   jobs;

    memset(settings, 0, sizeof(net_settings_t));

    settings->resolver = options->resolver;
    settings->ca = options->ca;
    settings->timeout = LIVE_TIMEOUT * 1000;
    settings->smtp_timeout = LIVE_SMTP_TIMEOUT * 1000;
    settings->helo = options->helo;
    settings->jobs = LIVE_JOBS;

    if (live_timeout("timeout", options->timeout, &settings->timeout, err)
        != MTA_STS_OK
        || live_timeout("smtp timeout", options->smtp_timeout,
                        &settings->smtp_timeout, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (options->helo
        && !mta_sts_name_is_host(mta_sts_str_from(options->helo)))
    {
        return mta_sts_error(err, MTA_STS_NOWHERE, "invalid helo \"%s\", must "
                             "be a host name", options->helo);
    }

    if (options->family) {
        settings->family = atoi(options->family);

        if (strcmp(options->family, "4") != 0
            && strcmp(options->family, "6") != 0)
        {
            return mta_sts_error(err, MTA_STS_NOWHERE, "invalid family "
                                 "\"%s\", must be 4 or 6", options->family);
        }
    }

    if (options->jobs) {
        jobs = strtol(options->jobs, &end, 10);

        if (*end || jobs < 1 || jobs > LIVE_JOBS_MAX) {
            return mta_sts_error(err, MTA_STS_NOWHERE, "invalid jobs \"%s\", "
                                 "must be between 1 and %d", options->jobs,
                                 LIVE_JOBS_MAX);
        }

        settings->jobs = (unsigned) jobs;
    }

    return MTA_STS_OK;
}


void
live_progress(void *ctx, size_t done, size_t n)
{
    (void) ctx;

    if (isatty(STDERR_FILENO)) {
        (void) fprintf(stderr, "\r%zu of %zu domains\033[K", done, n);
    }
}


void
live_progress_clear(void)
{
    if (isatty(STDERR_FILENO)) {
        (void) fprintf(stderr, "\r\033[K");
    }
}
