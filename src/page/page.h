/*
 * Between a browser and what is shown to it: how a query is decoded, what a
 * compiled template (tools/template) writes to, and how text is escaped that
 * becomes a part of a page or of JSON.
 */

#ifndef MTA_STS_PAGE_PAGE_H
#define MTA_STS_PAGE_PAGE_H


#include "base/base.h"


/*
 * An answer while it is written.  A template runs twice: without data, to
 * measure, and then into exactly as much memory.
 */

typedef struct {
    const void     *view;                /* what is shown; of the template */
    mta_sts_str_t   version;             /* of the files that it loads */

    char           *data;                /* or NULL */
    size_t          len;                 /* of what was written, or would be */
} mta_sts_page_t;


/*
 * Appends a text that is not escaped; escaped for HTML, in text and in quoted
 * attributes; escaped for a JSON string, as ASCII.
 */
void mta_sts_page_add(mta_sts_page_t *page, mta_sts_str_t str);
void mta_sts_page_html(mta_sts_page_t *page, mta_sts_str_t str);
void mta_sts_page_json(mta_sts_page_t *page, mta_sts_str_t str);

/* Appends n in decimal. */
void mta_sts_page_uint(mta_sts_page_t *page, uint64_t n);

/*
 * Writes an answer into env's memory.  page has view and version, and the
 * rest zeroed.
 *
 * Errors: out of memory.
 */
int mta_sts_page_make(mta_sts_page_t *page,
    void (*write)(mta_sts_page_t *page), const mta_sts_env_t *env,
    mta_sts_str_t *text, mta_sts_err_t *err);


/*
 * Takes the next field off *query: its name and its value, still encoded.
 * Returns 0 when there are no more.
 */
int mta_sts_query_next(mta_sts_str_t *query, mta_sts_str_t *name,
    mta_sts_str_t *value);

/*
 * Decodes a value to buf, which must have room for encoded.len bytes: "+" is a
 * space, "%" and two hex digits are a byte, and a line end of any kind becomes
 * "\n".  *decoded is a part of buf.
 *
 * Errors: "%" must be followed by two hex digits; not UTF-8; has a control
 * character.
 */
int mta_sts_query_decode(mta_sts_str_t encoded, char *buf,
    mta_sts_str_t *decoded, mta_sts_err_t *err);


#endif /* MTA_STS_PAGE_PAGE_H */
