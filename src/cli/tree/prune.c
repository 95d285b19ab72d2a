/*
 * Files of a tree whose domain has left.  A file is known as ours by its bytes:
 * it is a policy as we render it.  That needs no list of what was written,
 * which can be lost, copied or edited.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "tree.h"


/* A line "KEY: VALUE" with its CRLF; 0 if text does not begin with one. */

static int
prune_line(mta_sts_str_t *text, mta_sts_value_t *key, mta_sts_value_t *value)
{
    size_t  i, colon;

    for (i = 0; i < text->len && text->data[i] != '\r'; i++) {
        /* void */
    }

    if (i + 2 > text->len || text->data[i + 1] != '\n') {
        return 0;
    }

    for (colon = 0; colon < i && text->data[colon] != ':'; colon++) {
        /* void */
    }

    if (colon + 2 >= i || text->data[colon + 1] != ' ') {
        return 0;
    }

    memset(key, 0, sizeof(mta_sts_value_t));
    memset(value, 0, sizeof(mta_sts_value_t));

    key->text.data = text->data;
    key->text.len = colon;
    value->text.data = text->data + colon + 2;
    value->text.len = i - colon - 2;

    *text = mta_sts_str_after(*text, i + 2);

    return 1;
}


static void
prune_ignore(void *ctx, const mta_sts_err_t *warning)
{
    (void) ctx;
    (void) warning;
}


int
tree_is_policy(mta_sts_str_t text)
{
    int                      rc;
    mta_sts_err_t            err;
    mta_sts_str_t            rest;
    mta_sts_value_t          key, value;
    mta_sts_arena_t          arena = { NULL, 0 };
    mta_sts_env_t            env = { diag_alloc, prune_ignore, &arena, NULL };
    mta_sts_digest_t         digest = { NULL };
    mta_sts_settings_t       settings;
    const mta_sts_policy_t  *policy;

    memset(&settings, 0, sizeof(mta_sts_settings_t));

    /* tlsrpt_rua is a setting, too, but no line of a policy */

    rest = text;
    rc = prune_line(&rest, &key, &value)
         && mta_sts_str_eq(key.text, mta_sts_str("version"));

    while (rc && rest.len) {
        rc = prune_line(&rest, &key, &value)
             && mta_sts_settings_set(&settings, &key, &value, 1, &env, &err)
                == MTA_STS_OK;
    }

    rc = rc
         && mta_sts_policy_render(&settings, &digest, &env, &policy, &err)
            == MTA_STS_OK
         && mta_sts_str_eq(text, mta_sts_policy_body(policy));

    mta_sts_digest_free(&digest);
    mta_sts_arena_free(&arena);

    return rc;
}


/* Removes a file of ours, and its folders if they are empty then. */

static void
prune_remove(tree_t *tree, const char *host, int folder, mta_sts_str_t name)
{
    if (unlinkat(folder, TREE_FILE, 0) == -1) {
        say("unlink() \"%s\" failed (%d: %s)", name.data, errno,
            strerror(errno));
        tree->failed++;
        return;
    }

    say("\"%s\" is removed", name.data);

    (void) unlinkat(folder, TREE_ASIDE, 0);

    if (unlinkat(folder, "../" TREE_FOLDER, AT_REMOVEDIR) == 0) {
        (void) unlinkat(tree->fd, host, AT_REMOVEDIR);
    }
}


/* The file of a policy host whose domain has left. */

static void
prune_file(tree_t *tree, int remove, const char *host, mta_sts_str_t domain)
{
    int             folder;
    char            buf[MTA_STS_BODY_MAX + 1];
    ssize_t         len;
    struct stat     st;
    tree_path_t     path;
    mta_sts_err_t   err;
    mta_sts_str_t   name, text;

    folder = tree_folder(tree, domain, 0, &err);
    if (folder == -1) {
        return;
    }

    len = tree_read(tree, domain, folder, buf, sizeof(buf), &st, &err);

    if (len != -1) {
        text.data = buf;
        text.len = (size_t) len;
        name = tree_path(tree, domain, TREE_PATH_FILE, path);

        if (!tree_is_policy(text)) {
            say("\"%s\" is of a domain without a policy, but was not written "
                "by mta-sts, it is left alone", name.data);

        } else if (remove) {
            prune_remove(tree, host, folder, name);

        } else {
            say("\"%s\" is of a domain without a policy, --prune removes it",
                name.data);
        }
    }

    (void) close(folder);
}


int
tree_prune(tree_t *tree, int remove,
    int (*is_gone)(void *ctx, mta_sts_str_t domain), void *ctx,
    mta_sts_err_t *err)
{
    int             fd, failed;
    DIR            *dir;
    mta_sts_str_t   host, domain;
    struct dirent  *file;

    fd = dup(tree->fd);
    dir = fd == -1 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "opendir()",
                                   mta_sts_str_from(tree->name));
    }

    while (errno = 0, (file = readdir(dir)) != NULL) {
        host = mta_sts_str_from(file->d_name);

        if (mta_sts_name_is_host(host)
            && mta_sts_name_policy_domain(host, &domain)
            && is_gone(ctx, domain))
        {
            prune_file(tree, remove, file->d_name, domain);
        }
    }

    failed = errno;

    (void) closedir(dir);

    errno = failed;

    return failed ? mta_sts_error_errno(err, MTA_STS_NOWHERE, "readdir()",
                                        mta_sts_str_from(tree->name))
                  : MTA_STS_OK;
}
