/*
 * Files: a whole one in memory, and those that match a pattern.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"


/* Opens and examines a regular file.  Returns the descriptor, or -1. */

static int
file_open(mta_sts_str_t name, mta_sts_place_t place, struct stat *st,
    mta_sts_err_t *err)
{
    int  fd;

    /* open() of a FIFO would wait for a writer */

    fd = open(name.data, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        (void) mta_sts_error_errno(err, place, "open()", name);
        return -1;
    }

    if (fstat(fd, st) == -1) {
        (void) mta_sts_error_errno(err, place, "fstat()", name);

    } else if (S_ISDIR(st->st_mode)) {
        (void) mta_sts_error(err, place, "\"%.*s\" is a directory",
                             MTA_STS_SHOW(name));

    } else if (!S_ISREG(st->st_mode)) {
        (void) mta_sts_error(err, place, "\"%.*s\" is not a regular file",
                             MTA_STS_SHOW(name));

    } else {
        return fd;
    }

    (void) close(fd);

    return -1;
}


/*
 * Reads up to the end.  Half a domains file may well be a valid one that lacks
 * some domains, so a file that was changed meanwhile is an error.
 */

static int
file_read_all(mta_sts_file_t *file, char *buf, int fd, const struct stat *old,
    mta_sts_place_t place, mta_sts_err_t *err)
{
    size_t       len;
    ssize_t      n;
    struct stat  st;

    len = 0;

    do {
        n = read(fd, buf + len, file->mapped - len);

        if (n == -1 && errno != EINTR) {
            return mta_sts_error_errno(err, place, "read()", file->name);
        }

        len += n > 0 ? (size_t) n : 0;

    } while (n != 0 && len < file->mapped);

    if (fstat(fd, &st) == -1) {
        return mta_sts_error_errno(err, place, "fstat()", file->name);
    }

    if (len != (size_t) old->st_size || st.st_size != old->st_size
        || st.st_mtim.tv_sec != old->st_mtim.tv_sec
        || st.st_mtim.tv_nsec != old->st_mtim.tv_nsec)
    {
        return mta_sts_error(err, place, "\"%.*s\" was changed while it "
                             "was being read", MTA_STS_SHOW(file->name));
    }

    file->text.len = len;

    return MTA_STS_OK;
}


