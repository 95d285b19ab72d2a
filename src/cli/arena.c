/*
 * A bump allocator over chunks of malloc'ed memory.
 */

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"


#define ARENA_CHUNK  (64 * 1024)


struct arena_chunk_s {
    arena_chunk_t           *next;
    alignas(max_align_t) unsigned char  data[];
};


void *
arena_alloc(void *ctx, size_t size)
{
    arena_t *arena = ctx;

    size_t          room;
    void           *p;
    arena_chunk_t  *chunk;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    if (size > arena->left) {
        room = size > ARENA_CHUNK ? size : ARENA_CHUNK;

        chunk = malloc(sizeof(arena_chunk_t) + room);
        if (chunk == NULL) {
            return NULL;
        }

        /* what is large gets a chunk of its own behind the current one */

        if (arena->chunks && room - size < arena->left) {
            chunk->next = arena->chunks->next;
            arena->chunks->next = chunk;
            return chunk->data;
        }

        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->left = room;
    }

    /* a chunk is used from its end, so that "left" is all there is to know */

    arena->left -= size;
    p = arena->chunks->data + arena->left;

    return p;
}


void
arena_free(arena_t *arena)
{
    arena_chunk_t  *chunk;

    while (arena->chunks) {
        chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }

    arena->left = 0;
}
