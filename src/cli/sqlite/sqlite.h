/*
 * The SQLite files that the helper keeps: opening, versions of a schema, and
 * statements that are prepared once.
 */

#ifndef MTA_STS_SQLITE_SQLITE_H
#define MTA_STS_SQLITE_SQLITE_H


#include <sqlite3.h>
#include <stdarg.h>

#include "base/base.h"


#define SQLITE_VERSIONS  4
#define SQLITE_KEPT      32           /* statements */


/* What is in a file of a kind. */

typedef struct {
    int             id;               /* application_id, or 0 */
    const char     *always;           /* SQL for each opening, or NULL */
    const char     *versions[SQLITE_VERSIONS];    /* SQL from each version of
                                         the schema to the next one, from an
                                         empty file on; only added to */
} sqlite_schema_t;


typedef struct {
    sqlite3        *db;               /* NULL: not open */

    struct {
        const char    *sql;
        sqlite3_stmt  *stmt;
    } kept[SQLITE_KEPT];
} sqlite_file_t;


/* Why a file is not opened; compare the pointer. */
extern const char  sqlite_foreign[];


/*
 * Opens a file with flags of sqlite3_open_v2(), and waits up to ms where
 * another process writes, there and in all that follows.  With
 * SQLITE_OPEN_CREATE, a file gets WAL mode, where readers and the writer do not
 * wait for each other, and one that is new or of an older version the schema;
 * two processes may do so at once.  schema NULL: whatever the file has.
 *
 * Returns NULL, or why not, valid until the next call: what SQLite says;
 * sqlite_foreign; it was written by a newer version of mta-sts; it is empty.
 * The file is then to be closed, too.
 */
const char *sqlite_file_open(sqlite_file_t *file, const char *name, int flags,
    int ms, const sqlite_schema_t *schema);

/*
 * Also of one that is zeroed, and while a statement of it is in use, which must
 * not be used any more.
 */
void sqlite_file_close(sqlite_file_t *file);

/* Runs statements without parameters and rows; returns SQLite's code. */
int sqlite_exec(sqlite_file_t *file, const char *sql);

/*
 * Gives the statement of an SQL text, prepared and with its parameters: of
 * types, "s" is a slice, which must live as long as the statement runs, "i" an
 * int64_t.  sql must be a constant, since the statement is kept by its address.
 *
 * Returns NULL on failure, of which sqlite3_errmsg() has the text and
 * sqlite3_step() makes an error.  The caller resets the statement.
 */
sqlite3_stmt *sqlite_statement(sqlite_file_t *file, const char *sql,
    const char *types, ...);
sqlite3_stmt *sqlite_statement_args(sqlite_file_t *file, const char *sql,
    const char *types, va_list args);

/* A column, which lives until the next step; data is NULL for NULL. */
mta_sts_str_t sqlite_text(sqlite3_stmt *stmt, int column);


#endif /* MTA_STS_SQLITE_SQLITE_H */
