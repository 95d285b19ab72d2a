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
 * A file that is complete or absent: what is written to it replaces the file of
 * the path once replace_close() has it on disk, and takes over its mode and
 * owner.  Neither SIGINT, SIGTERM nor the end of the process leaves another
 * file.  One is open at a time; replace_close() frees it in any case.
 *
 * Errors: open(), write(), fsync() or rename() "PATH" failed.
 */
FILE *replace_open(const char *path, mta_sts_err_t *err);
int replace_close(FILE *out, const char *path, mta_sts_err_t *err);


/* What happens to the files of other zones. */

typedef enum {
    FILES_IGNORE = 0,
    FILES_NAME,
    FILES_PRUNE
} files_e;


/*
 * Prints batches in a format, those of a zone one after the other: add() opens
 * the zone of a batch with records, and closes the one before.  A write error
 * is for whoever closes out.
 */

typedef struct {
    mta_sts_printer_t        printer;
    const mta_sts_format_t  *format;
    int                      open;        /* is a zone? */
    mta_sts_str_t            zone;

    mta_sts_arena_t          arenas[3];   /* of the batch, the zone, text */
    mta_sts_env_t            envs[3];
} output_t;


void output_begin(output_t *output, const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, FILE *out);
void output_add(output_t *output, const mta_sts_batch_t *batch);
void output_end(output_t *output);

/* The same for the deletion of RRsets, in a format that has a remove(). */
void output_remove(output_t *output, const mta_sts_batch_t *batch);

/* For output_plan(): prints the parts from begin to end, without lost zones. */
void output_print(const plan_t *plan, size_t begin, size_t end,
    const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, FILE *out);

/* Is a part of a zone lost?  Then it says so. */
int output_is_lost(const plan_t *plan, size_t begin, size_t end);

/*
 * Prints a plan: to standard output, where the caller looks for a write error
 * at its end; or, if folder is not NULL, each zone to a file in this folder,
 * whose name is the zone's and the format's suffix.  A file is replaced when
 * the new one is on disk, and keeps its mode and owner; SIGINT and SIGTERM
 * leave no other file.  Zones with a lost part are left out, with a message.
 *
 * Files in the folder that have the name of a zone which is not in the plan are
 * ignored, named or removed.
 *
 * Errors: format "NAME" has a file for each zone and there are several, use
 * "-o"; open(), write(), fsync() or rename() "NAME" failed, and files of zones
 * before it are written.
 */
int output_plan(const plan_t *plan, const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, const char *folder,
    files_e others,
    mta_sts_err_t *err);


#endif /* MTA_STS_CLI_FORMATS_H */
