/*
 * Lines on standard input, and what becomes of their rows.  Snapshots are whole
 * and by themselves, rows are numbered upwards, and a row is a policy that
 * renders, or an error.
 */

#include "cli/diag/diag.h"
#include "cli/follow/follow.h"
#include "fuzz.h"


static struct {
    int                      snapshot;       /* it has begun */
    int                      ended;          /* in this call */
    int                      rows;           /* changes, in this call */
    unsigned long            number;
    rows_t                   rows_of;
    mta_sts_intern_t         pool;
    mta_sts_table_builder_t  builder;
} seen;


static void
lines_begin(void *ctx)
{
    (void) ctx;

    fuzz_check(!seen.rows && !seen.ended, FUZZ_NONE, FUZZ_NONE);
    seen.snapshot = 1;
}


static void
lines_end(void *ctx)
{
    (void) ctx;

    fuzz_check(seen.snapshot, FUZZ_NONE, FUZZ_NONE);
    seen.snapshot = 0;
    seen.ended = 1;
}


static void
lines_number(const source_row_t *row)
{
    fuzz_check(row->number > seen.number, row->domain, FUZZ_NONE);
    seen.number = row->number;
}


static void
lines_bad(void *ctx, const source_row_t *row, const mta_sts_err_t *why)
{
    (void) ctx;

    lines_number(row);
    fuzz_check_error(why);
}


static int
lines_row(void *ctx, const source_row_t *row, mta_sts_err_t *err)
{
    uint32_t       index;
    mta_sts_err_t  why;
    mta_sts_str_t  domain;

    (void) ctx;
    (void) err;

    lines_number(row);

    fuzz_check(!seen.ended, row->domain, FUZZ_NONE);
    fuzz_check(row->domain.len && !(row->removed && seen.snapshot),
               row->domain, FUZZ_NONE);

    seen.rows |= !seen.snapshot;

    if (rows_domain(&seen.rows_of, row, &domain, &why) != MTA_STS_OK) {
        fuzz_check_error(&why);
        return MTA_STS_OK;
    }

    fuzz_check(mta_sts_name_is_host(domain), domain, FUZZ_NONE);

    if (row->removed) {
        return MTA_STS_OK;
    }

    if (rows_policy(&seen.rows_of, row, 0, mta_sts_str(""), &seen.pool, &index,
                    &why)
        != MTA_STS_OK)
    {
        fuzz_check_error(&why);
        return MTA_STS_OK;
    }

    fuzz_check(index < seen.builder.policies.n, row->domain, FUZZ_NONE);

    return MTA_STS_OK;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    feed_t            *feed;
    mta_sts_err_t      err;
    mta_sts_env_t      env;
    mta_sts_arena_t    arena = { NULL, 0 };
    source_events_t    events = { lines_begin, lines_row, lines_bad, lines_end,
                                  NULL };
    source_settings_t  settings;

    (void) fuzz_begin();

    env = (mta_sts_env_t) { diag_alloc, say_warning, &arena, NULL };

    memset(&seen, 0, sizeof(seen));
    memset(&settings, 0, sizeof(source_settings_t));

    seen.builder.env = &env;
    seen.pool.builder = &seen.builder;
    seen.pool.env = &env;

    fuzz_check(rows_open(&seen.rows_of, &err) == MTA_STS_OK, FUZZ_NONE,
               FUZZ_NONE);

    fuzz_stdin(fuzz_str(data, size));

    feed = feed_open("-", &settings, &err);
    fuzz_check(feed != NULL, FUZZ_NONE, FUZZ_NONE);

    while (!feed_ended(feed)) {
        seen.ended = 0;
        seen.rows = 0;

        if (feed_changes(feed, &events, &err) != MTA_STS_OK) {
            fuzz_check_error(&err);
        }
    }

    feed_close(feed);
    mta_sts_intern_free(&seen.pool);
    mta_sts_table_discard(&seen.builder);
    rows_close(&seen.rows_of);
    mta_sts_arena_free(&arena);

    return 0;
}
