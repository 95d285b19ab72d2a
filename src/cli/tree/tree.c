/*
 * Writes the policies of a tree: all that differ are written aside, then they
 * are on disk, then they are renamed.  A full file system or a signal before
 * that leaves every policy as it was, and a crash of the system leaves each
 * file old or new.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "tree.h"


/* The signal that ends the process, once nothing is aside any more. */

static volatile sig_atomic_t  tree_signo;

static const int  tree_signals[] = { SIGHUP, SIGINT, SIGTERM };

#define TREE_SIGNALS  (sizeof(tree_signals) / sizeof(tree_signals[0]))


static void
tree_signal(int signo)
{
    tree_signo = signo;
}


/* What is ignored, as by nohup, stays so. */

static void
tree_catch(struct sigaction *old)
{
    size_t            i;
    struct sigaction  sa;

    memset(&sa, 0, sizeof(struct sigaction));
    sa.sa_handler = tree_signal;

    tree_signo = 0;

    for (i = 0; i < TREE_SIGNALS; i++) {
        if (sigaction(tree_signals[i], NULL, &old[i]) == 0
            && old[i].sa_handler != SIG_IGN)
        {
            (void) sigaction(tree_signals[i], &sa, NULL);
        }
    }
}


static void
tree_release(const struct sigaction *old)
{
    size_t  i;

    for (i = 0; i < TREE_SIGNALS; i++) {
        (void) sigaction(tree_signals[i], &old[i], NULL);
    }

    if (tree_signo) {
        (void) raise(tree_signo);
    }
}


/* Is it the file system, and not the files of one domain? */

static int
tree_is_full(int failed)
{
    return failed == ENOSPC || failed == EDQUOT || failed == EROFS
           || failed == EIO || failed == EMFILE || failed == ENFILE;
}


static int
tree_put(int fd, mta_sts_str_t text)
{
    ssize_t  n;

    while (text.len) {
        n = write(fd, text.data, text.len);

        if (n == -1 && errno != EINTR) {
            return -1;
        }

        text = mta_sts_str_after(text, n > 0 ? (size_t) n : 0);
    }

    return 0;
}


/*
 * One syncfs() of the tree for all costs less than fsync() of ten files, but
 * does not flush what is mounted below it.
 */

static int
tree_flush(const tree_t *tree, int fd)
{
    struct stat  st;

    return fstat(fd, &st) == 0 && st.st_dev != tree->dev ? fsync(fd) : 0;
}


/*
 * Writes text aside; old is the file that it will replace, or NULL.  What is in
 * the way is from a process that was killed, or a trap, and not opened.
 */

static int
tree_aside(const tree_t *tree, int folder, mta_sts_str_t text,
    const struct stat *old)
{
    int  fd, rc, failed;

    (void) unlinkat(folder, TREE_ASIDE, 0);

    fd = openat(folder, TREE_ASIDE,
                O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0666);
    if (fd == -1) {
        return -1;
    }

    if (old) {

        /* only root gives a file away: the others keep its group */

        if (fchown(fd, old->st_uid, old->st_gid) != 0) {
            (void) !fchown(fd, (uid_t) -1, old->st_gid);
        }

        (void) fchmod(fd, old->st_mode & 0777);
    }

    rc = tree_put(fd, text);

    if (rc == 0) {
        rc = tree_flush(tree, fd);
    }

    failed = errno;

    if (close(fd) == -1 && rc == 0) {
        rc = -1;
        failed = errno;
    }

    errno = failed;

    return rc;
}


/*
 * Writes the policy of an entry aside if its file is another one.  Returns 1 if
 * it did, 0 if there is nothing to do, and -1 with errno and err; made is as
 * for tree_folder().
 */

static int
tree_prepare(const tree_t *tree, const mta_sts_entry_t *entry, int *made,
    mta_sts_err_t *err)
{
    int             rc, folder, failed;
    char            buf[MTA_STS_BODY_MAX + 1];
    ssize_t         len;
    struct stat     st;
    tree_path_t     path;
    mta_sts_str_t   body;

    body = mta_sts_policy_body(entry->policy);

    folder = tree_folder(tree, entry->domain, made, err);
    if (folder == -1) {
        return -1;
    }

    len = tree_read(tree, entry->domain, folder, buf, sizeof(buf), &st, err);

    if (len == -1 && errno != ENOENT) {
        rc = -1;

    } else if (len == (ssize_t) body.len
               && memcmp(buf, body.data, body.len) == 0)
    {
        rc = 0;

    } else if (tree_aside(tree, folder, body, len == -1 ? NULL : &st) == 0) {
        rc = 1;

    } else {
        failed = errno;
        (void) mta_sts_error_errno(err, MTA_STS_NOWHERE, "write()",
                                   tree_path(tree, entry->domain,
                                             TREE_PATH_ASIDE, path));
        errno = failed;
        rc = -1;
    }

    failed = errno;

    /* also what a process left that was killed */

    if (rc != 1) {
        (void) unlinkat(folder, TREE_ASIDE, 0);
    }

    (void) close(folder);
    errno = failed;

    return rc;
}


