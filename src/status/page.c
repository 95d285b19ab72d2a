/*
 * The page and its JSON, from their templates in web/.
 */

#include <stdio.h>
#include <time.h>

#include "formats.h"


#define STATUS_BAR  130               /* the highest one; pixels */


static void page_write_html(mta_sts_page_t *page);
static void page_write_json(mta_sts_page_t *page);


int
mta_sts_status_page(const mta_sts_status_view_t *view, int json,
    mta_sts_str_t version, mta_sts_str_t *text, mta_sts_err_t *err)
{
    mta_sts_page_t  page;

    memset(&page, 0, sizeof(mta_sts_page_t));

    page.view = view;
    page.version = version;

    return mta_sts_page_make(&page, json ? page_write_json : page_write_html,
                             view->env, text, err);
}


/* What the templates ask for. */


/* A number for people: 1,234,567. */

static void
status_number(mta_sts_page_t *page, uint64_t n)
{
    char    digits[24], text[32];
    size_t  i, k, len;

    len = (size_t) snprintf(digits, sizeof(digits), "%llu",
                            (unsigned long long) n);

    for (i = 0, k = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) {
            text[k++] = ',';
        }

        text[k++] = digits[i];
    }

    mta_sts_page_add(page, (mta_sts_str_t) { text, k });
}


/* Bytes for people: 1.2 MB. */

static void
status_size(mta_sts_page_t *page, uint64_t bytes)
{
    char         text[32];
    double       size;
    const char  *unit;

    static const char  units[] = "kMGTPE";

    if (bytes < 1000) {
        status_number(page, bytes);
        mta_sts_page_add(page, mta_sts_str(" B"));
        return;
    }

    size = (double) bytes / 1000;

    for (unit = units; size >= 999.95 && unit[1]; unit++) {
        size /= 1000;
    }

    (void) snprintf(text, sizeof(text), "%.1f %cB", size, *unit);

    mta_sts_page_add(page, mta_sts_str_from(text));
}


