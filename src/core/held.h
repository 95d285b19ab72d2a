/*
 * Warnings that are held back until a file has been read: what is read twice is
 * warned of once, and a million domains are not a million warnings.
 */

#ifndef MTA_STS_HELD_H
#define MTA_STS_HELD_H


#include "error.h"


#define MTA_STS_HELD_MAX  20


/* Zero one to begin with. */

typedef struct {
    mta_sts_err_t  warnings[MTA_STS_HELD_MAX];
    size_t         n;
    size_t         more;            /* that there was no room for */
} mta_sts_held_t;


/* How many there were at some time. */

typedef struct {
    size_t         n;
    size_t         more;
} mta_sts_held_mark_t;


void mta_sts_held_add(mta_sts_held_t *held, const mta_sts_err_t *warning);

mta_sts_held_mark_t mta_sts_held_mark(const mta_sts_held_t *held);

/* Forgets what came between two marks. */
void mta_sts_held_cut(mta_sts_held_t *held, mta_sts_held_mark_t from,
    mta_sts_held_mark_t to);

/* Tells them all to env, and how many more there were. */
void mta_sts_held_tell(const mta_sts_held_t *held, const mta_sts_env_t *env);


#endif /* MTA_STS_HELD_H */
