/*
 * What the databases of the helper have in common.
 */

#ifndef MTA_STS_SQLITE_SQLITE_H
#define MTA_STS_SQLITE_SQLITE_H


#include <sqlite3.h>


/*
 * Switches a database to WAL, where readers and the writer do not wait for each
 * other.  SQLite does not wait here for another process that does the same:
 * that is tried again for ms.  What fails otherwise is left to what comes next.
 */
void sqlite_wal(sqlite3 *db, int ms);


#endif /* MTA_STS_SQLITE_SQLITE_H */
