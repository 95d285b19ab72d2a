/*
 * From policies that others serve to a configuration of ours that means the
 * same: a domains file, or server blocks.  Policies come from a check of the
 * live world, from an nginx.conf that serves them by hand, or from files.
 *
 * What senders reject is not imported, but said on standard error, or repaired
 * where its text has only one reading.  What could not be looked at is unknown,
 * and said as well.
 */

#ifndef MTA_STS_IMPORT_IMPORT_H
#define MTA_STS_IMPORT_IMPORT_H


#include <stdio.h>
#include <time.h>

#include "cli/judge/judge.h"
#include "policy/policy.h"
#include "serve/table.h"


/*
 * In what our bytes differ from those that were imported, and what was
 * repaired: bits, and their names in comments.
 *
 *     X(NAME, TEXT)
 */

#define IMPORT_LIST(X)                                                        \
    X(LINE_ENDS, "line ends")                                                 \
    X(ORDER, "order")                                                         \
    X(CAPITALS, "capitals")                                                   \
    X(SPACE, "white space")                                                   \
    X(LEFT_OUT, "lines left out")                                             \
    X(NUMBER, "number")                                                       \
    X(AGE_ZERO, "max_age 0, is 1 here")                                       \
    X(BOM, "byte order mark")                                                 \
    X(EMPTY, "empty lines")                                                   \
    X(COMMENTS, "comments")                                                   \
    X(VERSION, "version was missing")                                         \
    X(DOT, "trailing dot")                                                    \
    X(U_LABEL, "U-label")                                                     \
    X(SEVERAL, "several mx in a line")                                        \
    X(UNIT, "unit of max_age")                                                \
    X(TYPE, "media type")                                                     \
    X(ACCESS, "access")                                                       \
    X(RECORD, "record")

#define IMPORT_BIT(name, text)  IMPORT_ ## name ## _BIT,

enum { IMPORT_LIST(IMPORT_BIT) IMPORT_BITS };

#define IMPORT(name)  (1u << IMPORT_ ## name ## _BIT)


/* A domain that is imported. */

typedef struct import_group_s  import_group_t;

typedef struct {
    mta_sts_str_t            domain;
    const mta_sts_policy_t  *policy;      /* ours; equal ones are one */
    mta_sts_str_t            id;          /* of the live record, or empty; of
                                             several, with ", " between them */
    mta_sts_place_t          place;       /* in a configuration */
    unsigned                 differs;     /* bits */
    unsigned                 repaired;    /* bits */
    int64_t                  ttl;         /* of the policy host's addresses,
                                             over the whole CNAME chain;
                                             seconds, -1 is unknown */
    import_group_t          *group;       /* or NULL: it has its own settings */
} import_domain_t;


/* A policy that several domains have, by its name. */

struct import_group_s {
    mta_sts_str_t            name;
    const mta_sts_policy_t  *policy;
    size_t                   n;           /* domains */
};


/* Where policies come from: for what is said about the move. */

typedef enum {
    IMPORT_LIVE = 0,
    IMPORT_CONF,
    IMPORT_FOLDER
} import_from_e;


/* Set repair, from and now after import_init(). */

typedef struct {
    int                repair;
    import_from_e      from;
    time_t             now;

    import_domain_t   *domains;
    size_t             n;
    size_t             size;
    size_t             n_repaired;        /* of n */
    size_t             n_refused;         /* not imported */
    size_t             n_unknown;         /* not looked at, or only partly */

    import_group_t   **groups;            /* the largest first */
    size_t             n_groups;

    /* the room's own */

    mta_sts_arena_t    arena;             /* what is kept */
    mta_sts_env_t      env;
    mta_sts_intern_t   intern;            /* of policies */

    mta_sts_table_builder_t  policies;
} import_t;


void import_init(import_t *import, int (*is_public_suffix)(const char *name));
void import_free(import_t *import);


/* The text of a policy, and what is known about its domain. */

typedef struct {
    mta_sts_str_t      domain;            /* normalised */
    mta_sts_str_t      text;
    mta_sts_place_t    place;
    mta_sts_str_t      id;                /* as in import_domain_t */
    mta_sts_str_t      rua;               /* of the TLSRPT record, or empty */
    int64_t            ttl;               /* as in import_domain_t */
    unsigned           repaired;          /* bits: what is wrong outside of the
                                             text */
} import_source_t;


/*
 * Adds a policy, if senders accept it or, with repair, it has one reading;
 * otherwise says why not.  All is copied but the file name of place.
 */
void import_add(import_t *import, const import_source_t *source);

/* The result of a check of a domain for which no policy is configured. */
void import_result(import_t *import, const result_t *result);

/*
 * Adds the policies that an nginx.conf serves by hand; names are the domains
 * that are wanted, or none for all.  prefix is as for site_read(): relative
 * names of roots are relative to it.  Where env's memory must live as long as
 * import.
 *
 * Errors: those of source_init() and nginx_conf_read().
 */
