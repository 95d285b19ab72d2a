/*
 * One domains file: its keys, read once or twice.  For domains.c alone.
 */

#ifndef MTA_STS_DOMAINS_FILE_H
#define MTA_STS_DOMAINS_FILE_H


#include "arena.h"
#include "domains.h"
#include "held.h"
#include "named.h"


/* Zero one for each file, and set what comes first. */

typedef struct {
    mta_sts_table_builder_t  *builder;
    mta_sts_named_t          *named;
    mta_sts_domains_t        *domains;    /* gets what "default" says */
    mta_sts_held_t           *held;
    mta_sts_arena_t          *scratched;  /* of named->scratch */

    mta_sts_yaml_t           *yaml;
    unsigned                  seen;       /* keys */
    mta_sts_use_t            *fallback;   /* what "default" is given */
    mta_sts_place_t           fallback_place;

    int                       again;      /* only the domains are read */
    int                       late;       /* they are to be read again */
    int                       failed;     /* a domain has no policy: see err */
    mta_sts_err_t             err;
    mta_sts_held_mark_t       before;     /* warnings before the domains */
    mta_sts_held_mark_t       behind;     /* and behind them */
} mta_sts_domains_file_t;


/* Reads a file.  Errors: those of mta_sts_domains_add(). */
int mta_sts_domains_file_read(mta_sts_domains_file_t *file,
    mta_sts_input_t *input, mta_sts_err_t *err);


#endif /* MTA_STS_DOMAINS_FILE_H */
