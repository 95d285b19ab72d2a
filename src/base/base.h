/*
 * What the core is handed by its caller: memory that lives as long as the
 * result, and somebody to tell warnings to.
 */

#ifndef MTA_STS_BASE_BASE_H
#define MTA_STS_BASE_BASE_H


#include <stdarg.h>
#include <stddef.h>
#include <string.h>


struct mta_sts_err_s;


/*
 * alloc() returns size bytes aligned for pointers and 64-bit integers, or NULL;
 * nothing is ever given back.  ctx is handed on.
 */

typedef struct {
    void  *(*alloc)(void *ctx, size_t size);
    void   (*warn)(void *ctx, const struct mta_sts_err_s *warning);
    void    *ctx;
} mta_sts_env_t;


/*
 * Makes room for one more element in an array of n elements of elt bytes each,
 * in env's memory; *size is for how many there is room, 0 to begin with.
 * Returns the array, which may have moved, or NULL when memory ran out; the
 * old one then is as it was.
 */
void *mta_sts_env_grow(const mta_sts_env_t *env, void *elts, size_t n,
    size_t *size, size_t elt);


/*
 * The carriers of text: a string slice, and a text that grows.
 *
 * A slice is passed by value and points into memory that somebody else owns;
 * it is not NUL-terminated.  Lengths are in bytes.
 */


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
} mta_sts_buf_t;


/* Appends the bytes of str. */
void mta_sts_buf_add(mta_sts_buf_t *text, mta_sts_str_t str);

/* Appends a NUL-terminated string. */
void mta_sts_buf_add_cstr(mta_sts_buf_t *text, const char *str);

/* Appends one byte. */
void mta_sts_buf_add_char(mta_sts_buf_t *text, char ch);

/* Appends n in decimal. */
void mta_sts_buf_add_uint(mta_sts_buf_t *text, unsigned long n);

/* The text so far; valid until the next append. */
mta_sts_str_t mta_sts_buf_str(const mta_sts_buf_t *text);


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


/*
 * An error, or a warning, with its place.
 *
 * A function that can fail returns MTA_STS_OK or MTA_STS_ERROR; the deepest
 * function that knows what is wrong fills the error, once.
 */


#define MTA_STS_OK      0
#define MTA_STS_ERROR  -1


/*
 * Where something stands: line and column count from 1, the column in bytes, or
 * in YAML in characters; 0 is "not known".  file is empty where the text came
 * from no file.
 */

typedef struct {
    mta_sts_str_t  file;
    unsigned       line;
    unsigned       column;
} mta_sts_place_t;


/* The place of what came from no file, such as the command line. */

#define MTA_STS_NOWHERE  ((mta_sts_place_t) { { NULL, 0 }, 0, 0 })


/* A word of a configuration or of a command line, and where it stands. */

typedef struct {
    mta_sts_str_t    text;
    mta_sts_place_t  place;
} mta_sts_value_t;


typedef struct mta_sts_err_s {
    mta_sts_place_t  place;
    char             text[512];     /* NUL-terminated, printable */
    int              memory;        /* it ran out */
} mta_sts_err_t;


/*
 * For "%.*s": a slice, cut after 100 bytes so that a value of megabytes does
 * not push the rule that it breaks out of the message; but not in the middle of
 * a UTF-8 character.
 */

#define MTA_STS_SHOW(str)                                                     \
    (int) mta_sts_str_cut(str, 100), (str).len ? (str).data : ""


/*
 * Fills err; the place is copied, its file name is not.  Bytes that would
 * steer a terminal become "?".  Returns MTA_STS_ERROR, so that a caller can
 * return it.
 */
int mta_sts_error(mta_sts_err_t *err, mta_sts_place_t place, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* The same for a function that has such arguments itself. */
int mta_sts_error_args(mta_sts_err_t *err, mta_sts_place_t place,
    const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

/* Fills err with "out of memory" and no place; returns MTA_STS_ERROR. */
int mta_sts_error_memory(mta_sts_err_t *err);

/*
 * Fills err with: CALL "NAME" failed (ERRNO: TEXT), of errno; returns
 * MTA_STS_ERROR.
 */
int mta_sts_error_errno(mta_sts_err_t *err, mta_sts_place_t place,
    const char *call, mta_sts_str_t name);

/* Makes a warning of fmt and tells it to env->warn. */
void mta_sts_warn(const mta_sts_env_t *env, mta_sts_place_t place,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));


/*
 * A list of texts and the places they were configured at.
 */


/* Zero one to begin with. */

typedef struct {
    mta_sts_value_t  *elts;
    size_t            n;
    size_t            size;
    size_t            bytes;                 /* of all texts together */
} mta_sts_values_t;


/*
 * Appends text, which is in env's memory, with the place it came from.
 *
 * Errors: out of memory.
 */
int mta_sts_values_add(mta_sts_values_t *values, mta_sts_str_t text,
    mta_sts_place_t place, const mta_sts_env_t *env, mta_sts_err_t *err);


/*
 * Memory that is taken piece by piece and given back as a whole.
 */


typedef struct mta_sts_arena_chunk_s  mta_sts_arena_chunk_t;

/* Zero one to begin with. */

typedef struct {
    mta_sts_arena_chunk_t  *chunks;
    size_t                  left;          /* bytes left in the first chunk */
} mta_sts_arena_t;


/*
 * Returns size bytes aligned for any type, or NULL when memory ran out.
 * ctx is an mta_sts_arena_t: the function fits into mta_sts_env_t.
 */
void *mta_sts_arena_alloc(void *ctx, size_t size);

void mta_sts_arena_free(mta_sts_arena_t *arena);

/*
 * Gives everything back but one chunk, for what is taken next: what was taken
 * before is lost.
 */
void mta_sts_arena_reset(mta_sts_arena_t *arena);


/*
 * Warnings that are held back until a file has been read: what is read twice is
 * warned of once, and a million domains are not a million warnings.
 */


#define MTA_STS_WARNINGS_MAX  20


/* Zero one to begin with. */

typedef struct {
    mta_sts_err_t  warnings[MTA_STS_WARNINGS_MAX];
    size_t         n;
    size_t         more;            /* that there was no room for */
} mta_sts_warnings_t;


/* How many there were at some time. */

typedef struct {
    size_t         n;
    size_t         more;
} mta_sts_warnings_mark_t;


void mta_sts_warnings_add(mta_sts_warnings_t *held, const mta_sts_err_t *warning);

mta_sts_warnings_mark_t mta_sts_warnings_mark(const mta_sts_warnings_t *held);

/* Forgets what came between two marks. */
void mta_sts_warnings_cut(mta_sts_warnings_t *held, mta_sts_warnings_mark_t from,
    mta_sts_warnings_mark_t to);

/* Tells them all to env, and how many more there were. */
void mta_sts_warnings_report(const mta_sts_warnings_t *held, const mta_sts_env_t *env);


#endif /* MTA_STS_BASE_BASE_H */
