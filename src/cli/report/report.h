/*
 * What checks found, in one of several formats.  All results are collected
 * before the first is printed: reports begin with a summary, and list the worst
 * first.
 */

#ifndef MTA_STS_REPORT_REPORT_H
#define MTA_STS_REPORT_REPORT_H


#include <jansson.h>
#include <stdio.h>

#include "cli/judge/judge.h"


#define REPORT_GROUP  6               /* domains with the same finding */


/* A finding of a domain. */

typedef struct {
    const result_t   *result;
    const finding_t  *finding;
    size_t            same;           /* how many say the same, itself too */
} report_item_t;


/* A finding of an earlier check that is no more. */

typedef struct {
    mta_sts_str_t     domain;
    mta_sts_str_t     code;
} report_resolved_t;


/* Zero one to begin with, and set out, color, width and family. */

typedef struct {
    FILE               *out;
    int                 color;        /* ECMA-48 colours are welcome */
    unsigned            width;        /* of a terminal, in columns; or 0 */
    unsigned            family;       /* 4 or 6: only its addresses were looked
                                         at; or 0 */

    result_t           *results;      /* in the order of report_add() */
    size_t              n;
    size_t              size;
    mta_sts_arena_t     arena;

    report_item_t      *items;        /* the worst first; those that say the
                                         same next to each other */
    size_t              n_items;

    int                 since;        /* report_since() was called */
    report_resolved_t  *resolved;
    size_t              n_resolved;
    size_t              resolved_size;

    size_t              unknown;      /* domains without any answer */
    size_t              refused;      /* domains whose policy a rule refuses, or
                                         that left and are believed; set by the
                                         caller, who has named them */
    int                 state_failed; /* the state could not be used; likewise
                                         set and said by the caller */
    size_t              counts[FINDING_SEVERITIES];   /* of findings */
} report_t;


typedef struct {
    const char  *name;
    const char  *about;
    int          nagios;              /* has a plugin's exit status */
    void       (*print)(report_t *report);
} report_format_t;


/* Finds a format by its name; NULL if there is none. */
const report_format_t *report_find(const char *name);

/* Prints the formats, for --help. */
void report_usage(FILE *out);

/* Adds a result, of which everything but the entry is copied. */
void report_add(report_t *report, const result_t *result);

/*
 * Leaves only findings that are not in file, the output of an earlier check in
 * format "json", and lists those of file that are resolved.  A finding is the
 * same if domain, code and severity are.  What a domain had is not resolved
 * while it was not looked at: see result_looked().
 *
 * Errors: cannot read "FILE", and why.
 */
int report_since(report_t *report, const char *file, mta_sts_err_t *err);

/*
 * The same with the parsed output of an earlier check, whose findings become
 * those to compare the next check with: what there is, and what was there and
 * was not looked at.  Each has "code", "severity" and maybe "family".
 */
void report_since_list(report_t *report, json_t *list);

/* After the last result: sorts and counts what is printed. */
void report_end(report_t *report);

void report_free(report_t *report);

/* Days that a certificate is still valid; negative afterwards. */
long report_days(const cert_seen_t *cert, time_t now);

/* All certificates, by days left, and how many there are. */
const cert_seen_t **report_certs(report_t *report, size_t *n);

/* Finds the item of a finding. */
const report_item_t *report_item(const report_t *report,
    const finding_t *finding);


/* The formats.  A write error is for whoever closes out. */

void report_text(report_t *report);
void report_json(report_t *report);
void report_prometheus(report_t *report);
void report_nagios(report_t *report);
void report_html(report_t *report);


#endif /* MTA_STS_REPORT_REPORT_H */
