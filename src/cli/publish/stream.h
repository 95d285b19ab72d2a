/*
 * The records of one output, as a printer asks for them: zone by zone, and in
 * each zone domain by domain.  Nothing is kept of what has been printed.
 */

#ifndef MTA_STS_STREAM_H
#define MTA_STS_STREAM_H


#include <stdio.h>

#include "../../core/arena.h"
#include "../options.h"
#include "plan.h"


/* A domain's records in a zone. */

typedef struct {
    mta_sts_str_t            zone;
    const mta_sts_entry_t   *entry;
    const mta_sts_record_t  *records;     /* of a name and type together */
    size_t                   n;           /* at least one */
} stream_set_t;


typedef struct {
    FILE                    *out;
    const options_t         *options;
    mta_sts_env_t            env;         /* memory until the next set */

    const plan_t            *plan;
    size_t                   next;
    size_t                   end;
    mta_sts_str_t            zone;
    mta_sts_arena_t          arena;

    int                      failed;      /* err says why; or out does */
    mta_sts_err_t            err;
} stream_t;


/*
 * Begins a stream of the plan's items from the one at begin up to that at end,
 * which print to out.  options are there for the formats that have some.
 */
void stream_init(stream_t *stream, const plan_t *plan, size_t begin,
    size_t end, FILE *out, const options_t *options);

void stream_free(stream_t *stream);

/*
 * Gives the next zone; what is left of the current one is skipped.  Returns 0
 * when there is none, or when the stream has failed: memory ran out, or out has
 * a write error.
 */
int stream_next_zone(stream_t *stream, mta_sts_str_t *zone);

/*
 * Gives the next domain of the zone; what was given before is lost.  Returns 0
 * at the zone's end, or when the stream has failed.
 */
int stream_next(stream_t *stream, stream_set_t *set);

/*
 * Writes data to the out of ctx, a stream_t.  Always returns 1: a write error
 * is for whoever closes out.
 */
int stream_write(void *ctx, mta_sts_str_t data);

/* A printer ran out of memory. */
void stream_fail_memory(stream_t *stream);


#endif /* MTA_STS_STREAM_H */
