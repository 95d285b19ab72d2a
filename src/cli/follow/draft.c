/*
 * What was read and is not in the table yet: from a source's events to a
 * snapshot, or to changes.
 */

#include <stdlib.h>

#include "cli/diag/diag.h"
#include "follow.h"


#define DRAFT_BREATH  4096            /* rows between signs of life */


void
draft_init(draft_t *draft)
{
    memset(draft, 0, sizeof(draft_t));

    draft->env = (mta_sts_env_t) { diag_alloc, say_warning, &draft->arena,
                                   NULL };
    mta_sts_intern_init(&draft->pool, &draft->rows, &draft->env);
    draft->pool.env = &draft->env;
    draft->known.env = &draft->env;
}


void
draft_reset(follow_t *follow)
{
    draft_t  *draft;

    draft = &follow->draft;

    mta_sts_intern_free(&draft->pool);
    mta_sts_table_discard(&draft->rows);
    mta_sts_table_discard(&draft->known);
    mta_sts_arena_free(&draft->arena);
    free(draft->changes);

    rows_forget(&follow->rows);
    draft_init(draft);
}


int
draft_is_ready(const draft_t *draft)
{
    return draft->snapshot >= DRAFT_COMPLETE || draft->n_changes
           || draft->again;
}


/* A sign of life, now and then.  Stops what was asked to end. */

static int
draft_breathe(follow_t *follow, mta_sts_err_t *err)
{
    if (++follow->stats.rows % DRAFT_BREATH == 0 && notify_watchdog()) {
        notify("WATCHDOG=1");
    }

    return follow_stopped() ? mta_sts_error(err, MTA_STS_NOWHERE, "interrupted")
                            : MTA_STS_OK;
}


/*
 * A bad row of a snapshot: its domain keeps the policy that it has, or that of
 * an earlier row, unless the two contradict.
 */

