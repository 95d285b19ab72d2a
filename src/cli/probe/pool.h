/*
 * A pool bounds the number of jobs in flight.  Jobs that wait are in lanes, one
 * per domain, which take turns: a domain with very many servers delays no
 * other.
 */

#ifndef MTA_STS_PROBE_POOL_H
#define MTA_STS_PROBE_POOL_H


typedef struct pool_job_s   pool_job_t;
typedef struct pool_lane_s  pool_lane_t;

struct pool_job_s {
    void           (*start)(pool_job_t *job);
    pool_job_t      *next;
    pool_lane_t     *lane;
};


/* Zero one to begin with, and set max. */

struct pool_lane_s {
    unsigned         max;             /* jobs in flight; 0: only the pool's */
    unsigned         active;
    pool_job_t      *first;           /* that waits */
    pool_job_t      *last;
    pool_lane_t     *next;
    int              queued;          /* the lane is in the pool's list */
};


/* Zero one to begin with, and set max. */

typedef struct {
    unsigned         max;             /* jobs in flight */
    unsigned         active;
    pool_lane_t     *first;           /* lanes that may start a job */
    pool_lane_t     *last;
    int              running;
} pool_t;


/* Calls job->start() once the bounds allow; possibly before it returns. */
void pool_add(pool_t *pool, pool_lane_t *lane, pool_job_t *job);

/* A job of the lane has ended. */
void pool_end(pool_t *pool, pool_lane_t *lane);


#endif /* MTA_STS_PROBE_POOL_H */
