/*
 * Memory of the helper: a failed allocation ends the process with one message.
 * The helper is not a server, so nothing above this file checks for NULL.
 */

#include <stdlib.h>
#include <string.h>

#include "diag.h"


static int  memory_status = DIAG_NO_MEMORY;


void
diag_no_memory_status(int status)
{
    memory_status = status;
}


void
diag_no_memory(void)
{
    say("out of memory");
    exit(memory_status);
}


static void *
memory_check(void *p)
{
    if (p == NULL) {
        diag_no_memory();
    }

    return p;
}


void *
diag_alloc(void *ctx, size_t size)
{
    return memory_check(mta_sts_arena_alloc(ctx, size));
}


void *
diag_malloc(size_t size)
{
    return memory_check(malloc(size ? size : 1));
}


void *
diag_calloc(size_t n, size_t size)
{
    return memory_check(n && size ? calloc(n, size) : calloc(1, 1));
}


void *
diag_realloc(void *p, size_t size)
{
    return memory_check(realloc(p, size ? size : 1));
}


char *
diag_strdup(const char *s)
{
    return memory_check(strdup(s));
}