int
mta_sts_file_read(mta_sts_file_t *file, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_err_t *err)
{
    int          fd, rc;
    char        *buf;
    struct stat  st;

    memset(file, 0, sizeof(mta_sts_file_t));

    file->name = name;

    fd = file_open(name, place, &st, err);
    if (fd == -1) {
        return MTA_STS_ERROR;
    }

    /*
     * One byte more, to see whether the file has grown.  What munmap() gives
     * back leaves the process, what free() gives back often does not.
     */

    file->mapped = (size_t) st.st_size + 1;

    buf = mmap(NULL, file->mapped, PROT_READ|PROT_WRITE,
               MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (buf == MAP_FAILED) {
        file->mapped = 0;
        rc = errno == ENOMEM ? mta_sts_error_memory(err)
                             : mta_sts_error_errno(err, place, "mmap()", name);

    } else {
        file->text.data = buf;
        rc = file_read_all(file, buf, fd, &st, place, err);
    }

    if (rc != MTA_STS_OK) {
        mta_sts_file_free(file);
    }

    (void) close(fd);

    return rc;
}


void
mta_sts_file_free(mta_sts_file_t *file)
{
    if (file->mapped) {
        (void) munmap((void *) (uintptr_t) file->text.data, file->mapped);

        file->text.data = NULL;
        file->text.len = 0;
        file->mapped = 0;
    }
}


mta_sts_place_t
mta_sts_file_place(const mta_sts_file_t *file, size_t offset)
{
    char             ch;
    size_t           i;
    mta_sts_place_t  place = { file->name, 1, 1 };

    for (i = 0; i < file->text.len && i < offset; i++) {
        ch = file->text.data[i];

        if (ch == '\n') {
            place.line++;
            place.column = 1;

        } else if ((ch & 0xc0) != 0x80) {

            /* the first byte of a UTF-8 character */

            place.column++;
        }
    }

    return place;
}


/*
 * For a directory that cannot be read, which glob() otherwise takes for empty;
 * a value other than 0 ends it.  One that does not exist has no matches.
 */

static int
file_glob_error(const char *path, int errnum)
{
    (void) path;

    /* where glob() ends, errno is what is left of it */

    errno = errnum;

    return errnum != ENOENT && errnum != ENOTDIR;
}


/* Reports the directory of a pattern that could not be read. */

static int
file_glob_failed(const char *pattern, mta_sts_place_t place,
    mta_sts_err_t *err)
{
    int            fd;
    char           path[PATH_MAX];
    size_t         len;
    mta_sts_str_t  name;

    /* up to the "/" before the first wildcard */

    for (len = strcspn(pattern, "*?["); len && pattern[len - 1] != '/'; len--) {
        /* void */
    }

    if (len > 0 && len < sizeof(path)) {
        memcpy(path, pattern, len);
        path[len] = '\0';

        fd = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

        if (fd == -1) {
            name.data = path;
            name.len = len;

            return errno == ENOMEM
                   ? mta_sts_error_memory(err)
                   : mta_sts_error_errno(err, place, "open()", name);
        }

        (void) close(fd);
    }

    return mta_sts_error(err, place, "glob() \"%.*s\" failed, a directory "
                         "cannot be read",
                         MTA_STS_SHOW(mta_sts_str_from(pattern)));
}


int
mta_sts_glob(const char *pattern, mta_sts_place_t place,
    const mta_sts_env_t *env, mta_sts_str_t **names, size_t *n,
    mta_sts_err_t *err)
{
    int     rc;
    size_t  i;
    glob_t  gl;

    memset(&gl, 0, sizeof(glob_t));

    rc = glob(pattern, 0, file_glob_error, &gl);

    /* glibc has freed gl */

    if (rc == GLOB_NOSPACE) {
        return mta_sts_error_memory(err);
    }

    if (rc == GLOB_ABORTED) {
        return errno == ENOMEM ? mta_sts_error_memory(err)
                               : file_glob_failed(pattern, place, err);
    }

    if (rc != 0 && rc != GLOB_NOMATCH) {
        return mta_sts_error(err, place, "glob() \"%.*s\" failed",
                             MTA_STS_SHOW(mta_sts_str_from(pattern)));
    }

    rc = MTA_STS_OK;
    *n = gl.gl_pathc;
    *names = env->alloc(env->ctx, (*n + 1) * sizeof(mta_sts_str_t));

    for (i = 0; *names && i < *n; i++) {
        (*names)[i] = mta_sts_str_copy(env, mta_sts_str_from(gl.gl_pathv[i]));

        if ((*names)[i].data == NULL) {
            break;
        }
    }

    if (*names == NULL || i < *n) {
        rc = mta_sts_error_memory(err);
    }

    globfree(&gl);

    return rc;
}


int
mta_sts_file_names(const mta_sts_value_t *value, const mta_sts_env_t *env,
    mta_sts_str_t **names, size_t *n, mta_sts_err_t *err)
{
    if (strpbrk(value->text.data, "*?[") == NULL) {

        *names = env->alloc(env->ctx, sizeof(mta_sts_str_t));
        if (*names == NULL) {
            return mta_sts_error_memory(err);
        }

        **names = value->text;
        *n = 1;

        return MTA_STS_OK;
    }

    if (mta_sts_glob(value->text.data, value->place, env, names, n, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return *n ? MTA_STS_OK
              : mta_sts_error(err, value->place, "no file matches \"%.*s\"",
                              MTA_STS_SHOW(value->text));
}
