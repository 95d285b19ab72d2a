/*
 * To be preloaded: lets one allocation of a program fail, whoever makes it, and
 * counts what was not given back.
 *
 * From the environment:
 *
 *     MTA_STS_FAULT_AT      which one fails, from 1; 0 or none: none
 *     MTA_STS_FAULT_SKIP    allocations that are not counted: "crypto" and
 *                           "ssl" for what these libraries of OpenSSL ask for
 *     MTA_STS_FAULT_FROM    a file: nothing is counted before it is opened
 *     MTA_STS_FAULT_REPORT  a file, to which is written at exit: how many were
 *                           counted, and how many more were made than freed;
 *                           in glob() it has that word
 *
 * The real functions are those of whoever is next, libc or AddressSanitizer.
 * Set a breakpoint at fault_hit to see which one it was.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define FAULT_SKIPPED  16             /* segments */


typedef int (*main_pt)(int argc, char **argv, char **envp);

/* Of whoever is next. */

static struct {
    void  *(*malloc)(size_t size);
    void  *(*calloc)(size_t n, size_t size);
    void  *(*realloc)(void *p, size_t size);
    void  *(*aligned_alloc)(size_t alignment, size_t size);
    void  *(*memalign)(size_t alignment, size_t size);
    int    (*posix_memalign)(void **p, size_t alignment, size_t size);
    void   (*free)(void *p);
    int    (*open64)(const char *path, int flags, ...);
    void   (*exit)(int status);
    int    (*start)(main_pt program, int argc, char **argv, main_pt init,
                    void (*fini)(void), void (*rtld_fini)(void), void *stack);
    int    (*glob)(const char *pattern, int flags,
                   int (*errfunc)(const char *path, int errnum), glob_t *gl);
} real;

static unsigned long  fault_at;
static unsigned long  fault_calls;
static long           fault_live;
static int            fault_on;       /* counting has begun */
static int            fault_over;     /* and has ended */
static char           fault_file[512];    /* the report */
static char           fault_from[512];

static struct {
    ElfW(Addr)  begin;
    ElfW(Addr)  end;
} fault_skipped[FAULT_SKIPPED];

static size_t   fault_n_skipped;
static main_pt  fault_program;


void fault_hit(void);

/* libc has them in no header. */
void __libc_freeres(void);
int __libc_start_main(main_pt program, int argc, char **argv, main_pt init,
    void (*fini)(void), void (*rtld_fini)(void), void *stack);


/* ISO C knows no conversion of an object to a function. */

#define NEXT_AS(field, name)                                                  \
    p = dlsym(RTLD_NEXT, name);                                               \
    memcpy(&real.field, &p, sizeof(p));

#define NEXT(name)  NEXT_AS(name, #name)


/* All at once: dlsym() frees what an earlier one left. */

static void
fault_resolve(void)
{
    void  *p;

    if (real.free) {
        return;
    }

    NEXT(malloc)
    NEXT(calloc)
    NEXT(realloc)
    NEXT(aligned_alloc)
    NEXT(memalign)
    NEXT(posix_memalign)
    NEXT(open64)
    NEXT(exit)
    NEXT_AS(start, "__libc_start_main")
    NEXT(glob)
    NEXT(free)
}


/* Remembers where the code of a library is. */

static int
fault_skip(struct dl_phdr_info *info, size_t size, void *ctx)
{
    size_t             i;
    const char        *name = ctx;
    const ElfW(Phdr)  *segment;

    (void) size;

    if (strstr(info->dlpi_name, name) == NULL) {
        return 0;
    }

    for (i = 0; i < info->dlpi_phnum; i++) {
        segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X)
            && fault_n_skipped < FAULT_SKIPPED)
        {
            fault_skipped[fault_n_skipped].begin = info->dlpi_addr
                                                   + segment->p_vaddr;
            fault_skipped[fault_n_skipped].end = info->dlpi_addr
                                                 + segment->p_vaddr
                                                 + segment->p_memsz;
            fault_n_skipped++;
        }
    }

    return 0;
}


static void __attribute__((constructor))
fault_begin(void)
{
    const char  *value;

    value = getenv("MTA_STS_FAULT_SKIP");

    if (value && strstr(value, "crypto")) {
        (void) dl_iterate_phdr(fault_skip, "/libcrypto.so");
    }

    if (value && strstr(value, "ssl")) {
        (void) dl_iterate_phdr(fault_skip, "/libssl.so");
    }

    value = getenv("MTA_STS_FAULT_AT");
    fault_at = value ? strtoul(value, NULL, 10) : 0;

    /* nginx writes its title over the environment */

    value = getenv("MTA_STS_FAULT_REPORT");
    (void) snprintf(fault_file, sizeof(fault_file), "%s", value ? value : "");

    value = getenv("MTA_STS_FAULT_FROM");
    (void) snprintf(fault_from, sizeof(fault_from), "%s", value ? value : "");

    fault_on = *fault_from == '\0';
    fault_live = 0;
    fault_calls = 0;
}


