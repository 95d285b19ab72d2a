/*
 * The list of files that were written to a tree, in the tree: one line per
 * domain,
 *
 *     DOMAIN ID OWNER
 *
 * where the owner is the configuration that the policy came from.  Only the
 * user who writes the tree may open the list, so nobody else can hold its lock.
 * It is written in place.  What a crash takes from it is added again by the
 * next run, or is a file that is not removed.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "tree.h"


static int
list_cmp(const void *a, const void *b)
{
    const tree_file_t  *x = a, *y = b;

    return mta_sts_str_cmp(x->domain, y->domain);
}


/* Takes a line without its end; what is none of ours is ignored. */

static void
list_line(tree_t *tree, mta_sts_str_t line)
{
    const char     *id, *owner;
    tree_file_t    *file;
    mta_sts_str_t   rest;

    id = memchr(line.data, ' ', line.len);

    if (id == NULL) {
        return;
    }

    rest = mta_sts_str_after(line, (size_t) (id - line.data) + 1);
    owner = memchr(rest.data, ' ', rest.len);

    if (owner == NULL || owner - rest.data != MTA_STS_ID_LEN) {
        return;
    }

    file = tree_list_add(tree);

    file->domain = line;
    file->domain.len = (size_t) (id - line.data);
    file->owner = mta_sts_str_after(rest, MTA_STS_ID_LEN + 1);
    memcpy(file->id, rest.data, MTA_STS_ID_LEN);
}


static int
list_read(tree_t *tree)
{
    char           *end;
    ssize_t         n;
    mta_sts_str_t   rest, line;
    mta_sts_buf_t   text = { &tree->env, NULL, 0, 0, 0 };
    char            buf[16384];

    while ((n = read(tree->list, buf, sizeof(buf))) != 0) {

        if (n > 0) {
            line.data = buf;
            line.len = (size_t) n;
            mta_sts_buf_add(&text, line);

        } else if (errno != EINTR) {
            return -1;
        }
    }

    tree->text = mta_sts_buf_str(&text);

    for (rest = tree->text; rest.len; rest = mta_sts_str_after(rest, line.len))
    {
        end = memchr(rest.data, '\n', rest.len);

        if (end == NULL) {
            break;
        }

        line = rest;
        line.len = (size_t) (end - rest.data);
        list_line(tree, line);
        line.len++;
    }

    tree->n_sorted = tree->n_files;

    if (tree->n_files) {
        qsort(tree->files, tree->n_files, sizeof(tree_file_t), list_cmp);
    }

    return 0;
}


int
tree_list_open(tree_t *tree, mta_sts_err_t *err)
{
    int          rc;
    const char  *call;
    struct stat  st;

    call = "open()";
    tree->list = openat(tree->fd, TREE_LIST, O_RDWR|O_CREAT|O_NOFOLLOW
                                             |O_NONBLOCK|O_CLOEXEC, 0600);
    rc = tree->list == -1 ? -1 : fstat(tree->list, &st);

    if (rc == 0 && (!S_ISREG(st.st_mode) || (st.st_mode & 0077))) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "\"%s/" TREE_LIST "\" must "
                             "be a regular file that only its user may open",
                             tree->name);
    }

    if (rc == 0) {
        call = "flock()";

        do {
            rc = flock(tree->list, LOCK_EX);
        } while (rc == -1 && errno == EINTR);
    }

    if (rc == 0) {
        call = "read()";
        rc = list_read(tree);
    }

    return rc == 0 ? MTA_STS_OK
                   : mta_sts_error(err, MTA_STS_NOWHERE, "%s \"%s/" TREE_LIST
                                   "\" failed (%d: %s)", call, tree->name,
                                   errno, strerror(errno));
}


tree_file_t *
tree_list_add(tree_t *tree)
{
    tree_file_t  *file;

    tree->files = mta_sts_env_grow(&tree->env, tree->files, tree->n_files,
                                   &tree->size, sizeof(tree_file_t));
    file = &tree->files[tree->n_files++];
    memset(file, 0, sizeof(tree_file_t));

    return file;
}


void
tree_list_put(tree_t *tree, const mta_sts_entry_t *entry)
{
    tree_file_t  *file, key;

    memset(&key, 0, sizeof(tree_file_t));
    key.domain = entry->domain;

    file = tree->n_sorted
           ? bsearch(&key, tree->files, tree->n_sorted, sizeof(tree_file_t),
                     list_cmp)
           : NULL;

    if (file == NULL) {
        file = tree_list_add(tree);
        file->domain = entry->domain;
    }

    file->owner = tree->owner;
    memcpy(file->id, mta_sts_policy_id(entry->policy).data, MTA_STS_ID_LEN);
}


/* Replaces the text of the list; the lock is on the file, so it stays. */

static int
list_write(const tree_t *tree, mta_sts_str_t text)
{
    ssize_t        n;
    off_t          at;
    mta_sts_str_t  rest;

    at = 0;
    rest = text;

    while (rest.len) {
        n = pwrite(tree->list, rest.data, rest.len, at);

        if (n == -1 && errno != EINTR) {
            return -1;
        }

        at += n > 0 ? n : 0;
        rest = mta_sts_str_after(rest, n > 0 ? (size_t) n : 0);
    }

    return ftruncate(tree->list, (off_t) text.len);
}


int
tree_list_save(tree_t *tree, mta_sts_err_t *err)
{
    size_t              i;
    mta_sts_str_t       id;
    mta_sts_buf_t       text = { &tree->env, NULL, 0, 0, 0 };
    const tree_file_t  *file;

    if (tree->n_files) {
        qsort(tree->files, tree->n_files, sizeof(tree_file_t), list_cmp);
    }

    tree->n_sorted = tree->n_files;

    for (i = 0; i < tree->n_files; i++) {
        file = &tree->files[i];

        if (file->removed) {
            continue;
        }

        id.data = file->id;
        id.len = MTA_STS_ID_LEN;

        mta_sts_buf_add(&text, file->domain);
        mta_sts_buf_add_char(&text, ' ');
        mta_sts_buf_add(&text, id);
        mta_sts_buf_add_char(&text, ' ');
        mta_sts_buf_add(&text, file->owner);
        mta_sts_buf_add_char(&text, '\n');
    }

    if (mta_sts_str_eq(mta_sts_buf_str(&text), tree->text)
        || list_write(tree, mta_sts_buf_str(&text)) == 0)
    {
        return MTA_STS_OK;
    }

    return mta_sts_error(err, MTA_STS_NOWHERE, "write() \"%s/" TREE_LIST "\" "
                         "failed (%d: %s)", tree->name, errno,
                         strerror(errno));
}
