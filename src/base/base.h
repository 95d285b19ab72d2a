/*
 * What every room builds on: slices and growing buffers, errors with their
 * source location, the caller's environment, memory, files.
 */

#ifndef MTA_STS_BASE_BASE_H
#define MTA_STS_BASE_BASE_H


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


/*
 * Slices.  A slice is passed by value and points into memory that something
 * else owns; it is not NUL-terminated.  Lengths are in bytes.  The data of an
 * empty slice may be NULL.
 */

typedef struct {
    const char  *data;
    size_t       len;
} mta_sts_str_t;


#define mta_sts_str(literal)                                                  \
    ((mta_sts_str_t) { literal, sizeof(literal) - 1 })


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
    /* NULL + n is undefined behaviour */

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
 * The number of bytes of str up to the last UTF-8 character that ends within
 * max bytes.
 */
size_t mta_sts_str_cut(mta_sts_str_t str, size_t max);

/*
 * Makes "?" of the bytes that a terminal, or who reads lines, would act on, and
 * of those that are not UTF-8: control characters, also those of C1, the ends
 * of lines and paragraphs (U+2028, U+2029), the characters that change the
 * direction of text (U+202A to U+202E, U+2066 to U+2069), U+FFFE and U+FFFF,
 * surrogates, and bytes that begin no character or only a part of one.
 */
void mta_sts_str_clean(char *data, size_t len);

/* Has str no byte above 0x7f? */
int mta_sts_str_is_ascii(mta_sts_str_t str);

/*
 * The length of the UTF-8 character that str, which is not empty, begins with;
 * 0 where there is none: shortest form, no surrogates, up to U+10FFFF (RFC
 * 3629, 4).
 */
size_t mta_sts_str_utf8(mta_sts_str_t str);

/* Compares bytewise, as strcmp() does; a prefix comes first. */
int mta_sts_str_cmp(mta_sts_str_t a, mta_sts_str_t b);

/* ASCII letters compare case-insensitively. */
int mta_sts_str_caseeq(mta_sts_str_t a, mta_sts_str_t b);


/*
 * Errors and warnings.  A function that can fail returns MTA_STS_OK or
 * MTA_STS_ERROR; the deepest function that knows what is wrong fills the error,
 * once.
 */

#define MTA_STS_OK      0
#define MTA_STS_ERROR  -1


/*
 * A source location.  Line and column count from 1, columns in characters; 0 is
 * unknown.  file is empty if the text came from no file.
 */

typedef struct {
    mta_sts_str_t  file;
    unsigned       line;
    unsigned       column;
} mta_sts_place_t;


/* No source location, such as that of a command line. */

#define MTA_STS_NOWHERE  ((mta_sts_place_t) { { NULL, 0 }, 0, 0 })


/* A word of a configuration or of a command line, and its source location. */

typedef struct {
    mta_sts_str_t    text;
    mta_sts_place_t  place;
} mta_sts_value_t;


typedef struct {
    mta_sts_place_t  place;
    char             text[512];     /* NUL-terminated, printable */
    int              memory;        /* an allocation failed */
    int              errnum;        /* errno of a call that failed, or 0 */
} mta_sts_err_t;


/*
 * The environment that the caller hands in.  alloc() returns size bytes aligned
 * for any type, or NULL; nothing is ever given back.  The caller owns the
 * memory, which must live as long as what is made of it.  warn() gets each
 * warning, or is NULL.  ctx is passed to both.  is_public_suffix() knows domains
 * such as "co.uk", below which anyone may register one.
 */

typedef struct {
    void  *(*alloc)(void *ctx, size_t size);
    void   (*warn)(void *ctx, const mta_sts_err_t *warning);
    void    *ctx;
    int    (*is_public_suffix)(const char *name);     /* or NULL */
} mta_sts_env_t;


/*
 * Arguments for "%.*s": a slice, cut after 100 bytes, at the end of a UTF-8
 * character, so that a value of megabytes does not push the rule that it breaks
 * out of the message.
 */

