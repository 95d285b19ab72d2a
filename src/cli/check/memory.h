/*
 * Memory for libcurl and c-ares, which do not always tell when it ran out: a
 * failed handshake or lookup may be all there is to see, and then it would be
 * blamed on the server.
 */

#ifndef MTA_STS_MEMORY_H
#define MTA_STS_MEMORY_H


#include <stddef.h>


void *memory_malloc(size_t size);
void *memory_calloc(size_t n, size_t size);
void *memory_realloc(void *p, size_t size);
char *memory_strdup(const char *s);
void memory_free(void *p);

/* Has there been no memory for one of them, ever? */
int memory_ran_out(void);


#endif /* MTA_STS_MEMORY_H */
