/*
 * Inside status: the functions of the formats.
 */

#ifndef MTA_STS_STATUS_FORMATS_H
#define MTA_STS_STATUS_FORMATS_H


#include "status.h"


/* The text format of Prometheus, or OpenMetrics.  Errors: out of memory. */
int mta_sts_status_metrics(const mta_sts_status_view_t *view, int open,
    mta_sts_str_t *text, mta_sts_err_t *err);

/* A page, or JSON.  Errors: out of memory. */
int mta_sts_status_page(const mta_sts_status_view_t *view, int json,
    mta_sts_str_t version, mta_sts_str_t *text, mta_sts_err_t *err);


#endif /* MTA_STS_STATUS_FORMATS_H */
