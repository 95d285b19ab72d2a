/*
 * The environment of the fuzz targets.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"


static struct {
    mta_sts_env_t   env;
    void          **chunks;
    size_t          n;
    size_t          size;
} fuzz;


void
fuzz_stop(const char *cond, const char *file, int line, mta_sts_str_t a,
    mta_sts_str_t b)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, cond);
    fprintf(stderr, "--- %zu bytes\n%.*s\n--- %zu bytes\n%.*s\n---\n",
            a.len, (int) a.len, a.len ? a.data : "", b.len, (int) b.len,
            b.len ? b.data : "");
    abort();
}


static void *
fuzz_alloc(void *ctx, size_t size)
{
    void  *p;

    if (fuzz.n == fuzz.size) {
        fuzz.size = fuzz.size ? 2 * fuzz.size : 1024;
        fuzz.chunks = realloc(fuzz.chunks, fuzz.size * sizeof(void *));
    }

    p = malloc(size);

    if (ctx != &fuzz || fuzz.chunks == NULL || p == NULL) {
        abort();
    }

    fuzz.chunks[fuzz.n++] = p;

    /* memory that comes zeroed would hide who relies on that */

    return memset(p, 0xa5, size);
}


void
fuzz_check_error(const mta_sts_err_t *err)
{
    size_t         i;
    unsigned char  ch;
    mta_sts_str_t  text;

    text = mta_sts_str_from(err->text);

    fuzz_check(!err->memory && text.len > 0, text, FUZZ_NONE);

    for (i = 0; i < text.len; i++) {
        ch = (unsigned char) text.data[i];
        fuzz_check(ch >= ' ' && ch != 0x7f, text, FUZZ_NONE);
    }
}


static void
fuzz_warn(void *ctx, const mta_sts_err_t *warning)
{
    (void) ctx;

    fuzz_check_error(warning);
}


const mta_sts_env_t *
fuzz_begin(void)
{
    while (fuzz.n) {
        free(fuzz.chunks[--fuzz.n]);
    }

    fuzz.env.alloc = fuzz_alloc;
    fuzz.env.warn = fuzz_warn;
    fuzz.env.ctx = &fuzz;

    return &fuzz.env;
}


void
fuzz_stdin(mta_sts_str_t text)
{
    static int  fd = -1;

    if (fd == -1) {
        fd = memfd_create("stdin", 0);
    }

    if (fd == -1 || ftruncate(fd, 0) == -1
        || pwrite(fd, text.data, text.len, 0) != (ssize_t) text.len
        || lseek(fd, 0, SEEK_SET) == -1 || dup2(fd, STDIN_FILENO) == -1)
    {
        perror("standard input");
        exit(1);
    }
}
