/*
 * The folders and files of a tree; symbolic links below it are not followed.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree.h"


int
tree_open(tree_t *tree, const char *name, mta_sts_err_t *err)
{
    int  rc;

    memset(tree, 0, sizeof(tree_t));

    tree->name = name;
    tree->fd = open(name, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (tree->fd == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                   mta_sts_str_from(name));
    }

    do {
        rc = flock(tree->fd, LOCK_EX);
    } while (rc == -1 && errno == EINTR);

    if (rc == -1) {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "flock()",
                                   mta_sts_str_from(name));
        tree_close(tree);
        return MTA_STS_ERROR;
    }

    return MTA_STS_OK;
}


void
tree_close(tree_t *tree)
{
    (void) close(tree->fd);
}


mta_sts_str_t
tree_path(const tree_t *tree, mta_sts_str_t domain, tree_path_e part,
    tree_path_t path)
{
    static const char *const  rest[] = {
        "", "/" TREE_FOLDER, "/" TREE_FOLDER "/" TREE_FILE
    };

    (void) snprintf(path, sizeof(tree_path_t), "%s/mta-sts.%.*s%s",
                    tree->name, (int) domain.len, domain.data, rest[part]);

    return mta_sts_str_from(path);
}


/*
 * Fills err and keeps errno, which is ENOTDIR or ELOOP where something else has
 * the name: of a symbolic link it depends on the system.
 */

static int
folder_error(const tree_t *tree, mta_sts_str_t domain, tree_path_e part,
    const char *call, mta_sts_err_t *err)
{
    int            failed;
    tree_path_t    path;
    mta_sts_str_t  name;

    failed = errno;
    name = tree_path(tree, domain, part, path);

    if (failed == ENOTDIR || failed == ELOOP) {
        (void) mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" must be a %s, "
                             "symbolic links are not followed",
                             (int) name.len, name.data,
                             part == TREE_PATH_FILE ? "regular file"
                                                    : "directory");

    } else {
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, call, name);
    }

    errno = failed;

    return -1;
}


/* Opens a folder in another one; with make it is made. */

static int
folder_step(const tree_t *tree, mta_sts_str_t domain, tree_path_e part,
    int dir, const char *name, int make, mta_sts_err_t *err)
{
    int  fd;

    if (make && mkdirat(dir, name, 0777) == -1 && errno != EEXIST) {
        return folder_error(tree, domain, part, "mkdir()", err);
    }

    fd = openat(dir, name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    return fd == -1 ? folder_error(tree, domain, part, "open()", err) : fd;
}


int
tree_folder(const tree_t *tree, mta_sts_str_t domain, int make,
    mta_sts_err_t *err)
{
    int   host, fd, failed;
    char  name[MTA_STS_NAME_MAX + 1];

    (void) snprintf(name, sizeof(name), "mta-sts.%.*s", (int) domain.len,
                    domain.data);

    host = folder_step(tree, domain, TREE_PATH_HOST, tree->fd, name, make, err);
    if (host == -1) {
        return -1;
    }

    fd = folder_step(tree, domain, TREE_PATH_FOLDER, host, TREE_FOLDER, make,
                     err);
    failed = errno;

    (void) close(host);

    errno = failed;

    return fd;
}


/* Reads until size bytes are there, or no more. */

static ssize_t
folder_read(int fd, char *buf, size_t size)
{
    size_t   len;
    ssize_t  n;

    len = 0;

    do {
        n = read(fd, buf + len, size - len);

        if (n == -1 && errno != EINTR) {
            return -1;
        }

        len += n > 0 ? (size_t) n : 0;

    } while (n != 0 && len < size);

    return (ssize_t) len;
}


ssize_t
tree_read(const tree_t *tree, mta_sts_str_t domain, int folder, char *buf,
    size_t size, struct stat *st, mta_sts_err_t *err)
{
    int      fd, failed;
    ssize_t  len;

    /* open() of a FIFO would wait for a writer */

    fd = openat(folder, TREE_FILE, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        errno = errno == ENXIO ? ENOTDIR : errno;         /* a socket */
        return folder_error(tree, domain, TREE_PATH_FILE, "open()", err);
    }

    len = fstat(fd, st);

    if (len == 0 && !S_ISREG(st->st_mode)) {
        errno = ENOTDIR;
        len = -1;
    }

    if (len == 0) {
        len = folder_read(fd, buf, size);
    }

    if (len == -1) {
        (void) folder_error(tree, domain, TREE_PATH_FILE, "read()", err);
    }

    failed = errno;
    (void) close(fd);
    errno = failed;

    return len;
}
