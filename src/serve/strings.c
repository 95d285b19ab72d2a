/*
 * Pieces of names.  They come from mmap(), since what free() gives back to
 * malloc() stays with the process.
 */

#include <stdlib.h>
#include <sys/mman.h>

#include "table.h"


#define NAMES_PIECE  (1024 * 1024)


/* Begins a new piece.  Returns 0 when memory ran out. */

static int
names_grow(mta_sts_strings_t *names)
{
    void                   *data;
    size_t                  size;
    mta_sts_strings_piece_t  *pieces;

    if (names->n == names->size) {
        size = names->size ? 2 * names->size : 4;

        pieces = realloc(names->pieces, size * sizeof(mta_sts_strings_piece_t));
        if (pieces == NULL) {
            return 0;
        }

        names->pieces = pieces;
        names->size = size;
    }

    data = mmap(NULL, NAMES_PIECE, PROT_READ|PROT_WRITE,
                MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) {
        return 0;
    }

    names->pieces[names->n].data = data;
    names->pieces[names->n].start = names->len;
    names->pieces[names->n].len = 0;
    names->n++;

    return 1;
}


int
mta_sts_strings_add(mta_sts_strings_t *names, mta_sts_str_t str, uint32_t *offset)
{
    mta_sts_strings_piece_t  *piece;

    if (names->n == 0
        || NAMES_PIECE - names->pieces[names->n - 1].len < str.len + 1)
    {
        if (!names_grow(names)) {
            return 0;
        }
    }

    piece = &names->pieces[names->n - 1];

    if (names->len == 0) {

        /* no name is at 0 */

        piece->data[piece->len++] = '\0';
        names->len++;
    }

    *offset = (uint32_t) names->len;

    piece->data[piece->len++] = (char) str.len;
    memcpy(piece->data + piece->len, str.data, str.len);
    piece->len += str.len;

    names->len += 1 + str.len;

    return 1;
}


void
mta_sts_strings_rewind(mta_sts_strings_t *names, size_t len)
{
    mta_sts_strings_piece_t  *piece;

    while (names->n) {
        piece = &names->pieces[names->n - 1];

        if (piece->start < len) {
            piece->len = len - piece->start;
            break;
        }

        (void) munmap(piece->data, NAMES_PIECE);
        names->n--;
    }

    names->len = len;
}


char *
mta_sts_strings_move(mta_sts_strings_t *names, const mta_sts_env_t *env)
{
    char                   *moved;
    size_t                  i;
    mta_sts_strings_piece_t  *piece;

    moved = names->len ? env->alloc(env->ctx, names->len) : NULL;

    for (i = 0; i < names->n; i++) {
        piece = &names->pieces[i];

        if (moved) {
            memcpy(moved + piece->start, piece->data, piece->len);
        }

        (void) munmap(piece->data, NAMES_PIECE);
    }

    names->n = 0;

    mta_sts_strings_free(names);

    return moved;
}


void
mta_sts_strings_free(mta_sts_strings_t *names)
{
    mta_sts_strings_rewind(names, 0);

    free(names->pieces);

    names->pieces = NULL;
    names->size = 0;
}
