/*
 * Writing a table for nginx, and what has changed from one to another.
 */

#ifndef MTA_STS_CLI_TABLE_TABLE_H
#define MTA_STS_CLI_TABLE_TABLE_H


#include "serve/image.h"


/* "NAME.changes", in env's memory, followed by a NUL. */
mta_sts_str_t table_changes_name(mta_sts_str_t name, const mta_sts_env_t *env);

/*
 * May a table replace the file of that name, so that a wrong name costs
 * nothing?  If it is a table, empty or not there.  name is followed by a NUL.
 *
 * Errors: stat() or open() "FILE" failed (ERRNO: TEXT); FILE is not a table, or
 * not a regular file, such as /dev/null; those of mta_sts_image_is_whole().
 */
int table_may_replace(mta_sts_str_t name, mta_sts_err_t *err);

/*
 * The serial of the next table of a name, or of its changes: one that grows,
 * also if the clock goes back.  name is followed by a NUL.
 */
uint64_t table_serial(mta_sts_str_t name);

/*
 * Writes a table to a temporary file, replaces the file of that name by it, and
 * makes this survive a crash of the system, or warns that it may not.  base is
 * the serial of the table in which these are changes, or 0; serial is that of
 * what is written.  name is followed by a NUL.
 *
 * Errors: open(), write(), fsync() or rename() "FILE" failed (ERRNO: TEXT);
 * those of mta_sts_image_write().  The old table is then unchanged.
 */
int table_write(const mta_sts_domains_t *domains, mta_sts_str_t name,
    uint64_t base, uint64_t serial, mta_sts_err_t *err);

/*
 * The folder of a file, followed by a NUL, in env's memory; and in *base the
 * rest of its name.
 */
mta_sts_str_t table_folder(mta_sts_str_t name, mta_sts_str_t *base,
    const mta_sts_env_t *env);

/*
 * Waits for the lock of the folder of a table: compile has it while it writes,
 * follow while it starts.  Returns a descriptor, to be closed, or -1.
 *
 * Errors: open() "FOLDER" failed; another process holds the lock for a minute.
 */
int table_lock(mta_sts_str_t name, mta_sts_err_t *err);

/* Removes temporary files that a process has left that was killed. */
void table_clean(mta_sts_str_t name);


/*
 * Walks the domains of a table in the order in which they were added, for
 * looking each up in another table or a builder as well, either of which may be
 * NULL.  What that needs is fetched from memory in advance: with many domains,
 * waiting for it would take most of the time.
 */

#define TABLE_AHEAD  8

typedef struct {
    const mta_sts_table_t          *table;
    const mta_sts_table_t          *other;
    const mta_sts_table_builder_t  *builder;
    size_t                          cursor;
    mta_sts_str_t                   names[TABLE_AHEAD];   /* the next ones */
    size_t                          first;
    size_t                          n;
} table_walk_t;


void table_walk_init(table_walk_t *walk, const mta_sts_table_t *table,
    const mta_sts_table_t *other, const mta_sts_table_builder_t *builder);

/* Gives the next entry, or returns 0 at the end. */
int table_walk(table_walk_t *walk, mta_sts_entry_t *entry);

/* The same, but only its name, if the table itself is not looked up. */
int table_walk_name(table_walk_t *walk, mta_sts_str_t *domain);


/* Is what is served the same, and the name of the policy? */
int table_entry_eq(const mta_sts_entry_t *a, const mta_sts_entry_t *b);

/* Is the default policy the same, and its name? */
int table_same_default(const mta_sts_domains_t *a, const mta_sts_domains_t *b);

/*
 * Makes a table of what has changed from old to new, in env's memory and that
 * of both.
 *
 * Errors: those of mta_sts_table_add() and mta_sts_intern_policy().
 */
int table_compare(const mta_sts_table_t *old, const mta_sts_table_t *new,
    mta_sts_table_t *changes, const mta_sts_env_t *env, mta_sts_err_t *err);

/*
 * Makes one table of a table and its changes, without those that were removed,
 * in env's memory and that of both.  Neither has changes of its own.
 *
 * Errors: those of mta_sts_table_add() and mta_sts_intern_policy().
 */
int table_merge(const mta_sts_table_t *table, const mta_sts_table_t *changes,
    mta_sts_table_t *merged, const mta_sts_env_t *env, mta_sts_err_t *err);


#endif /* MTA_STS_CLI_TABLE_TABLE_H */
