/*
 * A bump allocator over chunks of malloc'ed memory.
 */

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base.h"


#ifndef ARENA_CHUNK
#define ARENA_CHUNK  (64 * 1024)
#endif


struct mta_sts_arena_chunk_s {
    mta_sts_arena_chunk_t              *next;
    size_t                              size;
    alignas(max_align_t) unsigned char  data[];
};


void *
mta_sts_arena_alloc(void *ctx, size_t size)
{
    mta_sts_arena_t *arena = ctx;

    size_t                  room;
    void                   *p;
    mta_sts_arena_chunk_t  *chunk;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }

    size = size ? size : 1;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    if (size > arena->left) {
        room = size > ARENA_CHUNK ? size : ARENA_CHUNK;

        chunk = malloc(sizeof(mta_sts_arena_chunk_t) + room);
        if (chunk == NULL) {
            return NULL;
        }

        chunk->size = room;

        /* a large block gets its own chunk, after the current one */

        if (arena->chunks && room - size < arena->left) {
            chunk->next = arena->chunks->next;
            arena->chunks->next = chunk;
            return chunk->data;
        }

        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->left = room;
    }

    /* a chunk is used from its end, so that "left" is its whole state */

    arena->left -= size;
    p = arena->chunks->data + arena->left;

    return p;
}


void
mta_sts_arena_free(mta_sts_arena_t *arena)
{
    mta_sts_arena_chunk_t  *chunk;

    while (arena->chunks) {
        chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }

    arena->left = 0;
}


void
mta_sts_arena_reset(mta_sts_arena_t *arena)
{
    mta_sts_arena_t  rest;

    if (arena->chunks == NULL) {
        return;
    }

    rest.chunks = arena->chunks->next;
    rest.left = 0;

    mta_sts_arena_free(&rest);

    arena->chunks->next = NULL;
    arena->left = arena->chunks->size;
}
