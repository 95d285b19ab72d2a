/*
 * The switch to WAL.
 */

#include <stddef.h>

#include "sqlite.h"


#define WAL_AGAIN  10                 /* ms */


void
sqlite_wal(sqlite3 *db, int ms)
{
    for ( /* void */ ; ms > 0; ms -= WAL_AGAIN) {
        if (sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)
            != SQLITE_BUSY)
        {
            return;
        }

        (void) sqlite3_sleep(WAL_AGAIN);
    }
}
