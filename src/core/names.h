/*
 * Names, one behind the other, while a table is being built.  They lie in
 * pieces that are given back one by one when they are moved to their final
 * place: there is never a second copy of them all.
 */

#ifndef MTA_STS_NAMES_H
#define MTA_STS_NAMES_H


#include <stdint.h>

#include "text.h"


typedef struct {
    char    *data;
    size_t   start;               /* the offset of its first byte */
    size_t   len;
} mta_sts_names_piece_t;


/* Zero one to begin with. */

typedef struct {
    mta_sts_names_piece_t  *pieces;
    size_t                  n;
    size_t                  size;
    size_t                  len;  /* of all, the offset of the next */
} mta_sts_names_t;


/*
 * Appends the length of str, 1 to 255, in a byte and its text; *offset is where
 * it will be.  The first offset is 1.  Returns 0 when memory ran out.
 */
int mta_sts_names_add(mta_sts_names_t *names, mta_sts_str_t str,
    uint32_t *offset);

/* Forgets what came after the first len bytes, an earlier names->len. */
void mta_sts_names_rewind(mta_sts_names_t *names, size_t len);

/*
 * Moves all to env's memory in one piece and frees names, whatever happens.
 * Returns NULL when memory ran out, or when there are none.
 */
char *mta_sts_names_move(mta_sts_names_t *names, const mta_sts_env_t *env);

void mta_sts_names_free(mta_sts_names_t *names);


#endif /* MTA_STS_NAMES_H */
