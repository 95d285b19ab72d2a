/*
 * What a check found, written down in one of several ways.
 */

#ifndef MTA_STS_REPORT_REPORT_H
#define MTA_STS_REPORT_REPORT_H


#include <stdio.h>

#include "cli/check/check.h"


typedef struct report_format_s  report_format_t;


/* Zero one to begin with, and set out, format and color. */

typedef struct {
    FILE                   *out;
    const report_format_t  *format;
    int                     color;

    size_t                  domains;
    size_t                  unknown;      /* no lookup had an answer */
    size_t                  counts[FINDING_ERROR + 1];
    size_t                  worst[FINDING_ERROR + 1];     /* of domains */
    int                     failed;       /* memory ran out */

    /* what is written at the end, for formats that need the whole before it */

    char                   *text[3];
    size_t                  len[3];
    FILE                   *parts[3];
} report_t;


struct report_format_s {
    const char   *name;
    const char   *about;
    int           nagios;             /* the exit status is a plugin's */
    int           parts;              /* that are open between begin and end */
    void        (*begin)(report_t *report);       /* or NULL */
    void        (*domain)(report_t *report, const result_t *result);
    void        (*end)(report_t *report);
};


/* The format of a name, or NULL. */
const report_format_t *report_find(const char *name);

/* Prints the formats, for --help. */
void report_usage(FILE *out);

/*
 * Begin, a domain after the other, and the end.  A write error is for whoever
 * closes out.
 */
void report_begin(report_t *report);
void report_domain(report_t *report, const result_t *result);
void report_end(report_t *report);

/* The days from now on that a certificate is valid; negative afterwards. */
long report_days(const cert_seen_t *cert, time_t now);

void report_text_domain(report_t *report, const result_t *result);
void report_text_end(report_t *report);

void report_json_begin(report_t *report);
void report_json_domain(report_t *report, const result_t *result);
void report_json_end(report_t *report);

void report_prometheus_domain(report_t *report, const result_t *result);
void report_prometheus_end(report_t *report);

void report_nagios_domain(report_t *report, const result_t *result);
void report_nagios_end(report_t *report);


#endif /* MTA_STS_REPORT_REPORT_H */
