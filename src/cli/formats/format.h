/*
 * Output formats of records, one printer a file, in one table.
 */

#ifndef MTA_STS_FORMAT_H
#define MTA_STS_FORMAT_H


#include <stdio.h>

#include "../../core/record.h"


typedef struct {
    const char  *name;
    const char  *description;

    /* prints the n records of one policy domain */

    void       (*print)(FILE *out, mta_sts_str_t domain,
                        const mta_sts_record_t *records, size_t n);
} format_t;


/* The format of that name, or NULL. */
const format_t *format_find(const char *name);

/* Prints the table, for --help. */
void format_usage(FILE *out);


void format_zone(FILE *out, mta_sts_str_t domain,
    const mta_sts_record_t *records, size_t n);
void format_text(FILE *out, mta_sts_str_t domain,
    const mta_sts_record_t *records, size_t n);


#endif /* MTA_STS_FORMAT_H */
