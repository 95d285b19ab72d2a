/*
 * Talk, on standard error.
 */

#ifndef MTA_STS_DIAG_DIAG_H
#define MTA_STS_DIAG_DIAG_H


#include "base/base.h"


/* "mta-sts: FILE:LINE:COL: text"; what is not known of the place is left out */
void say_error(const mta_sts_err_t *err);

/* The same with "warning: "; fits into mta_sts_env_t, ctx is not used. */
void say_warning(void *ctx, const mta_sts_err_t *warning);

/* "mta-sts: text" */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));


#endif /* MTA_STS_DIAG_DIAG_H */
