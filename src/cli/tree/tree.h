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

#include "policy/policy.h"
#include "serve/serve.h"


/* A file that was written. */

typedef struct {
    mta_sts_str_t    domain;
    char             id[MTA_STS_ID_LEN];      /* of its bytes */
    mta_sts_str_t    owner;                   /* a configuration */
    int              removed;
} tree_file_t;


typedef struct {
    const char      *name;        /* FOLDER */
    int              fd;
    dev_t            dev;         /* its file system */
    mta_sts_str_t    owner;       /* set it: the name of the configuration */
    size_t           failed;      /* files that were left alone with an error */

    int              list;        /* open, and locked */
    mta_sts_str_t    text;        /* of the list, as it was read */
    tree_file_t     *files;
    size_t           n_files;
    size_t           n_sorted;    /* of these, the first ones */
    size_t           size;

    mta_sts_env_t    env;
    mta_sts_arena_t  arena;
} tree_t;


/*
 * Opens the folder, which must exist, and its list of files that were written,
 * which is made; and waits until no other process has the list open.  What is
 * read after that is not older than what the other one wrote.  Set owner then,
 * without control characters.
 *
 * Errors: open() "FOLDER" failed; open(), flock() or read()
 * "FOLDER/.mta-sts.written" failed; "FOLDER/.mta-sts.written" must be a regular
 * file that only its user may open.
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
 * with the folders that become empty.  A file is touched only if owner wrote it
 * last and its bytes are the same since.
 */
void tree_prune(tree_t *tree, int remove,
    int (*is_gone)(void *ctx, mta_sts_str_t domain), void *ctx);

/*
 * Saves what was written and removed in the list.
 *
 * Errors: write() "FOLDER/.mta-sts.written" failed.
 */
int tree_list_save(tree_t *tree, mta_sts_err_t *err);


/* For the files of this room only. */


#define TREE_FOLDER  ".well-known"
#define TREE_FILE    "mta-sts.txt"
#define TREE_ASIDE   ".mta-sts.txt.new"
#define TREE_LIST    ".mta-sts.written"


/* FOLDER/mta-sts.<domain>/.well-known/mta-sts.txt, as one string. */

typedef char  tree_path_t[4096];

/*
 * A part of the path of a domain's file, for messages: its policy host alone,
 * or with ".well-known", or all; or of the file that is written aside.
 */

typedef enum {
    TREE_PATH_HOST = 0,
    TREE_PATH_FOLDER,
    TREE_PATH_FILE,
    TREE_PATH_ASIDE
} tree_path_e;


mta_sts_str_t tree_path(const tree_t *tree, mta_sts_str_t domain,
    tree_path_e part, tree_path_t path);

/* The name of a policy host's folder. */
void tree_host(mta_sts_str_t domain, char host[MTA_STS_NAME_MAX + 1]);

/*
 * Opens the folder of a domain's file.  With made, which has a bit per
 * tree_path_e, makes it, and sets the bits of what was made.  Returns the
 * descriptor, or -1 with errno and err.
 *
 * Errors: open() or mkdir() "NAME" failed; "NAME" must be a directory, symbolic
 * links are not followed.
 */
int tree_folder(const tree_t *tree, mta_sts_str_t domain, int *made,
    mta_sts_err_t *err);

/* Removes what tree_folder() made, if it is empty. */
void tree_unmake(const tree_t *tree, mta_sts_str_t domain, int made);

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

/* Reads the list and locks it; errors as tree_open(). */
int tree_list_open(tree_t *tree, mta_sts_err_t *err);

/* Adds a file to the list, zeroed. */
tree_file_t *tree_list_add(tree_t *tree);

/* Notes that the file of an entry is as its policy; entry must stay. */
void tree_list_put(tree_t *tree, const mta_sts_entry_t *entry);


#endif /* MTA_STS_TREE_TREE_H */
