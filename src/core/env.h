/*
 * What the core is handed by its caller: memory that lives as long as the
 * result, and somebody to tell warnings to.
 */

#ifndef MTA_STS_ENV_H
#define MTA_STS_ENV_H


#include <stddef.h>


struct mta_sts_err_s;


/*
 * alloc() returns size bytes aligned for pointers and 64-bit integers, or NULL;
 * nothing is ever given back.  ctx is handed on.
 */

typedef struct {
    void  *(*alloc)(void *ctx, size_t size);
    void   (*warn)(void *ctx, const struct mta_sts_err_s *warning);
    void    *ctx;
} mta_sts_env_t;


/*
 * Makes room for one more element in an array of n elements of elt bytes each,
 * in env's memory; *size is for how many there is room, 0 to begin with.
 * Returns the array, which may have moved, or NULL when memory ran out; the
 * old one then is as it was.
 */
void *mta_sts_env_grow(const mta_sts_env_t *env, void *elts, size_t n,
    size_t *size, size_t elt);


#endif /* MTA_STS_ENV_H */