static int
draft_keep(follow_t *follow, mta_sts_str_t domain, int contradicts,
    mta_sts_err_t *err)
{
    int               added;
    uint32_t          index;
    draft_t          *draft;
    leaving_t         leaving;
    mta_sts_entry_t   entry;

    draft = &follow->draft;

    added = mta_sts_table_is_added(&draft->rows, domain, &index);

    if ((added && !contradicts)
        || (memo_leaving(follow->memo, domain, &leaving) && leaving.none)
        || !mta_sts_table_find(&follow->replica.present.table, domain, &entry))
    {
        return MTA_STS_OK;
    }

    if (mta_sts_intern_policy(&draft->pool, entry.policy, entry.policy_name,
                              &index, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (added) {
        mta_sts_table_replace(&draft->rows, domain, index);
        return MTA_STS_OK;
    }

    return mta_sts_table_add(&draft->rows, domain, index, entry.place, err);
}


static draft_change_t *
draft_change(draft_t *draft, const source_row_t *row, mta_sts_str_t domain,
    uint32_t index)
{
    draft_change_t  *change;

    if (draft->n_changes == draft->size) {
        draft->size = draft->size ? 2 * draft->size : 64;
        draft->changes = diag_realloc(draft->changes,
                                      draft->size * sizeof(draft_change_t));
    }

    change = &draft->changes[draft->n_changes++];

    change->domain = mta_sts_str_copy(&draft->env, domain);
    change->index = index;
    change->bad = 0;
    change->number = row->number;

    return change;
}


/* Names a bad row and counts it; domain is empty if that is what is bad. */

static int
draft_bad(follow_t *follow, const source_row_t *row, mta_sts_str_t domain,
    const mta_sts_err_t *why, mta_sts_err_t *err)
{
    draft_t  *draft;

    draft = &follow->draft;

    draft->n_bad++;
    follow->stats.bad++;

    if (row->number == 0) {
        follow_say(follow, FOLLOW_SAY_BAD, "%.*s: %s", MTA_STS_SHOW(domain),
                   why->text);

    } else if (domain.len) {
        follow_say(follow, FOLLOW_SAY_BAD, "row %lu, %.*s: %s", row->number,
                   MTA_STS_SHOW(domain), why->text);

    } else {
        follow_say(follow, FOLLOW_SAY_BAD, "row %lu: %s", row->number,
                   why->text);
    }

    if (domain.len == 0) {
        return MTA_STS_OK;
    }

    if (draft->snapshot == DRAFT_BEGUN) {
        return draft_keep(follow, domain, 0, err);
    }

    /* one that has no policy keeps none */

    if (mta_sts_table_policy(&follow->replica.present.table, domain)) {
        draft_change(draft, row, domain, 0)->bad = 1;
    }

    return MTA_STS_OK;
}


/*
 * Nothing more is taken from a snapshot, or from a database, which is asked
 * again.  Lines are read on, so that it is said here.
 */

static void
draft_fail(follow_t *follow, const mta_sts_err_t *err)
{
    draft_t  *draft;

    draft = &follow->draft;

    if (!feed_is_stream(follow->feed) || draft->snapshot) {
        draft->failed = 1;
        draft->err = *err;
    }

    if (feed_is_stream(follow->feed) && !follow_stopped()) {
        follow->lost = 1;
        follow_say(follow, FOLLOW_SAY_BAD, "lines are ignored: %s", err->text);
    }
}


static void
draft_begin(void *ctx)
{
    draft_t        *draft;
    follow_t       *follow;
    mta_sts_err_t   err;

    follow = ctx;
    draft = &follow->draft;

    /* of a snapshot that did not end */

    draft_reset(follow);

    draft->snapshot = DRAFT_BEGUN;

    if (memo_known(follow->memo, &draft->known, &err) != MTA_STS_OK) {
        draft_fail(follow, &err);
    }
}


static void
draft_end(void *ctx)
{
    follow_t  *follow;

    follow = ctx;

    /* lines go on after an error, which was said; rows are missing then */

    if (follow->draft.failed) {
        draft_reset(follow);
        return;
    }

    follow->draft.snapshot = DRAFT_COMPLETE;
}


/* Adds a row to a snapshot.  The source has a domain once. */

static int
draft_add(follow_t *follow, const source_row_t *row, mta_sts_str_t domain,
    uint32_t index, mta_sts_err_t *err)
{
    uint32_t         other;
    mta_sts_err_t    why;
    mta_sts_place_t  place = { follow->place, 0, 0 };

    if (mta_sts_table_is_added(&follow->draft.rows, domain, &other)) {
        if (other == index) {
            return MTA_STS_OK;
        }

        (void) mta_sts_error(&why, MTA_STS_NOWHERE, "the domain has another "
                             "policy in an earlier row; it keeps what it has");

        return draft_bad(follow, row, domain, &why, err) == MTA_STS_OK
               ? draft_keep(follow, domain, 1, err) : MTA_STS_ERROR;
    }

    return mta_sts_table_add(&follow->draft.rows, domain, index, place, err);
}


/*
 * A change of a row in whose spelling another row may have the domain: only a
 * read of all rows says which policy it has.
 */

static int
draft_is_doubtful(follow_t *follow, const source_row_t *row,
    mta_sts_str_t domain)
{
    return follow->draft.snapshot != DRAFT_BEGUN
           && !feed_is_stream(follow->feed)
           && !mta_sts_str_eq(rows_trim(row->domain), domain)
           && mta_sts_table_policy(&follow->replica.present.table, domain);
}


/* A row; errors are those of the table or of memo. */

static int
draft_one(follow_t *follow, const source_row_t *row, mta_sts_err_t *err)
{
    int             rc, begun;
    char            buf[MTA_STS_NAME_MAX];
    draft_t        *draft;
    uint32_t        index;
    mta_sts_err_t   why;
    mta_sts_str_t   domain, empty = { NULL, 0 };

    draft = &follow->draft;
    begun = draft->snapshot == DRAFT_BEGUN;

    if (rows_domain(&follow->rows, row, &domain, &why) != MTA_STS_OK) {
        return draft_bad(follow, row, empty, &why, err);
    }

    /* what is made of the row uses its memory */

    memcpy(buf, domain.data, domain.len);
    domain.data = buf;

    if (draft_is_doubtful(follow, row, domain)) {
        draft->ask = 1;
        return MTA_STS_OK;
    }

    if (row->removed) {
        if (!begun) {
            (void) draft_change(draft, row, domain, MTA_STS_TABLE_REMOVED);
        }

        return MTA_STS_OK;
    }

    if (begun && !mta_sts_table_is_added(&draft->known, domain, &index)) {
        rc = rows_policy(&follow->rows, row, 0, empty, &draft->pool, &index,
                         &why);

    } else {
        rc = leaving_policy(follow, domain, row, &index, &why);
    }

    /* a policy may have come before, if the memory cannot say */

    if (memo_check(follow->memo, err) != MTA_STS_OK) {
        if (!begun) {
            draft_change(draft, row, domain, 0)->bad = 1;
        }

        return MTA_STS_ERROR;
    }

    if (rc != MTA_STS_OK) {
        return draft_bad(follow, row, domain, &why, err);
    }

    if (begun) {
        return draft_add(follow, row, domain, index, err);
    }

    (void) draft_change(draft, row, domain, index);

    return MTA_STS_OK;
}


static int
draft_row(void *ctx, const source_row_t *row, mta_sts_err_t *err)
{
    draft_t   *draft;
    follow_t  *follow;

    follow = ctx;
    draft = &follow->draft;

    if (!draft->failed
        && (draft_breathe(follow, err) != MTA_STS_OK
            || draft_one(follow, row, err) != MTA_STS_OK
            || memo_check(follow->memo, err) != MTA_STS_OK))
    {
        draft_fail(follow, err);
    }

    if (!draft->failed || feed_is_stream(follow->feed)) {
        return MTA_STS_OK;
    }

    *err = draft->err;

    return MTA_STS_ERROR;
}


/* What cannot be a row. */

static void
draft_no_row(void *ctx, const source_row_t *row, const mta_sts_err_t *why)
{
    follow_t       *follow;
    mta_sts_err_t   err, ignored;
    mta_sts_str_t   domain = { NULL, 0 };

    follow = ctx;

    if (row->domain.len
        && rows_domain(&follow->rows, row, &domain, &ignored) != MTA_STS_OK)
    {
        domain.len = 0;
    }

    if (draft_bad(follow, row, domain, why, &err) != MTA_STS_OK
        || memo_check(follow->memo, &err) != MTA_STS_OK)
    {
        draft_fail(follow, &err);
    }
}


int
draft_again(follow_t *follow, mta_sts_err_t *err)
{
    int              rc;
    size_t           cursor;
    leaving_t        leaving;
    source_row_t     row;
    mta_sts_entry_t  entry;

    rc = MTA_STS_OK;

    follow->draft.again = 1;

    memset(&row, 0, sizeof(source_row_t));

    for (cursor = 0; rc == MTA_STS_OK
                     && mta_sts_table_next(&follow->replica.present.table,
                                           &cursor, &entry); )
    {
        if (entry.policy_name.len == 0
            || memo_leaving(follow->memo, entry.domain, &leaving))
        {
            continue;
        }

        row.domain = entry.domain;
        row.policy = entry.policy_name;

        rc = draft_one(follow, &row, err);

        if (rc == MTA_STS_OK) {
            rc = memo_check(follow->memo, err);
        }
    }

    return rc;
}


void
draft_events(follow_t *follow, source_events_t *events)
{
    events->begin = draft_begin;
    events->row = draft_row;
    events->bad = draft_no_row;
    events->end = draft_end;
    events->ctx = follow;
}
