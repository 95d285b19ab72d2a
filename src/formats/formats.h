/*
 * Output formats of records: one file per format, and one table of them.  A
 * format writes to a buffer, piece by piece; who prints or sends it is above.
 */

#ifndef MTA_STS_FORMATS_FORMATS_H
#define MTA_STS_FORMATS_FORMATS_H


#include "records/records.h"


typedef enum {
    MTA_STS_PROVIDER_NONE = 0,
    MTA_STS_PROVIDER_ROUTE53,
    MTA_STS_PROVIDER_CLOUDFLARE
} mta_sts_provider_e;


typedef struct {
    mta_sts_provider_e  provider;
    int                 escaped_semicolons;
} mta_sts_format_settings_t;


/* Records of a domain in one zone. */

typedef struct {
    mta_sts_str_t            zone;        /* the apex */
    mta_sts_entry_t          entry;
    const mta_sts_record_t  *records;     /* by kind; RRsets are adjacent */
    size_t                   n;
    const mta_sts_record_t  *live;        /* in the DNS now, or NULL */
    size_t                   n_live;
} mta_sts_batch_t;


/*
 * What a format writes with.  text.failed is set when an allocation has failed.
 * After each call, and after each piece of a long one, flush() may take the
 * text and set its length to 0.
 */

typedef struct mta_sts_printer_s  mta_sts_printer_t;

struct mta_sts_printer_s {
    const mta_sts_format_settings_t  *settings;
    mta_sts_buf_t                     text;
    void                            (*flush)(mta_sts_printer_t *printer);
    void                             *ctx;    /* of flush() */
    const mta_sts_env_t              *env;    /* memory of the batch */
    const mta_sts_env_t              *zone_env;   /* memory of the zone */
    size_t                            total;  /* batches that are written */
    size_t                            bytes;  /* since open() */
    size_t                            n;      /* the format's, 0 at open() */
    void                             *state;  /* the format's */
};


#define MTA_STS_FORMAT_ZONE            1   /* one file is one zone */
#define MTA_STS_FORMAT_DOMAIN          2   /* a domain is in one zone */
#define MTA_STS_FORMAT_PROVIDER        4   /* takes a provider */
#define MTA_STS_FORMAT_NEEDS_PROVIDER  8
#define MTA_STS_FORMAT_SEMICOLONS      16  /* takes escaped_semicolons */
#define MTA_STS_FORMAT_WHOLE           32  /* what is missing is deleted by its
                                              reader */


/*
 * A format and its functions, each of which may be NULL but batch(): begin()
 * and end() enclose a file, open() and close() a zone in it, which is closed
 * and opened again after max bytes, where max is not 0.  remove() deletes the
 * RRsets of a batch: it has one record for each, of which only name and type
 * are set, and no entry.
 */

typedef struct {
    const char  *name;
    const char  *description;
    const char  *suffix;                  /* of a file */
    unsigned     flags;
    size_t       max;

    void       (*begin)(mta_sts_printer_t *printer);
    void       (*open)(mta_sts_printer_t *printer, mta_sts_str_t zone);
    void       (*batch)(mta_sts_printer_t *printer,
                        const mta_sts_batch_t *batch);
    void       (*remove)(mta_sts_printer_t *printer,
                         const mta_sts_batch_t *batch);
    void       (*close)(mta_sts_printer_t *printer);
    void       (*end)(mta_sts_printer_t *printer);
} mta_sts_format_t;


extern const mta_sts_format_t  mta_sts_format_zone;
extern const mta_sts_format_t  mta_sts_format_nsupdate;
extern const mta_sts_format_t  mta_sts_format_powerdns;
extern const mta_sts_format_t  mta_sts_format_octodns;
extern const mta_sts_format_t  mta_sts_format_dnscontrol;
extern const mta_sts_format_t  mta_sts_format_external_dns;
extern const mta_sts_format_t  mta_sts_format_terraform;
extern const mta_sts_format_t  mta_sts_format_json;
extern const mta_sts_format_t  mta_sts_format_text;

/* All formats, the default first; NULL at the end. */
extern const mta_sts_format_t *const  mta_sts_formats[];


/* The format of that name, or NULL. */
const mta_sts_format_t *mta_sts_format_find(mta_sts_str_t name);

/*
 * Writes a file of one batch, in env's memory.
 *
 * Errors: out of memory.
 */
int mta_sts_format_write(const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, const mta_sts_batch_t *batch,
    const mta_sts_env_t *env, mta_sts_str_t *text, mta_sts_err_t *err);


/* An emitter of YAML whose bytes go to the printer's text, or NULL; its end. */
struct mta_sts_emitter_s *mta_sts_printer_emitter(mta_sts_printer_t *printer);
void mta_sts_printer_emitter_end(mta_sts_printer_t *printer,
    struct mta_sts_emitter_s *emitter);


/* Appends a text as character-strings (RFC 1035, 5.1), separator between. */
void mta_sts_quote_txt(mta_sts_buf_t *text, mta_sts_str_t value,
    const char *separator);

/* Appends the data of a record as in a zone file; names have their dot. */
void mta_sts_quote_rdata(mta_sts_buf_t *text, const mta_sts_record_t *record);

/*
 * Appends str as a string of JSON, which is also one of JavaScript and HCL.  A
 * byte that is not ASCII becomes the character of that number.
 */
void mta_sts_quote_json(mta_sts_buf_t *text, mta_sts_str_t str);

/* Appends str as a quoted scalar of YAML, where printable in single quotes. */
void mta_sts_quote_yaml(mta_sts_buf_t *text, mta_sts_str_t str);

/*
 * Appends fmt, in which "%V" is an mta_sts_str_t, "%J" one as a string of JSON,
 * "%Y" one as a scalar of YAML, "%R" a record (a pointer), as
 * mta_sts_quote_rdata() appends it, and "%u" a uint32_t.
 */
void mta_sts_format_add(mta_sts_buf_t *text, const char *fmt, ...);

/* The labels of a name that are below the zone, or "@" for its apex. */
mta_sts_str_t mta_sts_format_relative(mta_sts_str_t name, mta_sts_str_t zone);


/*
 * RRsets: the number of records, from the first of n on, that have its name;
 * and that have its name and type (RFC 2181, 5).
 */
size_t mta_sts_rrset_name_len(const mta_sts_record_t *records, size_t n);
size_t mta_sts_rrset_len(const mta_sts_record_t *records, size_t n);

#define MTA_STS_RRSET_TYPES_MAX  3

/*
 * Gives the types that may be at the record's name, all of which are deleted
 * when it is published: an alias can be next to no other record, and a policy
 * host has only the wanted addresses.  Returns their number.
 */
size_t mta_sts_rrset_types(const mta_sts_record_t *record,
    mta_sts_str_t types[MTA_STS_RRSET_TYPES_MAX]);


static inline int
mta_sts_record_is(const mta_sts_record_t *record, const char *type)
{
    return mta_sts_str_eq(record->type, mta_sts_str_from(type));
}


#endif /* MTA_STS_FORMATS_FORMATS_H */
