/*
 * From rows that are changes to the table of changes.
 */

#include "cli/diag/diag.h"
#include "follow.h"


/* The last row of a domain counts: takes the others out. */

static int
change_last(draft_t *draft, mta_sts_err_t *err)
{
    int                      rc;
    size_t                   i;
    uint32_t                 ignored;
    draft_change_t          *change;
    mta_sts_table_builder_t  bad, seen;

    memset(&bad, 0, sizeof(mta_sts_table_builder_t));
    memset(&seen, 0, sizeof(mta_sts_table_builder_t));

    rc = MTA_STS_OK;

    for (i = draft->n_changes; i-- > 0 && rc == MTA_STS_OK; ) {
        change = &draft->changes[i];

        if (change->domain.len == 0) {
            continue;
        }

        if (mta_sts_table_is_added(&seen, change->domain, &ignored)) {
            change->domain.len = 0;
            continue;
        }

        /* a bad row: what was before it counts, but no removal */

        if (mta_sts_table_is_added(&bad, change->domain, &ignored)) {
            if (change->index == MTA_STS_TABLE_REMOVED) {
                change->domain.len = 0;
                continue;
            }

        } else if (change->bad) {
            rc = mta_sts_table_add(&bad, change->domain, 0, MTA_STS_NOWHERE,
                                   err);
        }

        if (change->bad) {
            continue;
        }

        rc = mta_sts_table_add(&seen, change->domain, 0, MTA_STS_NOWHERE, err);
    }

    mta_sts_table_discard(&bad);
    mta_sts_table_discard(&seen);

    return rc;
}


/* Takes the removals out if there are too many. */

static void
change_removals(follow_t *follow, int *refused)
{
    int              alone;
    size_t           i;
    uint64_t         removed;
    draft_t         *draft;
    leaving_t        leaving;
    draft_change_t  *change;

    draft = &follow->draft;
    removed = 0;
    alone = 1;

    for (i = 0; i < draft->n_changes; i++) {
        change = &draft->changes[i];

        alone &= change->domain.len == 0
                 || change->index == MTA_STS_TABLE_REMOVED;

        removed += change->domain.len
                   && change->index == MTA_STS_TABLE_REMOVED
                   && mta_sts_table_policy(&follow->replica.present.table,
                                           change->domain)
                   && !memo_leaving(follow->memo, change->domain, &leaving);
    }

    if (leaving_allowed(follow, removed, alone, NULL)) {
        return;
    }

    *refused = 1;

    for (i = 0; i < draft->n_changes; i++) {
        if (draft->changes[i].index == MTA_STS_TABLE_REMOVED) {
            draft->changes[i].domain.len = 0;
        }
    }
}


/* Adds what differs from the table; what leaves stays in it for now. */

static int
change_add(follow_t *follow, mta_sts_intern_t *pool, mta_sts_err_t *err)
{
    int                    found;
    size_t                 i;
    draft_t               *draft;
    leaving_t              leaving;
    mta_sts_entry_t        old, new;
    const draft_change_t  *change;

    draft = &follow->draft;

    for (i = 0; i < draft->n_changes; i++) {
        change = &draft->changes[i];

        if (change->domain.len == 0) {
            continue;
        }

        if (change->index == MTA_STS_TABLE_REMOVED) {
            leaving_left(follow, change->domain);
            continue;
        }

        /* it is in the source; one that is "none" needs a policy to return */

        if (change->bad) {
            if (memo_leaving(follow->memo, change->domain, &leaving)
                && leaving.none == 0)
            {
                leaving_return(follow, change->domain);
            }

            continue;
        }

        leaving_return(follow, change->domain);

        new.domain = change->domain;
        new.policy = mta_sts_table_added(&draft->rows, change->index);
        new.policy_name = mta_sts_table_added_name(&draft->rows,
                                                   change->index);
        new.place = (mta_sts_place_t) { follow->place, 0, 0 };

        found = mta_sts_table_find(&follow->replica.present.table, new.domain,
                                   &old);

        if (found && table_entry_eq(&old, &new)) {
            continue;
        }

        apply_note(follow, found ? &old : NULL, &new, change->number);

        if (mta_sts_intern_entry(pool, &new, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


int
change_draft(follow_t *follow, int *refused, mta_sts_err_t *err)
{
    int                      rc;
    replica_t               *replica;
    mta_sts_intern_t         pool;
    mta_sts_arena_t          arena = { NULL, 0 };
    mta_sts_env_t            env = { diag_alloc, say_warning, &arena, NULL };
    mta_sts_err_t            memo;
    mta_sts_table_builder_t  builder;

    replica = &follow->replica;

    if (replica->damaged) {
        leaving_unknown(follow);
        *refused = 1;

        return MTA_STS_OK;
    }

    if (change_last(&follow->draft, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    mta_sts_intern_init(&pool, &builder, &env);

    memo_begin(follow->memo);

    change_removals(follow, refused);

    rc = change_add(follow, &pool, err);
    apply_note_default(follow);

    leaving_were_allowed(follow);

    if (memo_commit(follow->memo, &memo) != MTA_STS_OK) {
        *err = rc == MTA_STS_OK ? memo : *err;
        rc = MTA_STS_ERROR;
    }

    if (rc == MTA_STS_OK
        && (builder.rows.n
            || (replica->image.data
                && !table_same_default(&follow->rows.defaults,
                                       &replica->base))))
    {
        rc = apply_changes(follow, &pool, err);
    }

    mta_sts_intern_free(&pool);
    mta_sts_table_discard(&builder);
    mta_sts_arena_free(&arena);

    return rc;
}
