/*
 * Records that belong together: those of a name, and of a name and a type.
 */

#ifndef MTA_STS_RRSET_H
#define MTA_STS_RRSET_H


#include "../../core/record.h"


#define RRSET_TYPES_MAX  3


/* How many of n records, from the first one on, have its name. */
size_t rrset_name_len(const mta_sts_record_t *records, size_t n);

/* The same for the name and the type: an RRset (RFC 2181, 5). */
size_t rrset_len(const mta_sts_record_t *records, size_t n);

/*
 * Gives the types that may stand at the record's name, all of which go when it
 * is published anew: an alias can stand beside no other record, and a policy
 * host has the wanted addresses alone.  Returns how many.
 */
size_t rrset_types(const mta_sts_record_t *record,
    mta_sts_str_t types[RRSET_TYPES_MAX]);


#endif /* MTA_STS_RRSET_H */
