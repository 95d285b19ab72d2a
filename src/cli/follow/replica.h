/*
 * The replica: what is in TABLE and TABLE.changes, mapped.
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
    mta_sts_str_t       lock_name;
    mta_sts_image_t     image;
    mta_sts_image_t     changes;
    mta_sts_domains_t   base;         /* without changes */
    mta_sts_domains_t   present;      /* with them */
    replica_file_t      file;         /* that were opened */
    replica_file_t      changes_file;
    int                 strange;      /* the files are others than those */
    int                 damaged;      /* the table is, or its changes: */
    mta_sts_image_id_t  damaged_id;   /* what they were then */
    mta_sts_image_id_t  damaged_changes_id;
    int                 lock;         /* a descriptor; -1: not held */
} replica_t;


/*
 * Takes the lock of a table, removes what a killed process left, and maps what
 * is there; the table is empty if there is no file, or after a message if it is
 * damaged; if only its changes are, it is without them.  name is followed by a
 * NUL.
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
 * lock that was removed is taken again.  Damaged files are mapped again if they
 * are others now.
 *
 * Errors: those of table_may_replace(); TABLE is followed by another process; a
 * damaged file cannot be read.
 */
int replica_look(replica_t *replica, mta_sts_err_t *err);

/*
 * Replaces the table; its changes end with it.  What was mapped is not valid
 * any more, except after an error.
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


#endif /* MTA_STS_FOLLOW_REPLICA_H */
