/*
 * The arrays of the builder of a table.
 */

#include <stdlib.h>
#include <sys/mman.h>

#include "slots.h"


/* Arrays of at least this size are mapped: free() often keeps the memory. */

#define TABLE_MAPPED  (256 * 1024)


void
mta_sts_table_array_free(mta_sts_table_array_t *array)
{
    if (array->size < TABLE_MAPPED) {
        free(array->elts);

    } else {
        (void) munmap(array->elts, array->size);
    }

    memset(array, 0, sizeof(mta_sts_table_array_t));
}


void *
mta_sts_table_array_room(mta_sts_table_array_t *array, size_t n, size_t elt)
{
    size_t                 used;
    mta_sts_table_array_t  grown;

    used = array->n * elt;

    if (array->size - used < n * elt) {
        grown.n = array->n;
        grown.size = array->size ? array->size : 256;

        while (grown.size - used < n * elt) {
            grown.size *= 2;
        }

        if (grown.size < TABLE_MAPPED) {
            grown.elts = malloc(grown.size);

        } else {
            grown.elts = mmap(NULL, grown.size, PROT_READ|PROT_WRITE,
                              MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
            grown.elts = grown.elts == MAP_FAILED ? NULL : grown.elts;
        }

        if (grown.elts == NULL) {
            return NULL;
        }

        if (used) {
            memcpy(grown.elts, array->elts, used);
        }

        mta_sts_table_array_free(array);
        *array = grown;
    }

    return (char *) array->elts + used;
}
