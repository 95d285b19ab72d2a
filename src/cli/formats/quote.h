/*
 * How formats write values down.  Where memory runs out, text->failed says so.
 */

#ifndef MTA_STS_FORMATS_QUOTE_H
#define MTA_STS_FORMATS_QUOTE_H


#include "records/records.h"


/* Appends a text as character-strings (RFC 1035, 5.1), separator between. */
void quote_txt(mta_sts_buf_t *text, mta_sts_str_t value,
    const char *separator);

/* Appends the data of a record as in a zone file; names have their dot. */
void quote_rdata(mta_sts_buf_t *text, const mta_sts_record_t *record);

/* Appends a record as a line of a zone file, with its absolute name. */
void quote_record(mta_sts_buf_t *text, const mta_sts_record_t *record);

/* Appends str as a string of JSON, which is one of JavaScript, too. */
void quote_json(mta_sts_buf_t *text, mta_sts_str_t str);


/*
 * Records that belong together: those of a name, and of a name and a type.
 */


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


#endif /* MTA_STS_FORMATS_QUOTE_H */
