/*
 * The columns of a query, whose rows and cursor a source reports.
 */

#include <stdlib.h>

#include "cli/source/columns.h"
#include "tap.h"


static source_row_t   row;
static unsigned       rows, bads;
static mta_sts_err_t  err;
static mta_sts_err_t  bad;


static int
on_row(void *ctx, const source_row_t *seen, mta_sts_err_t *failed)
{
    row = *seen;
    rows++;

    return ctx ? mta_sts_error(failed, MTA_STS_NOWHERE, "stop") : MTA_STS_OK;
}


static void
on_bad(void *ctx, const source_row_t *seen, const mta_sts_err_t *why)
{
    (void) ctx;

    row = *seen;
    bad = *why;
    bads++;
}


static const source_events_t  events = { .row = on_row, .bad = on_bad };


/* Begins a query with columns of these names, up to NULL. */

static int
begin(columns_t *columns, int all, const char *const *names)
{
    int  i;

    columns_begin(columns, all);

    for (i = 0; names[i]; i++) {
        if (columns_name(columns, i, names[i], &err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return columns_check(columns, &err);
}


static int
give(columns_t *columns, const char *a, const char *b, const char *c)
{
    mta_sts_str_t  values[3];

    values[0] = a ? mta_sts_str_from(a) : (mta_sts_str_t) { NULL, 0 };
    values[1] = b ? mta_sts_str_from(b) : (mta_sts_str_t) { NULL, 0 };
    values[2] = c ? mta_sts_str_from(c) : (mta_sts_str_t) { NULL, 0 };

    return columns_row(columns, values, &events, &err);
}


static int
is(mta_sts_str_t text, const char *wanted)
{
    return text.data && mta_sts_str_eq(text, mta_sts_str_from(wanted));
}


static void
test_names(void)
{
    columns_t  columns = { .changes = NULL };

    static const char *const  all[] = { "tlsrpt_rua", "MAX_AGE", "mx", "mode",
        "policy", "Domain", "removed", "cursor", NULL };
    static const char *const  other[] = { "domain", "customer", NULL };
    static const char *const  twice[] = { "domain", "DOMAIN", NULL };
    static const char *const  without[] = { "policy", NULL };
    static const char *const  least[] = { "domain", NULL };

    ok(begin(&columns, 1, all) == MTA_STS_OK, "every column, in any order");
    ok(columns.at[COLUMN_DOMAIN] == 5 && columns.at[COLUMN_TLSRPT_RUA] == 0,
       "... are found");
    ok(begin(&columns, 1, least) == MTA_STS_OK, "a domain alone");

    ok(begin(&columns, 1, other) == MTA_STS_ERROR
       && strstr(err.text, "unknown column \"customer\""), "%s", err.text);
    ok(begin(&columns, 1, twice) == MTA_STS_ERROR
       && strstr(err.text, "two columns \"domain\""), "%s", err.text);
    ok(begin(&columns, 1, without) == MTA_STS_ERROR
       && strstr(err.text, "no column \"domain\""), "%s", err.text);

    columns.changes = "SELECT";
    ok(begin(&columns, 1, least) == MTA_STS_ERROR
       && strstr(err.text, "query for all domains has no column \"cursor\""),
       "%s", err.text);
    ok(begin(&columns, 0, least) == MTA_STS_ERROR
       && strstr(err.text, "query for changes has no column \"cursor\""),
       "%s", err.text);
}


static void
test_rows(void)
{
    columns_t  columns = { .changes = NULL };

    static const char *const  names[] = { "domain", "policy", "removed",
        NULL };

    (void) begin(&columns, 0, names);

    ok(give(&columns, "a", "p", NULL) == MTA_STS_OK && is(row.domain, "a")
       && is(row.policy, "p") && row.mode.data == NULL && !row.removed
       && row.number == 1, "a row");
    ok(give(&columns, NULL, "", "f") == MTA_STS_OK && row.domain.data == NULL
       && is(row.policy, "") && !row.removed && row.number == 2,
       "NULL is not the empty text");
    ok(give(&columns, "a", NULL, "t") == MTA_STS_OK && row.removed,
       "a domain that is removed");
    ok(give(&columns, "a", NULL, "TRUE") == MTA_STS_OK && row.removed, "TRUE");
    ok(give(&columns, "a", NULL, "1") == MTA_STS_OK && row.removed, "1");
    ok(give(&columns, "a", NULL, "\1") == MTA_STS_OK && row.removed, "BIT(1)");
    ok(give(&columns, "a", NULL, "") == MTA_STS_OK && !row.removed, "empty");

    rows = 0;
    ok(give(&columns, "a", NULL, "maybe") == MTA_STS_OK && rows == 0
       && bads == 1 && is(row.domain, "a")
       && strstr(bad.text, "invalid value \"maybe\" of \"removed\""),
       "%s", bad.text);

    (void) begin(&columns, 1, names);
    rows = 0;
    ok(give(&columns, "a", NULL, "1") == MTA_STS_OK && rows == 0
       && give(&columns, "b", NULL, "0") == MTA_STS_OK && rows == 1
       && row.number == 2, "among all, one that is removed is left out");

    columns_free(&columns);
}


static void
test_stop(void)
{
    columns_t        columns = { .changes = NULL };
    source_events_t  stopping = events;
    mta_sts_str_t    value = mta_sts_str("a");

    static const char *const  names[] = { "domain", NULL };

    stopping.ctx = &columns;
    (void) begin(&columns, 1, names);

    ok(columns_row(&columns, &value, &stopping, &err) == MTA_STS_ERROR
       && strcmp(err.text, "stop") == 0, "an event stops the query");
}


static void
test_cursor(void)
{
    char       text[3000];
    columns_t  columns = { .changes = "SELECT" };

    static const char *const  names[] = { "domain", "policy", "cursor", NULL };

    ok(columns_cursor(&columns) == NULL, "no cursor in the beginning");

    (void) begin(&columns, 1, names);
    (void) give(&columns, "a", NULL, "1");
    (void) give(&columns, "b", NULL, "2");
    ok(columns_cursor(&columns) == NULL, "... nor before the end");

    columns_end(&columns);
    ok(strcmp(columns_cursor(&columns), "2") == 0, "that of the last row");

    (void) begin(&columns, 0, names);
    columns_end(&columns);
    ok(strcmp(columns_cursor(&columns), "2") == 0, "... also without changes");

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';

    (void) begin(&columns, 0, names);
    (void) give(&columns, "a", NULL, text);
    columns_end(&columns);
    ok(strcmp(columns_cursor(&columns), text) == 0, "a long one");

    (void) begin(&columns, 0, names);
    (void) give(&columns, "a", NULL, NULL);
    columns_end(&columns);
    ok(strcmp(columns_cursor(&columns), text) == 0, "NULL of changes: as it "
       "was");

    (void) begin(&columns, 1, names);
    (void) give(&columns, "a", NULL, NULL);
    columns_end(&columns);
    ok(columns_cursor(&columns) == NULL, "NULL of all domains: none");

    columns_free(&columns);
}


int
main(void)
{
    test_names();
    test_rows();
    test_stop();
    test_cursor();

    return done();
}
