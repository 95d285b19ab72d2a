/*
 * Policies as files, for web servers without the module: each domain's in
 * FOLDER/mta-sts.<domain>/.well-known/mta-sts.txt.
 *
 * Whoever owns the folder of one policy host may be a customer, so below FOLDER
 * no symbolic link is followed, and only a regular file is replaced.
 */

#ifndef MTA_STS_TREE_TREE_H
#define MTA_STS_TREE_TREE_H


#include <sys/stat.h>
#include <sys/types.h>

#include "serve/serve.h"


typedef struct {
    const char  *name;            /* FOLDER */
    int          fd;
    size_t       failed;          /* files that were left alone with an error */
} tree_t;


/*
 * Opens the folder, which must exist, and waits until no other process has it
 * open in this way.  What is read after that is not older than what the other
 * one wrote.
 *
 * Errors: open() or flock() "FOLDER" failed.
 */
int tree_open(tree_t *tree, const char *name, mta_sts_err_t *err);

/* The system closes it at the end of the process as well. */
void tree_close(tree_t *tree);

/*
 * Writes the policies of n entries.  First all that differ are written aside,
 * and when they are on disk all are renamed; files that are equal are not
 * touched.  A file that is replaced keeps its mode and owner.
 *
 * What is wrong with the files of one domain is said and counted in failed, and
 * the others are written.
 *
 * Errors, where nothing is changed: open(), mkdir() or write() "NAME" failed,
 * since the file system is full or cannot be written to.  A signal that ends
 * the process before the first rename changes nothing either.
 */
int tree_write(tree_t *tree, const mta_sts_entry_t *entries, size_t n,
    mta_sts_err_t *err);

/*
 * Names the files of domains that is_gone() returns 1 for, or removes them,
 * with the folders that become empty.  A file is touched only if its bytes are
 * those of a policy as mta_sts_policy_render() makes it.
 *
 * Errors: opendir() or readdir() "FOLDER" failed.
 */
int tree_prune(tree_t *tree, int remove,
    int (*is_gone)(void *ctx, mta_sts_str_t domain), void *ctx,
    mta_sts_err_t *err);


/* For the files of this room only. */


#define TREE_FOLDER  ".well-known"
#define TREE_FILE    "mta-sts.txt"
#define TREE_ASIDE   ".mta-sts.txt.new"


/* FOLDER/mta-sts.<domain>/.well-known/mta-sts.txt, as one string. */

typedef char  tree_path_t[4096];

/*
 * A part of the path of a domain's file, for messages: its policy host alone,
 * or with ".well-known", or all.
 */

typedef enum {
    TREE_PATH_HOST = 0,
    TREE_PATH_FOLDER,
    TREE_PATH_FILE
} tree_path_e;


mta_sts_str_t tree_path(const tree_t *tree, mta_sts_str_t domain,
    tree_path_e part, tree_path_t path);

/*
 * Opens the folder of a domain's file, and makes it where make is 1.  Returns
 * the descriptor, or -1 with errno and err.
 *
 * Errors: open() or mkdir() "NAME" failed; "NAME" must be a directory, symbolic
 * links are not followed.
 */
int tree_folder(const tree_t *tree, mta_sts_str_t domain, int make,
    mta_sts_err_t *err);

/*
 * Reads a domain's file, which is in the open folder: at most size bytes of it.
 * Returns how many, and gives its st; or -1 with errno and err, ENOENT where
 * there is none.
 *
 * Errors: open() or read() "NAME" failed; "NAME" must be a regular file,
 * symbolic links are not followed.
 */
ssize_t tree_read(const tree_t *tree, mta_sts_str_t domain, int folder,
    char *buf, size_t size, struct stat *st, mta_sts_err_t *err);

/* Is text a policy, to the byte as mta_sts_policy_render() makes it? */
int tree_is_policy(mta_sts_str_t text);


#endif /* MTA_STS_TREE_TREE_H */
