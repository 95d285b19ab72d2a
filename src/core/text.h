/*
 * The carriers of text: a string slice, and a text that grows.
 *
 * A slice is passed by value and points into memory that somebody else owns;
 * it is not NUL-terminated.  Lengths are in bytes.
 */

#ifndef MTA_STS_TEXT_H
#define MTA_STS_TEXT_H


#include <string.h>

#include "env.h"


typedef struct {
    const char  *data;
    size_t       len;
} mta_sts_str_t;


#define mta_sts_str(literal)                                                  \
    ((mta_sts_str_t) { literal, sizeof(literal) - 1 })


/*
 * A text that grows.  Start with a zeroed one that has env set.  The bytes
 * come from env->alloc; when memory ran out, failed is 1 and every later
 * append does nothing, so one look at the end is enough.
 */

typedef struct {
    const mta_sts_env_t  *env;
    char                 *data;
    size_t                len;
    size_t                size;
    int                   failed;
} mta_sts_text_t;


/* Appends the bytes of str. */
void mta_sts_text_add(mta_sts_text_t *text, mta_sts_str_t str);

/* Appends a NUL-terminated string. */
void mta_sts_text_add_cstr(mta_sts_text_t *text, const char *str);

/* Appends one byte. */
void mta_sts_text_add_char(mta_sts_text_t *text, char ch);

/* Appends n in decimal. */
void mta_sts_text_add_uint(mta_sts_text_t *text, unsigned long n);

/* The text so far; valid until the next append. */
mta_sts_str_t mta_sts_text_str(const mta_sts_text_t *text);


static inline int
mta_sts_str_eq(mta_sts_str_t a, mta_sts_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


static inline int
mta_sts_str_starts(mta_sts_str_t str, mta_sts_str_t prefix)
{
    return str.len >= prefix.len
           && memcmp(str.data, prefix.data, prefix.len) == 0;
}


static inline int
mta_sts_str_ends(mta_sts_str_t str, mta_sts_str_t suffix)
{
    return str.len >= suffix.len
           && memcmp(str.data + str.len - suffix.len, suffix.data, suffix.len)
              == 0;
}


/* str without its first n bytes; n is at most str.len. */

static inline mta_sts_str_t
mta_sts_str_after(mta_sts_str_t str, size_t n)
{
    /* nothing may have no address, to which C lets nothing be added */

    if (n) {
        str.data += n;
        str.len -= n;
    }

    return str;
}


static inline mta_sts_str_t
mta_sts_str_from(const char *cstr)
{
    mta_sts_str_t  str;

    str.data = cstr;
    str.len = strlen(cstr);

    return str;
}


/*
 * The bytes of str up to the last UTF-8 character that ends within max bytes.
 */
size_t mta_sts_str_cut(mta_sts_str_t str, size_t max);

/* Has str no byte above 0x7f? */
int mta_sts_str_is_ascii(mta_sts_str_t str);

/* Compares bytewise, as strcmp() does; a prefix comes first. */
int mta_sts_str_cmp(mta_sts_str_t a, mta_sts_str_t b);

/* ASCII letters compare without case. */
int mta_sts_str_caseeq(mta_sts_str_t a, mta_sts_str_t b);

/*
 * Copies str into env's memory and puts a NUL behind the copy.
 * Returns data NULL when memory ran out.
 */
mta_sts_str_t mta_sts_str_copy(const mta_sts_env_t *env, mta_sts_str_t str);


#endif /* MTA_STS_TEXT_H */
