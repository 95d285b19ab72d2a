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
#define LIVE_JOBS         64
#define LIVE_JOBS_MAX     1000


int
live_settings(net_settings_t *settings, const options_t *options,
    mta_sts_err_t *err)
{
    char     *end;
    long      jobs;
    int64_t   timeout;

    memset(settings, 0, sizeof(net_settings_t));

    settings->resolver = options->resolver;
    settings->ca = options->ca;
    settings->timeout = LIVE_TIMEOUT * 1000;
    settings->jobs = LIVE_JOBS;

    if (options->timeout) {
        timeout = mta_sts_duration_parse(mta_sts_str_from(options->timeout));

        if (timeout < 1 || timeout > LIVE_TIMEOUT_MAX) {
            return mta_sts_error(err, MTA_STS_NOWHERE, "invalid timeout "
                                 "\"%s\", must be between 1 and %d seconds",
                                 options->timeout, LIVE_TIMEOUT_MAX);
        }

        settings->timeout = (unsigned) timeout * 1000;
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