/* Makes what is aside the file of its domain, or removes it. */

static int
tree_finish(const tree_t *tree, const mta_sts_entry_t *entry, int keep,
    mta_sts_err_t *err)
{
    int          rc, folder;
    tree_path_t  path;

    folder = tree_folder(tree, entry->domain, NULL, err);
    if (folder == -1) {
        return MTA_STS_ERROR;
    }

    rc = MTA_STS_OK;

    if (keep && renameat(folder, TREE_ASIDE, folder, TREE_FILE) == -1) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "rename()",
                                 tree_path(tree, entry->domain,
                                           TREE_PATH_FILE, path));
    }

    if (!keep || rc != MTA_STS_OK) {
        (void) unlinkat(folder, TREE_ASIDE, 0);

    } else {
        (void) tree_flush(tree, folder);
    }

    (void) close(folder);

    return rc;
}


/* What became of an entry. */

typedef struct {
    char  aside;                  /* its policy is written aside */
    char  same;                   /* its file has the policy */
    int   made;                   /* as for tree_folder() */
} tree_change_t;


/*
 * Writes all that differ aside, up to the end or to a reason to keep all as it
 * is.  changes has room for n.
 */

static int
tree_prepare_all(tree_t *tree, const mta_sts_entry_t *entries, size_t n,
    tree_change_t *changes, size_t *n_changed, mta_sts_err_t *err)
{
    int     rc;
    size_t  i;

    for (i = 0, *n_changed = 0; i < n && tree_signo == 0; i++) {
        rc = tree_prepare(tree, &entries[i], &changes[i].made, err);

        if (rc != -1) {
            changes[i].aside = rc == 1;
            changes[i].same = rc == 0;
            *n_changed += (size_t) rc;

        } else if (tree_is_full(errno)) {
            return MTA_STS_ERROR;

        } else {
            say_error(err);
            tree->failed++;
        }
    }

    return tree_signo ? mta_sts_error(err, MTA_STS_NOWHERE, "a signal came, "
                                      "nothing is changed")
                      : MTA_STS_OK;
}


/* Renames what is aside, or removes it; and notes what is written. */

static void
tree_finish_all(tree_t *tree, const mta_sts_entry_t *entries, size_t n,
    tree_change_t *changes, int keep)
{
    size_t         i;
    mta_sts_err_t  err;

    for (i = 0; i < n; i++) {

        if (changes[i].aside) {
            if (tree_finish(tree, &entries[i], keep, &err) == MTA_STS_OK) {
                changes[i].same = (char) keep;

            } else {
                say_error(&err);
                tree->failed++;
            }
        }

        if (changes[i].same) {
            tree_list_put(tree, &entries[i]);

        } else if (changes[i].made) {
            tree_unmake(tree, entries[i].domain, changes[i].made);
        }
    }
}


int
tree_write(tree_t *tree, const mta_sts_entry_t *entries, size_t n,
    mta_sts_err_t *err)
{
    int               rc;
    size_t            n_changed;
    tree_change_t    *changes;
    struct sigaction  old[TREE_SIGNALS];

    changes = diag_calloc(n, sizeof(tree_change_t));

    tree_catch(old);

    rc = tree_prepare_all(tree, entries, n, changes, &n_changed, err);

    if (rc == MTA_STS_OK && n_changed && syncfs(tree->fd) == -1) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "syncfs()",
                                 mta_sts_str_from(tree->name));
    }

    tree_finish_all(tree, entries, n, changes, rc == MTA_STS_OK);

    /* or a crash brings an old policy back below a record that is new */

    if (rc == MTA_STS_OK && n_changed) {
        (void) syncfs(tree->fd);
    }

    tree_release(old);
    free(changes);

    return rc;
}
