/*
 * Memory that is taken piece by piece and given back as a whole.
 */

#ifndef MTA_STS_ARENA_H
#define MTA_STS_ARENA_H


#include <stddef.h>


typedef struct mta_sts_arena_chunk_s  mta_sts_arena_chunk_t;

/* Zero one to begin with. */

typedef struct {
    mta_sts_arena_chunk_t  *chunks;
    size_t                  left;          /* bytes left in the first chunk */
} mta_sts_arena_t;


/*
 * Returns size bytes aligned for any type, or NULL when memory ran out.
 * ctx is an mta_sts_arena_t: the function fits into mta_sts_env_t.
 */
void *mta_sts_arena_alloc(void *ctx, size_t size);

void mta_sts_arena_free(mta_sts_arena_t *arena);

/*
 * Gives everything back but one chunk, for what is taken next: what was taken
 * before is lost.
 */
void mta_sts_arena_reset(mta_sts_arena_t *arena);


#endif /* MTA_STS_ARENA_H */