#define MTA_STS_SHOW(str)                                                     \
    (int) mta_sts_str_cut(str, 100), (str).len ? (str).data : ""


/*
 * Fills err.  place is copied, its file name is not.  Control characters become
 * "?".  Returns MTA_STS_ERROR, so that a caller can return it.
 */
int mta_sts_error(mta_sts_err_t *err, mta_sts_place_t place, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

int mta_sts_error_args(mta_sts_err_t *err, mta_sts_place_t place,
    const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

/* Fills err with "out of memory" and no place; returns MTA_STS_ERROR. */
int mta_sts_error_memory(mta_sts_err_t *err);

/*
 * Fills err with: CALL "NAME" failed (ERRNO: TEXT), from errno; returns
 * MTA_STS_ERROR.
 */
int mta_sts_error_errno(mta_sts_err_t *err, mta_sts_place_t place,
    const char *call, mta_sts_str_t name);

/* Formats a warning and passes it to env->warn, if there is one. */
void mta_sts_warn(const mta_sts_env_t *env, mta_sts_place_t place,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));


/*
 * Warnings that are collected, at most MTA_STS_WARNINGS_MAX of them; the others
 * are counted.  A million domains do not give a million warnings.
 */

#define MTA_STS_WARNINGS_MAX  20


/* Zero one to begin with. */

typedef struct {
    mta_sts_err_t  warnings[MTA_STS_WARNINGS_MAX];
    size_t         n;
    size_t         more;            /* dropped, since there were too many */
} mta_sts_warnings_t;


void mta_sts_warnings_add(mta_sts_warnings_t *warnings,
    const mta_sts_err_t *warning);

/* Passes all to env->warn, and at the end how many were dropped, if any. */
void mta_sts_warnings_report(const mta_sts_warnings_t *warnings,
    const mta_sts_env_t *env);


/*
 * Copies str to env's memory, followed by a NUL.  Returns data NULL if the
 * allocation failed.
 */
mta_sts_str_t mta_sts_str_copy(const mta_sts_env_t *env, mta_sts_str_t str);

/*
 * Makes room for one more element in an array of n elements of elt bytes each,
 * in env's memory; *size is the capacity, 0 to begin with.  Returns the array,
 * which may have moved, or NULL if the allocation failed; the old array is then
 * unchanged.
 */
void *mta_sts_env_grow(const mta_sts_env_t *env, void *elts, size_t n,
    size_t *size, size_t elt);


/*
 * A growing buffer.  Start with a zeroed one that has env set.  The bytes come
 * from env->alloc; if that failed, failed is 1 and later appends do nothing, so
 * one check at the end is enough.
 */

typedef struct {
    const mta_sts_env_t  *env;
    char                 *data;
    size_t                len;
    size_t                size;
    int                   failed;
} mta_sts_buf_t;


void mta_sts_buf_add(mta_sts_buf_t *buf, mta_sts_str_t str);

/* Appends a NUL-terminated string. */
void mta_sts_buf_add_cstr(mta_sts_buf_t *buf, const char *str);

void mta_sts_buf_add_char(mta_sts_buf_t *buf, char ch);

/* Appends n in decimal. */
void mta_sts_buf_add_uint(mta_sts_buf_t *buf, uint64_t n);

/* The bytes so far; valid until the next append. */
mta_sts_str_t mta_sts_buf_str(const mta_sts_buf_t *buf);


/* A list of values.  Zero one to begin with. */

typedef struct {
    mta_sts_value_t  *elts;
    size_t            n;
    size_t            size;
    size_t            bytes;        /* of all texts together */
} mta_sts_values_t;


/*
 * Appends text, which is not copied, and its place.
 *
 * Errors: out of memory.
 */
int mta_sts_values_add(mta_sts_values_t *values, mta_sts_str_t text,
    mta_sts_place_t place, const mta_sts_env_t *env, mta_sts_err_t *err);


/* An arena: memory that is given back as a whole.  Zero one to begin with. */

typedef struct mta_sts_arena_chunk_s  mta_sts_arena_chunk_t;

typedef struct {
    mta_sts_arena_chunk_t  *chunks;
    size_t                  left;   /* bytes left in the first chunk */
} mta_sts_arena_t;


/*
 * Returns size bytes aligned for any type, or NULL if the allocation failed.
 * ctx is an mta_sts_arena_t: the function fits into mta_sts_env_t.
 */
void *mta_sts_arena_alloc(void *ctx, size_t size);

void mta_sts_arena_free(mta_sts_arena_t *arena);

/* Gives back everything but one chunk; what was allocated is invalid. */
void mta_sts_arena_reset(mta_sts_arena_t *arena);


/*
 * An environment derived from another one: memory comes from arena, or from
 * the other environment if that is NULL, and warnings are collected.  Set env
 * with mta_sts_derived_init(); the rest must live as long.
 */

typedef struct {
    mta_sts_env_t         env;
    const mta_sts_env_t  *outer;
    mta_sts_arena_t      *arena;
    mta_sts_warnings_t   *warnings;
} mta_sts_derived_t;


void mta_sts_derived_init(mta_sts_derived_t *derived,
    const mta_sts_env_t *outer, mta_sts_arena_t *arena,
    mta_sts_warnings_t *warnings);


/*
 * The number of edits that make b of a: a byte is added, removed, replaced, or
 * changes places with its neighbour; or some number from limit on.
 */
size_t mta_sts_str_distance(mta_sts_str_t a, mta_sts_str_t b, size_t limit);

/* A longer b is too far away. */

#define MTA_STS_DISTANCE_MAX  255


/* The nearest of some texts.  Zero one, and set wanted. */

typedef struct {
    mta_sts_str_t  wanted;
    mta_sts_str_t  text;            /* the nearest so far, or empty */
    size_t         distance;
} mta_sts_nearest_t;


/* Considers a text, which must live as long as nearest. */
void mta_sts_nearest_add(mta_sts_nearest_t *nearest, mta_sts_str_t text);

/*
 * Fills err with: unknown WHAT "WANTED", and: did you mean "TEXT"?  Returns
 * MTA_STS_ERROR.
 */
int mta_sts_nearest_error(const mta_sts_nearest_t *nearest, const char *what,
    mta_sts_place_t place, mta_sts_err_t *err);


/* The text of a file in memory. */

typedef struct {
    mta_sts_str_t  name;
    mta_sts_str_t  text;
    size_t         mapped;          /* bytes to unmap; 0: the caller's memory */
} mta_sts_file_t;


/*
 * Reads a whole regular file.  name must be followed by a NUL and live as long
 * as file and the errors about it.  Free the text with mta_sts_file_free().
 *
 * Errors, at place, the location of the directive: open(), fstat(), mmap() or
 * read() "NAME" failed (ERRNO: TEXT); "NAME" is a directory; "NAME" is not a
 * regular file; "NAME" was changed while it was being read, if its size or its
 * modification time has changed since it was opened.
 */
int mta_sts_file_read(mta_sts_file_t *file, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_err_t *err);

/* Does nothing to a text that is the caller's memory, or freed already. */
void mta_sts_file_free(mta_sts_file_t *file);

/* The source location of a byte of the text. */
mta_sts_place_t mta_sts_file_place(const mta_sts_file_t *file, size_t offset);

/*
 * Gives the names that match a pattern of glob(), sorted, each followed by a
 * NUL, in env's memory; no match is no error, but a directory that cannot be
 * read is.
 *
 * Errors, at place: open() "DIRECTORY" failed (ERRNO: TEXT); glob() "PATTERN"
 * failed; out of memory.
 */
int mta_sts_glob(const char *pattern, mta_sts_place_t place,
    const mta_sts_env_t *env, mta_sts_str_t **names, size_t *n,
    mta_sts_err_t *err);

/*
 * Gives the files that value names, followed by a NUL: itself, or those that
 * match if it has "*", "?" or "[".
 *
 * Errors: those of mta_sts_glob(); no file matches "PATTERN".
 */
int mta_sts_file_names(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t **names, size_t *n, mta_sts_err_t *err);


#endif /* MTA_STS_BASE_BASE_H */
