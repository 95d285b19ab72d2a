/*
 * From the columns of a query to rows.
 */

#include <stdlib.h>
#include <strings.h>

#include "cli/diag/diag.h"
#include "columns.h"


static const char *const  columns_names[COLUMNS] = {
    "domain", "policy", "mode", "mx", "max_age", "tlsrpt_rua", "removed",
    "cursor"
};


void
columns_init(columns_t *columns, const source_settings_t *settings,
    const char *query, const char *changes)
{
    columns->query = settings->query ? settings->query : query;
    columns->changes = settings->query || settings->changes
                       ? settings->changes : changes;
}


void
columns_begin(columns_t *columns, int all)
{
    size_t  i;

    columns->all = all;
    columns->number = 0;
    columns->has_cursor = 0;

    for (i = 0; i < COLUMNS; i++) {
        columns->at[i] = -1;
    }
}


int
columns_name(columns_t *columns, int number, const char *name,
    mta_sts_err_t *err)
{
    size_t  i;

    for (i = 0; i < COLUMNS; i++) {

        /* where names are case-insensitive, some engines give capitals */

        if (strcasecmp(name, columns_names[i]) != 0) {
            continue;
        }

        if (columns->at[i] != -1) {
            return mta_sts_error(err, MTA_STS_NOWHERE,
                                 "the query has two columns \"%s\"",
                                 columns_names[i]);
        }

        columns->at[i] = number;

        return MTA_STS_OK;
    }

    return mta_sts_error(err, MTA_STS_NOWHERE, "the query has an unknown "
                         "column \"%.*s\", must be domain, policy, mode, mx, "
                         "max_age, tlsrpt_rua, removed or cursor: leave it "
                         "out, or name it with AS",
                         MTA_STS_SHOW(mta_sts_str_from(name)));
}


int
columns_check(const columns_t *columns, mta_sts_err_t *err)
{
    if (columns->at[COLUMN_DOMAIN] == -1) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the query has no column "
                             "\"domain\": name one with AS domain");
    }

    if (columns->at[COLUMN_CURSOR] == -1 && columns->changes) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the query for %s has no "
                             "column \"cursor\", the next parameter of "
                             "\"--changes\": name one with AS \"cursor\"",
                             columns->all ? "all domains" : "changes");
    }

    return MTA_STS_OK;
}


static mta_sts_str_t
columns_value(const columns_t *columns, const mta_sts_str_t *values,
    column_e column)
{
    int  at;

    at = columns->at[column];

    return at == -1 ? (mta_sts_str_t) { NULL, 0 } : values[at];
}


/* A copy, since a row is gone when the next one comes. */

static void
columns_save(columns_t *columns, mta_sts_str_t cursor)
{
    /* those that are NULL may come last */

    if (cursor.data == NULL) {
        return;
    }

    columns->has_cursor = 1;

    if (columns->cursor_size < cursor.len + 1) {
        columns->cursor_size = 2 * (cursor.len + 1);
        columns->cursor = diag_realloc(columns->cursor, columns->cursor_size);
    }

    memcpy(columns->cursor, cursor.data, cursor.len);
    columns->cursor[cursor.len] = '\0';
}


/*
 * A truth value as engines write it: PostgreSQL t and f, others 1 and 0, and
 * MariaDB's BIT(1) a byte of that value.  Returns -1 for another text.
 */

static int
columns_truth(mta_sts_str_t value)
{
    size_t  i;

    static const mta_sts_str_t  words[][2] = {
        { mta_sts_str("0"), mta_sts_str("1") },
        { mta_sts_str("f"), mta_sts_str("t") },
        { mta_sts_str("false"), mta_sts_str("true") },
        { mta_sts_str("n"), mta_sts_str("y") },
        { mta_sts_str("no"), mta_sts_str("yes") },
        { mta_sts_str("\0"), mta_sts_str("\1") },
        { mta_sts_str(""), mta_sts_str("1") }
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (mta_sts_str_caseeq(value, words[i][0])) {
            return 0;
        }

        if (mta_sts_str_caseeq(value, words[i][1])) {
            return 1;
        }
    }

    return -1;
}


int
columns_row(columns_t *columns, const mta_sts_str_t *values,
    const source_events_t *events, mta_sts_err_t *err)
{
    mta_sts_err_t  why;
    source_row_t   row;
    mta_sts_str_t  removed;

    row.domain = columns_value(columns, values, COLUMN_DOMAIN);
    row.policy = columns_value(columns, values, COLUMN_POLICY);
    row.mode = columns_value(columns, values, COLUMN_MODE);
    row.mx = columns_value(columns, values, COLUMN_MX);
    row.max_age = columns_value(columns, values, COLUMN_MAX_AGE);
    row.tlsrpt_rua = columns_value(columns, values, COLUMN_TLSRPT_RUA);

    removed = columns_value(columns, values, COLUMN_REMOVED);
    row.removed = columns_truth(removed);
    row.number = ++columns->number;

    columns_save(columns, columns_value(columns, values, COLUMN_CURSOR));

    if (row.removed == -1) {
        (void) mta_sts_error(&why, MTA_STS_NOWHERE, "invalid value \"%.*s\" "
                             "of \"removed\", must be true or false",
                             MTA_STS_SHOW(removed));

        row.removed = 0;
        events->bad(events->ctx, &row, &why);

        return MTA_STS_OK;
    }

    /* a domain that is marked as removed is not among all that there are */

    if (row.removed && columns->all) {
        return MTA_STS_OK;
    }

    return events->row(events->ctx, &row, err);
}


void
columns_end(columns_t *columns)
{
    if (columns->has_cursor) {
        free(columns->next);
        columns->next = diag_strdup(columns->cursor);

    } else if (columns->all) {
        columns_reset(columns);
    }
}


const char *
columns_cursor(const columns_t *columns)
{
    return columns->next;
}


void
columns_reset(columns_t *columns)
{
    free(columns->next);
    columns->next = NULL;
}


void
columns_free(columns_t *columns)
{
    free(columns->cursor);
    free(columns->next);
}