static void
status_date(mta_sts_page_t *page, int64_t seconds)
{
    char       text[40];
    time_t     t;
    struct tm  tm;

    t = (time_t) seconds;

    if (gmtime_r(&t, &tm) == NULL
        || strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
    {
        return;
    }

    mta_sts_page_add(page, mta_sts_str_from(text));
}


/* How long ago a time is. */

static void
status_ago(mta_sts_page_t *page, int64_t seconds)
{
    int64_t                       age;
    const mta_sts_status_view_t  *view;

    view = page->view;
    age = view->now - seconds;

    if (age < 60) {
        mta_sts_page_add(page, mta_sts_str("just now"));
        return;
    }

    if (age < 2 * 3600) {
        mta_sts_page_uint(page, (uint64_t) age / 60);
        mta_sts_page_add(page, mta_sts_str(" min ago"));

    } else if (age < 2 * 86400) {
        mta_sts_page_uint(page, (uint64_t) age / 3600);
        mta_sts_page_add(page, mta_sts_str(" h ago"));

    } else {
        mta_sts_page_uint(page, (uint64_t) age / 86400);
        mta_sts_page_add(page, mta_sts_str(" d ago"));
    }
}


/* The hour of a bar, such as 07. */

static void
status_hour(mta_sts_page_t *page, size_t i)
{
    char                          text[8];
    const mta_sts_status_view_t  *view;

    view = page->view;

    (void) snprintf(text, sizeof(text), "%02u",
                    (unsigned) ((uint64_t) view->now / 3600 + 1 + i) % 24);

    mta_sts_page_add(page, mta_sts_str_from(text));
}


/* Every third bar has its hour below it, also the last. */

static int
status_has_label(size_t i)
{
    return (MTA_STS_STATUS_HOURS - 1 - i) % 3 == 0;
}


/* Fetches in the hour that has most, and in all. */

static uint64_t
status_top(const mta_sts_status_view_t *view)
{
    size_t    i;
    uint64_t  top;

    top = 0;

    for (i = 0; i < MTA_STS_STATUS_HOURS; i++) {
        top = view->hours[i] > top ? view->hours[i] : top;
    }

    return top;
}


static uint64_t
status_day(const mta_sts_status_view_t *view)
{
    size_t    i;
    uint64_t  sum;

    sum = 0;

    for (i = 0; i < MTA_STS_STATUS_HOURS; i++) {
        sum += view->hours[i];
    }

    return sum;
}


/* The height of a bar: top is the highest, and one that is not 0 is seen. */

static uint64_t
status_bar(uint64_t fetches, uint64_t top)
{
    uint64_t  height;

    if (fetches == 0) {
        return 0;
    }

    height = (uint64_t) ((double) fetches / (double) top * STATUS_BAR);

    return height ? height : 1;
}


static uint64_t
status_refused(const mta_sts_status_view_t *view)
{
    size_t    code;
    uint64_t  sum;

    sum = 0;

    for (code = 0; code < MTA_STS_REPORT_CODES; code++) {
        sum += code == MTA_STS_REPORT_201 ? 0 : view->reports[code];
    }

    return sum;
}


/* Fetches of policies that have no name. */

static uint64_t
status_unnamed(const mta_sts_status_view_t *view)
{
    size_t    i;
    uint64_t  named;

    named = 0;

    for (i = 0; i < view->n_policies; i++) {
        named += view->policies[i].fetches;
    }

    /* a process may have counted meanwhile */

    return view->fetches > named ? view->fetches - named : 0;
}


static mta_sts_str_t
status_times(uint64_t n)
{
    return n == 1 ? mta_sts_str("time") : mta_sts_str("times");
}


static mta_sts_str_t
status_domain_word(uint64_t n)
{
    return n == 1 ? mta_sts_str("domain") : mta_sts_str("domains");
}


/* What follows element i of n in JSON. */

static mta_sts_str_t
status_comma(size_t i, size_t n)
{
    return i + 1 < n ? mta_sts_str(",") : mta_sts_str("");
}


static mta_sts_str_t
status_bool(int value)
{
    return value ? mta_sts_str("true") : mta_sts_str("false");
}


/* When a domain was fetched last, in JSON; null: never. */

static void
status_last(mta_sts_page_t *page, uint32_t seconds)
{
    if (seconds) {
        mta_sts_page_uint(page, seconds);

    } else {
        mta_sts_page_add(page, mta_sts_str("null"));
    }
}


/* The domains of a list in JSON. */

static void
status_domains(mta_sts_page_t *page, const mta_sts_status_list_t *list)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        mta_sts_page_add(page, mta_sts_str("    {\"name\": \""));
        mta_sts_page_json(page, list->elts[i].domain);
        mta_sts_page_add(page, mta_sts_str("\", \"fetches\": "));
        mta_sts_page_uint(page, list->elts[i].count);
        mta_sts_page_add(page, mta_sts_str(", \"last\": "));
        status_last(page, list->elts[i].time);
        mta_sts_page_add(page, mta_sts_str("}"));
        mta_sts_page_add(page, status_comma(i, list->n));
        mta_sts_page_add(page, mta_sts_str("\n"));
    }
}


/* A list on the page; each domain leads to its counter. */

static void
status_list(mta_sts_page_t *page, const mta_sts_status_list_t *list,
    const char *title)
{
    size_t                          i;
    const mta_sts_status_domain_t  *domain;

    if (list->n == 0) {
        mta_sts_page_add(page, mta_sts_str("<p class=\"hint\">None.</p>\n"));
        return;
    }

    mta_sts_page_add(page, mta_sts_str("<ol aria-labelledby=\""));
    mta_sts_page_add(page, mta_sts_str_from(title));
    mta_sts_page_add(page, mta_sts_str("\">\n"));

    for (i = 0; i < list->n; i++) {
        domain = &list->elts[i];

        mta_sts_page_add(page, mta_sts_str("<li><a href=\"?domain="));
        mta_sts_page_html(page, domain->domain);
        mta_sts_page_add(page, mta_sts_str("#domains-title\">"));
        mta_sts_page_html(page, domain->domain);
        mta_sts_page_add(page, mta_sts_str("</a>"));

        if (domain->count) {
            mta_sts_page_add(page, mta_sts_str(" <span class=\"term\">"));
            status_number(page, domain->count);
            mta_sts_page_add(page, mta_sts_str(" &times;, "));
            status_ago(page, domain->time);
            mta_sts_page_add(page, mta_sts_str("</span>"));
        }

        mta_sts_page_add(page, mta_sts_str("</li>\n"));
    }

    mta_sts_page_add(page, mta_sts_str("</ol>\n"));
}


#include "mta_sts_status_html.h"
#include "mta_sts_status_json.h"
