/*
 * Diagnostics on standard error, and memory whose failed allocation ends the
 * process: both are for the helper only.
 */

#ifndef MTA_STS_DIAG_DIAG_H
#define MTA_STS_DIAG_DIAG_H


#include <stdio.h>

#include "base/base.h"


/* The exit status after a failed allocation: nothing was looked at. */

#define DIAG_NO_MEMORY  3


/*
 * "mta-sts: FILE:LINE:COL: text"; unknown parts of the place are left out.  An
 * error of a failed allocation ends the process: libyaml and libidn2 have no
 * allocation hooks, so theirs are reported as errors.
 */
void say_error(const mta_sts_err_t *err);

/* The same with "warning: "; fits into mta_sts_env_t, ctx is not used. */
void say_warning(void *ctx, const mta_sts_err_t *warning);

/* "mta-sts: text" */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));


/*
 * A page for people, readable in light and dark and on a narrow screen: up to
 * its heading, which is the title, and after the rest.  style is what it has
 * next to that of all pages; script is an element, or NULL, and then the page
 * forbids scripts.
 */
void diag_html_begin(FILE *out, const char *title, const char *style,
    const char *script);
void diag_html_end(FILE *out, const char *script);

/* Writes a text into a page, in an element or a quoted attribute. */
void diag_html(FILE *out, mta_sts_str_t text);


/* The columns of a terminal; 0 for what is none. */
unsigned diag_width(int fd);

/*
 * Text for a terminal: what is written to the stream that diag_wrap_open()
 * gives is on out after diag_wrap_close(), in lines that end between words and
 * have at most width columns.  A command or directive at the end of a line is
 * not broken.  With width 0 the stream is out.
 */

typedef struct {
    FILE      *out;
    FILE      *in;
    char      *text;
    size_t     len;
    unsigned   width;
} diag_wrap_t;

FILE *diag_wrap_open(diag_wrap_t *wrap, FILE *out, unsigned width);
void diag_wrap_close(diag_wrap_t *wrap);


/* "s" for all numbers but 1: the end of a plural. */
const char *diag_s(size_t n);


/*
 * Allocators that never return NULL: a failed allocation ends the process with
 * "out of memory" and the exit status DIAG_NO_MEMORY.  A size of 0 is valid.
 *
 * diag_alloc() takes memory of an mta_sts_arena_t and fits into mta_sts_env_t.
 * The others fit into the allocation hooks of libcurl, c-ares and jansson; what
 * they return is freed with free().
 *
 * diag_no_memory() ends the process in the same way.  diag_no_memory_status()
 * sets another exit status.
 */
void *diag_alloc(void *ctx, size_t size);
void *diag_malloc(size_t size);
void *diag_calloc(size_t n, size_t size);
void *diag_realloc(void *p, size_t size);
char *diag_strdup(const char *s);
void diag_no_memory(void) __attribute__((noreturn));
void diag_no_memory_status(int status);


#endif /* MTA_STS_DIAG_DIAG_H */
