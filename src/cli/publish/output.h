/*
 * Where records are written to: standard output, or a file a zone.
 */

#ifndef MTA_STS_OUTPUT_H
#define MTA_STS_OUTPUT_H


#include "../formats/format.h"


/*
 * Prints the plan's records in a format to standard output; the caller looks
 * for a write error at its end.
 *
 * Errors: format "NAME" has a file for each zone, and there are several; out of
 * memory.
 */
int output_print(const plan_t *plan, const format_t *format,
    const options_t *options, mta_sts_err_t *err);

/*
 * Prints the records of each zone to a file in the folder options->output, the
 * zone's name and the format's suffix.  A file is replaced when it is whole.
 *
 * Errors: open(), write() or rename() "NAME" failed; out of memory.  Files of
 * zones before stay as they are.
 */
int output_files(const plan_t *plan, const format_t *format,
    const options_t *options, mta_sts_err_t *err);


#endif /* MTA_STS_OUTPUT_H */
