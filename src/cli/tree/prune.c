/*
 * Files of a tree whose domain has left.  Only those are touched that are in
 * the list of what this configuration wrote and have the bytes that it wrote:
 * the files of another configuration, or of a person, are policies that senders
 * may rely on.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "tree.h"


/* Removes the folders of a domain if they are empty. */

static void
prune_folders(const tree_t *tree, mta_sts_str_t domain, int folder)
{
    char  host[MTA_STS_NAME_MAX + 1];

    (void) unlinkat(folder, TREE_ASIDE, 0);

    if (unlinkat(folder, "../" TREE_FOLDER, AT_REMOVEDIR) == 0) {
        tree_host(domain, host);
        (void) unlinkat(tree->fd, host, AT_REMOVEDIR);
    }
}


static int
prune_is_ours(const tree_file_t *file, mta_sts_str_t text)
{
    int               rc;
    char              id[MTA_STS_ID_LEN + 1];
    mta_sts_digest_t  digest = { NULL };

    rc = mta_sts_digest_id(&digest, text, id);

    mta_sts_digest_free(&digest);

    return rc == MTA_STS_OK && memcmp(id, file->id, MTA_STS_ID_LEN) == 0;
}


/* A file that is there, in the open folder. */

static void
prune_text(tree_t *tree, int remove, tree_file_t *file, int folder,
    mta_sts_str_t text)
{
    tree_path_t    path;
    mta_sts_str_t  name;

    name = tree_path(tree, file->domain, TREE_PATH_FILE, path);

    if (!prune_is_ours(file, text)) {
        say("\"%s\" is of a domain without a policy, but is not what mta-sts "
            "wrote, it is left alone", name.data);
        return;
    }

    if (!remove) {
        say("\"%s\" is of a domain without a policy, --prune removes it",
            name.data);
        return;
    }

    if (unlinkat(folder, TREE_FILE, 0) == -1) {
        say("unlink() \"%s\" failed (%d: %s)", name.data, errno,
            strerror(errno));
        tree->failed++;
        return;
    }

    say("\"%s\" is removed", name.data);

    prune_folders(tree, file->domain, folder);
    file->removed = 1;
}


static void
prune_file(tree_t *tree, int remove, tree_file_t *file)
{
    int            folder;
    char           buf[MTA_STS_BODY_MAX + 1];
    ssize_t        len;
    struct stat    st;
    mta_sts_err_t  err;
    mta_sts_str_t  text;

    folder = tree_folder(tree, file->domain, NULL, &err);

    if (folder == -1) {
        file->removed = errno == ENOENT;
        return;
    }

    len = tree_read(tree, file->domain, folder, buf, sizeof(buf), &st, &err);

    if (len != -1) {
        text.data = buf;
        text.len = (size_t) len;
        prune_text(tree, remove, file, folder, text);

    } else if (errno == ENOENT && remove) {
        prune_folders(tree, file->domain, folder);
        file->removed = 1;
    }

    (void) close(folder);
}


void
tree_prune(tree_t *tree, int remove,
    int (*is_gone)(void *ctx, mta_sts_str_t domain), void *ctx)
{
    size_t        i;
    tree_file_t  *file;

    for (i = 0; i < tree->n_files; i++) {
        file = &tree->files[i];

        if (mta_sts_str_eq(file->owner, tree->owner)
            && mta_sts_name_is_host(file->domain)
            && file->domain.len <= MTA_STS_NAME_DOMAIN_MAX
            && is_gone(ctx, file->domain))
        {
            prune_file(tree, remove, file);
        }
    }
}
