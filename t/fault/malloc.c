/*
 * A library to preload: one allocation fails, of the program or of one of its
 * libraries.
 *
 * From the environment:
 *
 *     MTA_STS_FAULT_AT      number of the allocation that fails, from 1; 0 or
 *                           not set: none fails
 *     MTA_STS_FAULT_SKIP    allocations that are not counted: "crypto" and
 *                           "ssl" for those of OpenSSL's libraries
 *     MTA_STS_FAULT_FROM    a file: nothing is counted before it is opened
 *     MTA_STS_FAULT_REPORT  a file to which the number of counted allocations
 *                           is written at exit; during glob() it has "glob"
 *
 * The real functions are those of the next library, libc or AddressSanitizer.
 * A breakpoint at fault_hit stops at the failing allocation.
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

/* Those of the next library. */

static struct {
    void  *(*malloc)(size_t size);
    void  *(*calloc)(size_t n, size_t size);
    void  *(*realloc)(void *p, size_t size);
    void  *(*aligned_alloc)(size_t alignment, size_t size);
    void  *(*memalign)(size_t alignment, size_t size);
    int    (*posix_memalign)(void **p, size_t alignment, size_t size);
    int    (*open64)(const char *path, int flags, ...);
    void   (*exit)(int status);
    int    (*start)(main_pt program, int argc, char **argv, main_pt init,
                    void (*fini)(void), void (*rtld_fini)(void), void *stack);
    int    (*glob)(const char *pattern, int flags,
                   int (*errfunc)(const char *path, int errnum), glob_t *gl);
} real;

static unsigned long  fault_at;
static unsigned long  fault_calls;
static int            fault_on;            /* counting has begun */
static int            fault_over;          /* counting has ended */
static char           fault_file[512];     /* the report */
static char           fault_from[512];

static struct {
    ElfW(Addr)  begin;
    ElfW(Addr)  end;
} fault_skipped[FAULT_SKIPPED];

static size_t   fault_n_skipped;
static main_pt  fault_program;


void fault_hit(void);

/* libc has it in no header. */
int __libc_start_main(main_pt program, int argc, char **argv, main_pt init,
    void (*fini)(void), void (*rtld_fini)(void), void *stack);


/* ISO C has no conversion of an object pointer to a function pointer. */

#define NEXT_AS(field, name)                                                  \
    p = dlsym(RTLD_NEXT, name);                                               \
    memcpy(&real.field, &p, sizeof(p));

#define NEXT(name)  NEXT_AS(name, #name)


static void
fault_resolve(void)
{
    void  *p;

    if (real.glob) {
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
}


/* Remembers the addresses of a library's code. */

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

    (void) snprintf(line, sizeof(line), "%lu\n", fault_calls);

    fault_report(line);
}


void __attribute__((noinline))
fault_hit(void)
{
    errno = ENOMEM;
}


/* Whether the allocation fails that the code at caller asks for. */

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


void *
malloc(size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : real.malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : real.calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    fault_resolve();

    if (fault_is_due(__builtin_return_address(0))) {
        return NULL;
    }

    return real.realloc(p, size);
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : real.aligned_alloc(alignment, size);
}


void *
memalign(size_t alignment, size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? NULL : real.memalign(alignment, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    fault_resolve();

    return fault_is_due(__builtin_return_address(0))
           ? ENOMEM : real.posix_memalign(p, alignment, size);
}


/* AddressSanitizer's own strndup() and strdup() do not call malloc(). */

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


/* glibc's own frees a name twice after a failed allocation: report the call. */

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


/* The name under which nginx calls open(). */

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


/* What runs after main(), such as gcov's output, is not counted. */

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
