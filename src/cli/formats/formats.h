/*
 * Output formats of records, one printer a file, in one table.
 */

#ifndef MTA_STS_FORMATS_FORMATS_H
#define MTA_STS_FORMATS_FORMATS_H


#include "cli/publish/publish.h"


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


/*
 * Where records are written to: standard output, or a file a zone.
 */


/*
 * Plans the records of n entries, as plan_build() does, or only those that
 * changed where that is not NULL, and prints them in a format: to standard
 * output, where the caller looks for a write error at its end; or with
 * options->output the records of each zone to a file in this folder, the zone's
 * name and the format's suffix.  A file is replaced when it is whole.
 *
 * Errors: those of plan_build(); format "NAME" has a file for each zone and
 * there are several, use "-o"; open(), write() or rename() "NAME" failed, and
 * files of zones before are written.
 */
int output_records(const mta_sts_entry_t *entries, size_t n,
    const zones_t *zones, const mta_sts_record_wanted_t *wanted,
    const changed_t *changed, const format_t *format,
    const options_t *options, mta_sts_err_t *err);


#endif /* MTA_STS_FORMATS_FORMATS_H */
