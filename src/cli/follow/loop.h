/*
 * What the files of the loop share: what is due when.
 */

#ifndef MTA_STS_FOLLOW_LOOP_H
#define MTA_STS_FOLLOW_LOOP_H


#include "follow.h"


/* Milliseconds. */

#define LOOP_BACKOFF       1000       /* after a failure; doubled each time */
#define LOOP_BACKOFF_MAX   60000
#define LOOP_CHECK         2000       /* between looks at the table */
#define LOOP_NOTICE        100        /* between looks for changes */
#define LOOP_EXEC          1000       /* between looks at --exec */
#define LOOP_METRICS       1000       /* between files of metrics, at least */
#define LOOP_METRICS_MAX   60000      /* ... and at most */
#define LOOP_SWEEP_MIN     1000
#define LOOP_SWEEP_MAX     600000

/* Reads of everything take at most 1/LOOP_SHARE of the time. */

#define LOOP_SHARE         10


typedef struct {
    follow_t        *follow;
    source_events_t  events;
    int64_t          now;             /* ms, of a clock that is not set */
    int64_t          full;            /* next read of everything */
    int64_t          look;            /* next look for changes */
    int64_t          rest;            /* none before, also after a notice */
    int64_t          write;           /* next try to write */
    int64_t          sweep;
    int64_t          check;           /* next look at the table */
    int64_t          share;           /* none of all before, by a sweep */
    int64_t          metrics;
    unsigned         backoff;         /* of the source */
    unsigned         write_backoff;
    unsigned         sweep_backoff;
    unsigned short   seed[3];
    int              connected;       /* of lines: some were written */
    int              check_failed;
    int              fresh;           /* this step has read everything */
    int              noticed;         /* something has changed */
    int              again;           /* so have the policies */
    int              dirty;           /* so have the metrics */
    int              damaged;         /* the table was */
    int              ready;           /* systemd was notified */
    int              failed;          /* for the exit status of --once */
    int              unknown;
    char             status[256];
} loop_t;


/* Does what is due, the most urgent thing. */
void loop_step(loop_t *loop);

/* SIGHUP: the file of policies again, and everything of the source. */
void loop_hang_up(loop_t *loop);

/* The source cannot be read. */
void loop_down(loop_t *loop, const mta_sts_err_t *err);

/*
 * May domains leave?  Only while the source is there, to say if they are back;
 * and not while something else is on its way, or what it says is refused.
 */
int loop_may_sweep(const loop_t *loop);

/* Reads everything soon; a database has its share of the time. */
void loop_ask(loop_t *loop);

/* Looks at the domains that leave. */
void loop_sweep(loop_t *loop);

/* When to try again, in a wait that doubles. */
int64_t loop_back_off(loop_t *loop, unsigned *backoff);

/* Counts what is remembered. */
void loop_count(loop_t *loop);


#endif /* MTA_STS_FOLLOW_LOOP_H */
