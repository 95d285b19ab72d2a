/*
 * Checks of many domains against the live world: each is probed, then judged,
 * then reported, and a bounded number of them is in flight.
 */

#ifndef MTA_STS_CHECK_CHECK_H
#define MTA_STS_CHECK_CHECK_H


#include "cli/judge/judge.h"
#include "cli/probe/probe.h"


typedef struct {
    unsigned                what;         /* PROBE_*: what to look at */
    net_settings_t          net;
    evidence_reader_t      *evidence;     /* reports, or NULL */

    /* called for each entry, in the order of the entries */
    void                  (*done)(void *ctx, const result_t *result);

    /* called after each step of the loop; or NULL */
    void                  (*progress)(void *ctx, size_t done, size_t n);

    void                   *ctx;
} check_t;


/*
 * Checks n entries, and returns when all are done.  A result is valid until
 * done() returns.
 *
 * Errors: those of net_init().
 */
int check_run(const check_t *check, const mta_sts_entry_t *entries, size_t n,
    mta_sts_err_t *err);


#endif /* MTA_STS_CHECK_CHECK_H */
