/*
 * The helper's memory: taken piece by piece, given back as a whole.
 */

#ifndef MTA_STS_ARENA_H
#define MTA_STS_ARENA_H


#include <stddef.h>


typedef struct arena_chunk_s  arena_chunk_t;

/* Zero one to begin with. */

typedef struct {
    arena_chunk_t  *chunks;
    size_t          left;          /* bytes left in the first chunk */
} arena_t;


/*
 * Returns size bytes aligned for any type, or NULL when memory ran out.
 * ctx is an arena_t: the function fits into mta_sts_env_t.
 */
void *arena_alloc(void *ctx, size_t size);

void arena_free(arena_t *arena);


#endif /* MTA_STS_ARENA_H */
