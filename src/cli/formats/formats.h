/*
 * Output formats of records: one file per format, one table of them, and what
 * prints a plan in one.
 */

#ifndef MTA_STS_FORMATS_FORMATS_H
#define MTA_STS_FORMATS_FORMATS_H


#include <stdio.h>

#include "cli/publish/publish.h"


typedef enum {
    FORMAT_NO_PROVIDER = 0,
    FORMAT_ROUTE53,
    FORMAT_CLOUDFLARE
} format_provider_e;


typedef struct {
    format_provider_e  provider;
    int                escaped_semicolons;
} format_settings_t;


/* What a format prints with. */

typedef struct {
    const format_settings_t  *settings;
    FILE                     *out;
    mta_sts_buf_t             text;       /* goes to out after each call */
    const mta_sts_env_t      *env;        /* memory of the current batch; with
                                             FORMAT_ZONE, of the zone */
    size_t                    total;      /* batches that are printed */
    size_t                    bytes;      /* since open() */
    size_t                    n;          /* the format's own, 0 at open() */
    void                     *state;      /* the format's own */
} printer_t;


#define FORMAT_ZONE            1   /* one file is one zone */
#define FORMAT_WHOLE           32  /* what is missing is deleted by its reader */
#define FORMAT_DOMAIN          2   /* a domain is not split into zones */
#define FORMAT_PROVIDER        4   /* takes --provider */
#define FORMAT_NEEDS_PROVIDER  8
#define FORMAT_SEMICOLONS      16  /* takes --escaped-semicolons */


/*
 * A format and its functions, each of which may be NULL but batch(): begin() and
 * end() enclose a file, open() and close() a zone in it, which is closed and
 * opened again after max bytes, where max is not 0.
 */

typedef struct {
    const char  *name;
    const char  *description;
    const char  *suffix;                  /* of a file */
    unsigned     flags;
    size_t       max;

    void       (*begin)(printer_t *printer);
    void       (*open)(printer_t *printer, mta_sts_str_t zone);
    void       (*batch)(printer_t *printer, const batch_t *batch);
    void       (*close)(printer_t *printer);
    void       (*end)(printer_t *printer);
} format_t;


extern const format_t  format_zone;
extern const format_t  format_nsupdate;
extern const format_t  format_powerdns;
extern const format_t  format_octodns;
extern const format_t  format_dnscontrol;
extern const format_t  format_external_dns;
extern const format_t  format_terraform;
extern const format_t  format_json;
extern const format_t  format_text;


/* The format of that name, or NULL. */
const format_t *format_find(const char *name);

/* Prints the names and descriptions of all formats, for --help. */
void format_usage(FILE *out);


/* What happens to the files of other zones. */

typedef enum {
    FILES_IGNORE = 0,
    FILES_NAME,
    FILES_PRUNE
} files_e;


/* For output_plan(): prints the parts from begin to end, without lost zones. */
void output_print(const plan_t *plan, size_t begin, size_t end,
    const format_t *format, const format_settings_t *settings, FILE *out);

/* Is a part of a zone lost?  Then it says so. */
int output_is_lost(const plan_t *plan, size_t begin, size_t end);

/*
 * Prints a plan: to standard output, where the caller looks for a write error at
 * its end; or, if folder is not NULL, each zone to a file in this folder, whose
 * name is the zone's and the format's suffix.  A file is replaced when the new
 * one is on disk, and keeps its mode and owner; SIGINT and SIGTERM leave no other
 * file.  Zones with a lost part are left out, with a message.
 *
 * Files in the folder that have the name of a zone which is not in the plan are
 * ignored, named or removed.
 *
 * Errors: format "NAME" has a file for each zone and there are several, use
 * "-o"; open(), write(), fsync() or rename() "NAME" failed, and files of zones
 * before it are written.
 */
int output_plan(const plan_t *plan, const format_t *format,
    const format_settings_t *settings, const char *folder, files_e others,
    mta_sts_err_t *err);


/* An emitter of YAML whose bytes go to the printer's out, and its end. */
struct mta_sts_emitter_s *printer_emitter(printer_t *printer);
void printer_emitter_end(struct mta_sts_emitter_s *emitter);


/* Appends a text as character-strings (RFC 1035, 5.1), separator between. */
void quote_txt(mta_sts_buf_t *text, mta_sts_str_t value,
    const char *separator);

/* Appends the data of a record as in a zone file; names have their dot. */
void quote_rdata(mta_sts_buf_t *text, const mta_sts_record_t *record);

/*
 * Appends str as a string of JSON, which is also one of JavaScript and HCL.  A
 * byte that is not ASCII becomes the character of that number.
 */
void quote_json(mta_sts_buf_t *text, mta_sts_str_t str);

/*
 * Appends fmt, in which "%V" is an mta_sts_str_t, "%J" one as a string of JSON,
 * "%R" a record (a pointer), as quote_rdata() appends it, and "%u" a uint32_t.
 */
void format_add(mta_sts_buf_t *text, const char *fmt, ...);

/* The labels of a name that are below the zone, or "@" for its apex. */
mta_sts_str_t format_relative(mta_sts_str_t name, mta_sts_str_t zone);


#define RRSET_TYPES_MAX  3

/*
 * Gives the types that may be at the record's name, all of which are deleted
 * when it is published: an alias can be next to no other record, and a policy
 * host has only the wanted addresses.  Returns their number.
 */
size_t rrset_types(const mta_sts_record_t *record,
    mta_sts_str_t types[RRSET_TYPES_MAX]);


static inline int
record_is(const mta_sts_record_t *record, const char *type)
{
    return mta_sts_str_eq(record->type, mta_sts_str_from(type));
}


#endif /* MTA_STS_FORMATS_FORMATS_H */
