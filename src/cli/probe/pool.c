/*
 * Bounds of what is in flight, fair to those who wait.
 */

#include "probe.h"


/* Appends a lane to those that may start a job. */

static void
pool_queue(pool_t *pool, pool_lane_t *lane)
{
    if (lane->queued || lane->first == NULL
        || (lane->max && lane->active >= lane->max))
    {
        return;
    }

    lane->queued = 1;
    lane->next = NULL;

    if (pool->first) {
        pool->last->next = lane;

    } else {
        pool->first = lane;
    }

    pool->last = lane;
}


/* Starts jobs, a lane after the other; a job may end while it starts. */

static void
pool_run(pool_t *pool)
{
    pool_job_t   *job;
    pool_lane_t  *lane;

    if (pool->running) {
        return;
    }

    pool->running = 1;

    while (pool->first && pool->active < pool->max) {

        lane = pool->first;
        pool->first = lane->next;
        lane->queued = 0;

        job = lane->first;
        lane->first = job->next;

        pool->active++;
        lane->active++;

        pool_queue(pool, lane);

        job->start(job);
    }

    pool->running = 0;
}


void
pool_add(pool_t *pool, pool_lane_t *lane, pool_job_t *job)
{
    job->next = NULL;
    job->lane = lane;

    if (lane->first) {
        lane->last->next = job;

    } else {
        lane->first = job;
    }

    lane->last = job;

    pool_queue(pool, lane);
    pool_run(pool);
}


void
pool_end(pool_t *pool, pool_lane_t *lane)
{
    pool->active--;
    lane->active--;

    pool_queue(pool, lane);
    pool_run(pool);
}
