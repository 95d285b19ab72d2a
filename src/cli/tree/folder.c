/*
 * The folders and files of a tree; symbolic links below it are not followed.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "tree.h"


int
tree_open(tree_t *tree, const char *name, mta_sts_err_t *err)
{
    struct stat  st;

    memset(tree, 0, sizeof(tree_t));

    tree->name = name;
    tree->list = -1;
    tree->env.alloc = diag_alloc;
    tree->env.ctx = &tree->arena;
    tree->fd = open(name, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (tree->fd == -1 || fstat(tree->fd, &st) == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                   mta_sts_str_from(name));
    }

    tree->dev = st.st_dev;

    if (tree_list_open(tree, err) != MTA_STS_OK) {
        tree_close(tree);
        return MTA_STS_ERROR;
    }

    return MTA_STS_OK;
}


void
tree_close(tree_t *tree)
{
    if (tree->list != -1) {
        (void) close(tree->list);
    }

    (void) close(tree->fd);

    mta_sts_arena_free(&tree->arena);
}


void
tree_host(mta_sts_str_t domain, char host[MTA_STS_NAME_MAX + 1])
{
    (void) snprintf(host, MTA_STS_NAME_MAX + 1, "mta-sts.%.*s",
                    (int) domain.len, domain.data);
}


mta_sts_str_t
tree_path(const tree_t *tree, mta_sts_str_t domain, tree_path_e part,
    tree_path_t path)
{
    static const char *const  rest[] = {
        "", "/" TREE_FOLDER, "/" TREE_FOLDER "/" TREE_FILE,
        "/" TREE_FOLDER "/" TREE_ASIDE
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


/* Opens a folder in another one; with made it is made where there is none. */

static int
folder_step(const tree_t *tree, mta_sts_str_t domain, tree_path_e part,
    int dir, const char *name, int *made, mta_sts_err_t *err)
{
    int  fd;

    if (made) {
        if (mkdirat(dir, name, 0777) == 0) {
            *made |= 1 << part;

        } else if (errno != EEXIST) {
            return folder_error(tree, domain, part, "mkdir()", err);
        }
    }

    fd = openat(dir, name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    return fd == -1 ? folder_error(tree, domain, part, "open()", err) : fd;
}


int
tree_folder(const tree_t *tree, mta_sts_str_t domain, int *made,
    mta_sts_err_t *err)
{
    int   host, fd, failed;
    char  name[MTA_STS_NAME_MAX + 1];

    tree_host(domain, name);

    host = folder_step(tree, domain, TREE_PATH_HOST, tree->fd, name, made, err);
    if (host == -1) {
        return -1;
    }

    fd = folder_step(tree, domain, TREE_PATH_FOLDER, host, TREE_FOLDER, made,
                     err);
    failed = errno;

    (void) close(host);

    errno = failed;

    return fd;
}


void
tree_unmake(const tree_t *tree, mta_sts_str_t domain, int made)
{
    int   host;
    char  name[MTA_STS_NAME_MAX + 1];

    tree_host(domain, name);

    host = openat(tree->fd, name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (host == -1) {
        return;
    }

    if (made & 1 << TREE_PATH_FOLDER) {
        (void) unlinkat(host, TREE_FOLDER, AT_REMOVEDIR);
    }

    (void) close(host);

    if (made & 1 << TREE_PATH_HOST) {
        (void) unlinkat(tree->fd, name, AT_REMOVEDIR);
    }
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
