/*
 * Where records are written to: standard output, or a file a zone.
 */

#ifndef MTA_STS_OUTPUT_H
#define MTA_STS_OUTPUT_H


#include "../formats/format.h"


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


#endif /* MTA_STS_OUTPUT_H */
