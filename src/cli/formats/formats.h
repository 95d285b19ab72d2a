/*
 * Prints a plan of records in a format.
 */

#ifndef MTA_STS_CLI_FORMATS_H
#define MTA_STS_CLI_FORMATS_H


#include <stdio.h>

#include "cli/publish/publish.h"
#include "formats/formats.h"


/* Prints the names and descriptions of all formats, for --help. */
void format_usage(FILE *out);

/*
 * Prints a plan: to standard output, where the caller looks for a write error at
 * its end; or, if folder is not NULL, each zone to a file in this folder, whose
 * name is the zone's and the format's suffix.  A file is replaced when the new
 * one is complete.
 *
 * Errors: format "NAME" has a file for each zone and there are several, use
 * "-o"; open(), write() or rename() "NAME" failed, and files of zones before it
 * are written.
 */
int output_plan(const plan_t *plan, const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, const char *folder,
    mta_sts_err_t *err);


#endif /* MTA_STS_CLI_FORMATS_H */
