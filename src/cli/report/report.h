/*
 * What checks found, in one of several formats.  All results are collected
 * before the first is printed, since most formats begin with a summary or group
 * by finding.
 */

#ifndef MTA_STS_REPORT_REPORT_H
#define MTA_STS_REPORT_REPORT_H


#include <stdio.h>

#include "cli/judge/judge.h"


/* Zero one to begin with, and set out and color. */

typedef struct {
    FILE             *out;
    int               color;              /* ECMA-48 colours are welcome */

    result_t         *results;            /* in the order of report_add() */
    size_t            n;
    size_t            size;
    mta_sts_arena_t   arena;

    size_t            unknown;            /* no lookup had an answer */
    size_t            counts[FINDING_ERROR + 1];      /* findings */
} report_t;


typedef struct {
    const char  *name;
    const char  *about;
    int          nagios;                  /* has a plugin's exit status */
    void       (*print)(const report_t *report);
} report_format_t;


/* Finds a format by its name; NULL if there is none. */
const report_format_t *report_find(const char *name);

/* Prints the formats, for --help. */
void report_usage(FILE *out);

/* Adds a result, of which everything but the entry is copied. */
void report_add(report_t *report, const result_t *result);

void report_free(report_t *report);

/* Days that a certificate is still valid; negative afterwards. */
long report_days(const cert_seen_t *cert, time_t now);


/* The formats.  A write error is for whoever closes out. */

void report_text(const report_t *report);
void report_json(const report_t *report);
void report_prometheus(const report_t *report);
void report_nagios(const report_t *report);


#endif /* MTA_STS_REPORT_REPORT_H */
