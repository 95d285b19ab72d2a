/*
 * What commands share that look at the live world.
 */

#ifndef MTA_STS_LIVE_H
#define MTA_STS_LIVE_H


#include "../check/net.h"
#include "../options.h"


/*
 * Makes the settings of the options --resolver, --ca, --timeout and --jobs.
 *
 * Errors: invalid timeout or jobs, and the rule.
 */
int live_settings(net_settings_t *settings, const options_t *options,
    mta_sts_err_t *err);

/*
 * Shows on standard error, where that is a terminal, how far a command is; fits
 * into check_t.
 */
void live_progress(void *ctx, size_t done, size_t n);

/* Makes place for other output. */
void live_progress_clear(void);


#endif /* MTA_STS_LIVE_H */
