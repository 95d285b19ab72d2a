/*
 * The arena gives memory for any type, and what was given must neither overlap
 * nor move, however small and large pieces alternate.
 */

#include <stdalign.h>
#include <stdint.h>

#include "base/base.h"
#include "tap.h"


#define PIECES  4000


static unsigned char  *pieces[PIECES];
static size_t          sizes[PIECES];


/* Takes pieces whose sizes vary; returns how many are not as they must be. */

static size_t
take(mta_sts_arena_t *arena, size_t largest)
{
    size_t    i, k, bad;
    uint32_t  random;

    for (i = 0, bad = 0, random = 7; i < PIECES; i++) {
        random = random * 1664525 + 1013904223;

        /* every 64th is large */

        sizes[i] = (random >> 8) % (i % 64 ? 200 : largest);
        pieces[i] = mta_sts_arena_alloc(arena, sizes[i]);

        if (pieces[i] == NULL) {
            return PIECES;
        }

        bad += (uintptr_t) pieces[i] % alignof(max_align_t) != 0;

        memset(pieces[i], (int) (i % 251), sizes[i]);
    }

    for (i = 0; i < PIECES; i++) {
        for (k = 0; k < sizes[i]; k++) {
            bad += pieces[i][k] != i % 251;
        }
    }

    return bad;
}


static void
test_pieces(void)
{
    void             *p;
    mta_sts_arena_t   arena;

    memset(&arena, 0, sizeof(mta_sts_arena_t));

    mta_sts_arena_reset(&arena);
    mta_sts_arena_free(&arena);
    ok(arena.chunks == NULL && arena.left == 0, "an empty one can be freed");

    /* NULL would be taken for a failure */

    ok(mta_sts_arena_alloc(&arena, 0) != NULL, "0 bytes of an empty one");
    mta_sts_arena_free(&arena);

    is_int((long long) take(&arena, 1000), 0, "small pieces");
    is_int((long long) take(&arena, 300000), 0, "large ones among them");

    ok(mta_sts_arena_alloc(&arena, SIZE_MAX) == NULL, "SIZE_MAX bytes");
    ok(mta_sts_arena_alloc(&arena, SIZE_MAX - 8) == NULL,
       "a size that would wrap around");

    p = mta_sts_arena_alloc(&arena, 10 * 1000 * 1000);
    ok(p != NULL, "10 MB, after that");
    memset(p, 1, 10 * 1000 * 1000);

    mta_sts_arena_free(&arena);
    ok(arena.chunks == NULL && arena.left == 0, "is zeroed when freed");

    is_int((long long) take(&arena, 1000), 0, "and can be used again");
    mta_sts_arena_free(&arena);
}


/* A small piece after a large one must not cost a chunk of its own. */

static void
test_large(void)
{
    size_t                  left;
    mta_sts_arena_t         arena;
    mta_sts_arena_chunk_t  *first;

    memset(&arena, 0, sizeof(mta_sts_arena_t));

    (void) mta_sts_arena_alloc(&arena, 16);

    first = arena.chunks;
    left = arena.left;

    /* nothing is left where each piece is a chunk, as under a sanitizer */

    ok(mta_sts_arena_alloc(&arena, 1000 * 1000) != NULL, "a large piece");
    ok(left == 0 || (arena.chunks == first && arena.left == left),
       "leaves the current chunk in use");

    (void) mta_sts_arena_alloc(&arena, 16);
    ok(left == 0 || (arena.chunks == first && arena.left == left - 16),
       "which the next one comes from");

    mta_sts_arena_free(&arena);

    ok(mta_sts_arena_alloc(&arena, 1000 * 1000) != NULL, "a large one first");
    is_int((long long) arena.left, 0, "fills its chunk");
    ok(mta_sts_arena_alloc(&arena, 16) != NULL, "a small one follows");

    mta_sts_arena_free(&arena);
}


static void
test_reset(void)
{
    unsigned         i;
    void            *p;
    mta_sts_arena_t  arena;

    memset(&arena, 0, sizeof(mta_sts_arena_t));

    p = mta_sts_arena_alloc(&arena, 100);
    mta_sts_arena_reset(&arena);

    ok(mta_sts_arena_alloc(&arena, 100) == p, "a reset gives the same again");

    for (i = 0; i < 3; i++) {
        is_int((long long) take(&arena, 300000), 0, "round %u", i);
        mta_sts_arena_reset(&arena);
    }

    /* what is kept is one chunk: the others would pile up */

    p = arena.chunks;
    (void) mta_sts_arena_alloc(&arena, arena.left);
    ok(arena.chunks == p && arena.left == 0, "all of the chunk can be used");

    mta_sts_arena_free(&arena);
}


int
main(void)
{
    test_pieces();
    test_large();
    test_reset();

    return done();
}
