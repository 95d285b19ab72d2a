/*
 * What the two files of the memory share.
 */

#ifndef MTA_STS_FOLLOW_MEMO_H
#define MTA_STS_FOLLOW_MEMO_H


#include "cli/sqlite/sqlite.h"
#include "follow.h"


struct memo_s {
    sqlite_file_t   sqlite;
    const char     *file;
    int             failed;
    mta_sts_err_t   err;              /* the first one */
};


/* Keeps the first error of a transaction. */
void memo_fail(memo_t *memo);


#endif /* MTA_STS_FOLLOW_MEMO_H */