static void
fault_report(const char *text)
{
    int     fd;
    size_t  len;

    if (*fault_file == '\0') {
        return;
    }

    fd = open(fault_file, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666);

    if (fd == -1) {
        return;
    }

    len = strlen(text);

    if (write(fd, text, len) != (ssize_t) len) {
        abort();
    }

    (void) close(fd);
}


static void __attribute__((destructor))
fault_end(void)
{
    char  line[64];

    /* what libc keeps for later, such as a time zone */

    __libc_freeres();

    (void) snprintf(line, sizeof(line), "%lu %ld\n", fault_calls, fault_live);

    fault_report(line);
}


void __attribute__((noinline))
fault_hit(void)
{
    errno = ENOMEM;
}


/* Does the allocation fail that is asked for by the code at caller? */

static int
fault_is_due(const void *caller)
{
    size_t  i;

    if (!fault_on || fault_over) {
        return 0;
    }

    for (i = 0; i < fault_n_skipped; i++) {
        if ((ElfW(Addr)) caller >= fault_skipped[i].begin
            && (ElfW(Addr)) caller < fault_skipped[i].end)
        {
            return 0;
        }
    }

    if (__atomic_add_fetch(&fault_calls, 1, __ATOMIC_RELAXED) != fault_at) {
        return 0;
    }

    fault_hit();

    return 1;
}


static void *
fault_count(void *p)
{
    if (p) {
        (void) __atomic_add_fetch(&fault_live, 1, __ATOMIC_RELAXED);
    }

    return p;
}


void *
malloc(size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : fault_count(real.malloc(size));
}


void *
calloc(size_t n, size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : fault_count(real.calloc(n, size));
}


void *
realloc(void *p, size_t size)
{
    void  *q;

    fault_resolve();

    if (fault_is_due(__builtin_return_address(0))) {
        return NULL;
    }

    q = real.realloc(p, size);

    if (p == NULL) {
        return fault_count(q);
    }

    if (q == NULL && size == 0) {
        (void) __atomic_sub_fetch(&fault_live, 1, __ATOMIC_RELAXED);
    }

    return q;
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : fault_count(real.aligned_alloc(alignment, size));
}


void *
memalign(size_t alignment, size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : fault_count(real.memalign(alignment, size));
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    int  rc;

    fault_resolve();

    if (fault_is_due(__builtin_return_address(0))) {
        return ENOMEM;
    }

    rc = real.posix_memalign(p, alignment, size);

    if (rc == 0) {
        (void) fault_count(*p);
    }

    return rc;
}


/* AddressSanitizer's own do not come by malloc(). */

char *
strndup(const char *s, size_t n)
{
    char   *copy;
    size_t  len;

    len = strnlen(s, n);
    copy = malloc(len + 1);

    if (copy) {
        memcpy(copy, s, len);
        copy[len] = '\0';
    }

    return copy;
}


char *
strdup(const char *s)
{
    return strndup(s, strlen(s));
}


void
free(void *p)
{
    fault_resolve();

    if (p) {
        (void) __atomic_sub_fetch(&fault_live, 1, __ATOMIC_RELAXED);
    }

    real.free(p);
}


/* glibc's own frees twice what it could not copy: who calls it is told. */

int
glob(const char *pattern, int flags,
    int (*errfunc)(const char *path, int errnum), glob_t *gl)
{
    int  rc;

    fault_resolve();
    fault_report("glob\n");

    rc = real.glob(pattern, flags, errfunc, gl);

    fault_report("");

    return rc;
}


/* As nginx calls it. */

int
open64(const char *path, int flags, ...)
{
    va_list       args;
    unsigned int  mode;

    fault_resolve();

    if (*fault_from && strcmp(path, fault_from) == 0) {
        fault_on = 1;
    }

    va_start(args, flags);
    mode = flags & (O_CREAT|O_TMPFILE) ? va_arg(args, unsigned int) : 0;
    va_end(args);

    return real.open64(path, flags, mode);
}


/* What comes after main(), such as the counts of gcov, is not the program's. */

static int
fault_main(int argc, char **argv, char **envp)
{
    int  status;

    status = fault_program(argc, argv, envp);
    fault_over = 1;

    return status;
}


int
__libc_start_main(main_pt program, int argc, char **argv, main_pt init,
    void (*fini)(void), void (*rtld_fini)(void), void *stack)
{
    fault_resolve();

    fault_program = program;

    return real.start(fault_main, argc, argv, init, fini, rtld_fini, stack);
}


void
exit(int status)
{
    fault_over = 1;
    real.exit(status);

    abort();
}
