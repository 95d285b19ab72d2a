/*
 * Output formats of records, one printer a file, in one table.
 */

#ifndef MTA_STS_FORMAT_H
#define MTA_STS_FORMAT_H


#include "../publish/stream.h"


#define FORMAT_ZONE            1   /* a zone is a file, not a part of one */
#define FORMAT_DOMAIN          2   /* a domain is printed as a whole */
#define FORMAT_PROVIDER        4   /* takes --provider */
#define FORMAT_NEEDS_PROVIDER  8
#define FORMAT_SEMICOLONS      16  /* takes --escaped-semicolons */


typedef struct {
    const char  *name;
    const char  *description;

    /* prints all of the stream to its out */

    void       (*print)(stream_t *stream);

    const char  *suffix;          /* of a file */
    unsigned     flags;
} format_t;


/* The format of that name, or NULL. */
const format_t *format_find(const char *name);

/* Prints the table, for --help. */
void format_usage(FILE *out);


void format_zone(stream_t *stream);
void format_nsupdate(stream_t *stream);
void format_powerdns(stream_t *stream);
void format_octodns(stream_t *stream);
void format_dnscontrol(stream_t *stream);
void format_external_dns(stream_t *stream);
void format_terraform(stream_t *stream);
void format_json(stream_t *stream);
void format_text(stream_t *stream);


#endif /* MTA_STS_FORMAT_H */