int import_conf(import_t *import, mta_sts_str_t file, mta_sts_str_t prefix,
    const mta_sts_values_t *names, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/*
 * The same for a folder of policy files:
 *
 *     FOLDER/[mta-sts.]<domain>/.well-known/mta-sts.txt
 *     FOLDER/[mta-sts.]<domain>/mta-sts.txt
 *     FOLDER/[mta-sts.]<domain>.txt
 *
 * Errors: opendir() or readdir() "FOLDER" failed.
 */
int import_folder(import_t *import, mta_sts_str_t folder,
    const mta_sts_values_t *names, const mta_sts_env_t *env,
    mta_sts_err_t *err);

/* Sorts the domains, and finds the policies that get a name. */
void import_end(import_t *import);


/*
 * Formats: NULL after import_format() has said that there is none of that
 * name.
 */

typedef struct import_format_s  import_format_t;

const import_format_t *import_format(const char *name);
void import_usage(FILE *out);

/*
 * Appends what was imported, after import_end(), and the order of the move as
 * comments.
 */
void import_write(const import_t *import, const import_format_t *format,
    mta_sts_buf_t *text);

/*
 * Reads a text that was written by the reader that nginx and mta-sts have, with
 * its warnings; name is that of the file for places.
 *
 * Errors: those of mta_sts_domains_read() or site_read_text(); domain "DOMAIN"
 * is not what was imported.
 */
int import_verify(const import_t *import, const import_format_t *format,
    mta_sts_str_t name, mta_sts_str_t text, const mta_sts_env_t *env,
    mta_sts_err_t *err);


/* For the files of this room only. */


struct import_format_s {
    const char  *name;
    const char  *description;
    int          nginx;
    void       (*write)(const import_t *import, mta_sts_buf_t *text);
};


/* A failed allocation ends the process; any other error is the domain's. */
void import_memory(const mta_sts_err_t *err);

/* Says "DOMAIN: not imported: ...", at a place; and counts it. */
void import_refuse(import_t *import, mta_sts_place_t place,
    mta_sts_str_t domain, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Says "DOMAIN: ...". */
void import_say(mta_sts_place_t place, mta_sts_str_t domain, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* The name of a bit. */
const char *import_bit(unsigned bit);

/* Appends the names of bits, with ", " between them. */
void import_bits(mta_sts_buf_t *text, unsigned bits);

/* Domains that are wanted, none for all; seen has a byte for each. */

typedef struct {
    const mta_sts_values_t  *names;
    char                    *seen;
} import_wanted_t;


void import_wanted(import_wanted_t *wanted, const mta_sts_values_t *names,
    const mta_sts_env_t *env);

/* Is a normalised domain wanted?  It has then been seen. */
int import_is_wanted(import_wanted_t *wanted, mta_sts_str_t domain);

/* Refuses the domains that were not seen in a file. */
void import_missing(import_t *import, const import_wanted_t *wanted,
    mta_sts_str_t file);

/*
 * Parses a text as senders do, or if they reject it, what it becomes when it is
 * repaired.  Returns what is wrong in the text, or NULL; and in *repaired what
 * was repaired, or would be, where it then has one reading.  Where it has none,
 * *left is what cannot be repaired.
 */
const char *import_parse(mta_sts_str_t text, const mta_sts_env_t *env,
    body_t *body, unsigned *repaired, const char **left);

/*
 * Gives a text that says the same as text in the grammar of RFC 8461, 3.2, with
 * bits of what was repaired; 0 if nothing was.  Whether it is a policy now is
 * for body_parse().
 */
unsigned import_repair(mta_sts_str_t text, const mta_sts_env_t *env,
    mta_sts_str_t *repaired);

/*
 * Gives the part of a normalised name that is the domain below a public suffix:
 * "example.co.uk" of "mx.example.co.uk"; it is empty where the name itself is a
 * public suffix.
 */
mta_sts_str_t import_registrable(mta_sts_str_t name, const mta_sts_env_t *env);

/* In what a policy's bytes differ from a valid text that says the same. */
unsigned import_differs(mta_sts_str_t text, const mta_sts_policy_t *policy,
    const mta_sts_env_t *env);

/* The settings of a policy, to be written; in env's memory. */
void import_settings(const mta_sts_policy_t *policy, const mta_sts_env_t *env,
    mta_sts_settings_t *settings);

/* Appends "2026-12-31 23:59 UTC", rounded up to a minute. */
void import_date(mta_sts_buf_t *text, time_t time);

/* Appends the order of the move, as lines of comments. */
void import_move(const import_t *import, const import_format_t *format,
    mta_sts_buf_t *text);


#endif /* MTA_STS_IMPORT_IMPORT_H */
