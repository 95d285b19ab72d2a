/*
 * Which records differ from those in the DNS.
 */

#ifndef MTA_STS_CHANGED_H
#define MTA_STS_CHANGED_H


#include "../../core/arena.h"
#include "../../core/record.h"
#include "../check/net.h"


/* The records of a name and type that differ; old is what is in the DNS. */

typedef struct {
    mta_sts_str_t   name;
    mta_sts_str_t   type;
    mta_sts_str_t  *old;              /* printable */
    size_t          n;
} changed_item_t;


/* Zero one to begin with. */

typedef struct {
    changed_item_t   *items;          /* sorted by name and type */
    size_t            n;
    size_t            size;
    mta_sts_arena_t   arena;
} changed_t;


/*
 * Looks up the records of n entries.  Those that cannot be looked up are taken
 * to be changed, after it has said so.  TTLs are not compared.  Free changed
 * also after an error.
 *
 * Errors: those of net_init() and mta_sts_record_build().
 */
int changed_build(changed_t *changed, const mta_sts_entry_t *entries,
    size_t n, const mta_sts_record_wanted_t *wanted,
    const net_settings_t *settings, mta_sts_err_t *err);

void changed_free(changed_t *changed);

/* What was there in the place of a record; NULL when the record is there. */
const changed_item_t *changed_find(const changed_t *changed,
    const mta_sts_record_t *record);


#endif /* MTA_STS_CHANGED_H */
