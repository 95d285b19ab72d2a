/*
 * The libraries hand no context along, so there is one note for the process.
 */

#include <stdlib.h>
#include <string.h>

#include "probe.h"


static int  memory_failed;


static void *
memory_note(void *p)
{
    if (p == NULL) {
        memory_failed = 1;
    }

    return p;
}


void *
memory_malloc(size_t size)
{
    return memory_note(malloc(size ? size : 1));
}


void *
memory_calloc(size_t n, size_t size)
{
    return memory_note(n && size ? calloc(n, size) : calloc(1, 1));
}


void *
memory_realloc(void *p, size_t size)
{
    return memory_note(realloc(p, size ? size : 1));
}


char *
memory_strdup(const char *s)
{
    return memory_note(strdup(s));
}


void
memory_free(void *p)
{
    free(p);
}


int
memory_ran_out(void)
{
    return memory_failed;
}
