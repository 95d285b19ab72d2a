/*
 * How advice is printed: as text, JSON, Prometheus metrics or a page.  Domains
 * are printed one by one, so that a million of them need no memory.
 */

#ifndef MTA_STS_PLAN_OUTPUT_H
#define MTA_STS_PLAN_OUTPUT_H


#include <stdio.h>

#include "plan.h"


typedef struct plan_format_s  plan_format_t;


/* Zero one to begin with, and set out, format, now and width. */

typedef struct {
    FILE                 *out;
    const plan_format_t  *format;
    int64_t               now;
    unsigned              width;      /* of a terminal, in columns; or 0 */
    size_t                n;          /* domains so far */
    size_t                due;        /* of them, with something due */
} plan_output_t;


struct plan_format_s {
    const char  *name;
    const char  *about;
    void       (*begin)(plan_output_t *output);
    void       (*domain)(plan_output_t *output, mta_sts_str_t domain,
                         const plan_list_t *list);
    void       (*end)(plan_output_t *output);
};


/* Finds a format; NULL if there is none. */
const plan_format_t *plan_format(const char *name);

/* Prints the names of the formats, for --help. */
void plan_format_usage(FILE *out);

/* Prints a domain; its list is sorted, what is due comes first. */
void plan_output(plan_output_t *output, mta_sts_str_t domain,
    const plan_list_t *list);

/* "due", "wait", "possible" or "note". */
const char *plan_state_name(plan_state_e state);

/* The page, for output.c. */
void plan_html_begin(plan_output_t *output);
void plan_html_domain(plan_output_t *output, mta_sts_str_t domain,
    const plan_list_t *list);
void plan_html_end(plan_output_t *output);


#endif /* MTA_STS_PLAN_OUTPUT_H */
