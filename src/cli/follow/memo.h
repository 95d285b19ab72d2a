/*
 * What the two files of the memory share.
 */

#ifndef MTA_STS_FOLLOW_MEMO_H
#define MTA_STS_FOLLOW_MEMO_H


#include <sqlite3.h>

#include "follow.h"


typedef enum {
    MEMO_LEAVING = 0,
    MEMO_PUT_LEAVING,
    MEMO_DELETE_LEAVING,
    MEMO_COUNT_LEAVING,
    MEMO_EACH_LEAVING,
    MEMO_CLOCK,
    MEMO_SHIFT,
    MEMO_PUT_DOWN,
    MEMO_DOWN,
    MEMO_DELETE_DOWN,
    MEMO_PUT_ALLOWED,
    MEMO_ALLOWED,
    MEMO_PUT_SPENT,
    MEMO_IS_SPENT,
    MEMO_KNOWN,
    MEMO_PUT_PENDING,
    MEMO_COUNT_PENDING,
    MEMO_LAST_PENDING,
    MEMO_EACH_PENDING,
    MEMO_DELETE_PENDING,
    MEMO_STATEMENTS
} memo_statement_e;

struct memo_s {
    sqlite3        *db;
    const char     *file;
    int             failed;
    mta_sts_err_t   err;              /* the first one */
    sqlite3_stmt   *statements[MEMO_STATEMENTS];
};


/* Keeps the first error of a transaction. */
void memo_fail(memo_t *memo);


#endif /* MTA_STS_FOLLOW_MEMO_H */
