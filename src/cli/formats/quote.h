/*
 * How formats write values down.  Where memory runs out, text->failed says so.
 */

#ifndef MTA_STS_QUOTE_H
#define MTA_STS_QUOTE_H


#include "../../core/record.h"


/* Appends a text as character-strings (RFC 1035, 5.1), separator between. */
void quote_txt(mta_sts_text_t *text, mta_sts_str_t value,
    const char *separator);

/* Appends the data of a record as in a zone file; names have their dot. */
void quote_rdata(mta_sts_text_t *text, const mta_sts_record_t *record);

/* Appends a record as a line of a zone file, with its absolute name. */
void quote_record(mta_sts_text_t *text, const mta_sts_record_t *record);

/* Appends str as a string of JSON, which is one of JavaScript, too. */
void quote_json(mta_sts_text_t *text, mta_sts_str_t str);


#endif /* MTA_STS_QUOTE_H */
