/*
 * The replica: what is in TABLE and TABLE.changes, mapped.
 *
 * Both have a copy with the same serials, TABLE.follow-copy and
 * TABLE.follow-copy.changes: where the table is damaged, what was served is
 * known from it.
 */

#ifndef MTA_STS_FOLLOW_REPLICA_H
#define MTA_STS_FOLLOW_REPLICA_H


#include "cli/table/table.h"
#include "domains/domains.h"


typedef struct {
    uint64_t            device;
    uint64_t            inode;
} replica_file_t;

typedef struct {
    mta_sts_str_t       name;
    mta_sts_str_t       changes_name;
    mta_sts_str_t       copy_name;
    mta_sts_str_t       copy_changes_name;
    mta_sts_str_t       lock_name;
    mta_sts_image_t     image;
    mta_sts_image_t     changes;
    mta_sts_domains_t   base;         /* without changes */
    mta_sts_domains_t   present;      /* with them */
    replica_file_t      file;         /* that were opened */
    replica_file_t      changes_file;
    int                 strange;      /* the files are others than those */
    int                 damaged;      /* the table is, or its changes, and there
                                         is no copy */
    int                 lock;         /* a descriptor; -1: not held */
} replica_t;


/*
 * Takes the lock of a table, removes what a killed process left, and maps what
 * is there.  Instead of one that is damaged or lost, the copy is mapped, and
 * strange is set, so that it is written again; a damaged one without a copy is
 * empty, or is without its changes if only these are damaged.  All of this is
 * said.  name is followed by a NUL.
 *
 * Errors: those of table_may_replace() and table_lock(); TABLE is a symbolic
 * link; TABLE is followed by another process; a system call failed, so that
 * nothing is known of the table.
 */
int replica_open(replica_t *replica, mta_sts_str_t name,
    const mta_sts_env_t *env, mta_sts_err_t *err);

void replica_close(replica_t *replica);

/*
 * Are the files still those that are mapped?  If another process replaced or
 * removed one, that is said, and strange is set until the table is written.  A
 * lock that was removed is taken again.
 *
 * Errors: those of table_may_replace(); TABLE is followed by another process.
 */
int replica_look(replica_t *replica, mta_sts_err_t *err);

/*
 * Replaces the table, and its copy first; its changes end with it.  What was
 * mapped is not valid any more, except after an error.
 *
 * Errors: those of table_write() and mta_sts_image_open(); TABLE was replaced
 * by another process, and strange is set.
 */
int replica_write(replica_t *replica, const mta_sts_domains_t *domains,
    mta_sts_err_t *err);

/* Replaces only the changes; errors as above. */
int replica_write_changes(replica_t *replica, const mta_sts_table_t *changes,
    mta_sts_err_t *err);

/* More changes than that are merged. */
size_t replica_changes_max(const replica_t *replica);


/* What the files of the replica share. */

/*
 * Takes the lock, unless it is held; it is a file of its own, since the table
 * is replaced.  Errors: open() or flock() "TABLE.lock" failed; TABLE is
 * followed by another process.
 */
int replica_lock(replica_t *replica, mta_sts_err_t *err);

/*
 * Opens the two files of the table, or of its copy; after an error of the
 * changes, the table alone.  Errors: those of mta_sts_image_open().
 */
int replica_images(replica_t *new, mta_sts_str_t name,
    mta_sts_str_t changes_name, mta_sts_image_verify_e verify,
    mta_sts_err_t *err);

/* Uses what was opened instead of what was mapped before. */
void replica_use(replica_t *replica, const replica_t *new);


#endif /* MTA_STS_FOLLOW_REPLICA_H */
