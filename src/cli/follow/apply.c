/*
 * From what was read to the table: what differs is noted, then written.
 */

#include "cli/diag/diag.h"
#include "follow.h"


/* Domains of the table that a snapshot does not have. */

typedef struct {
    mta_sts_entry_t  *elts;
    size_t            n;
    size_t            size;
    size_t            new;            /* that have not left before */
} apply_missing_t;


void
apply_note(follow_t *follow, const mta_sts_entry_t *old,
    const mta_sts_entry_t *new, unsigned long number)
{
    char                  row[32];
    const mta_sts_entry_t *entry;

    entry = new ? new : old;

    if (follow->settings->exec) {
        memo_put_pending(follow->memo, entry->domain);
    }

    /* senders believe it for long, whatever comes after it */

    if (old && new && old->policy->mode == MTA_STS_ENFORCE
        && new->policy->mode != MTA_STS_ENFORCE)
    {
        memo_put_down(follow->memo, old->domain,
                      mta_sts_policy_id(old->policy));
    }

    if (old == NULL || follow->draft.noted) {
        return;
    }

    if (new == NULL) {
        follow->stats.dropped++;
        follow_say(follow, FOLLOW_SAY_LEAVING, "%.*s leaves the table: its "
                   "senders are free", MTA_STS_SHOW(old->domain));
        return;
    }

    /* a step down: what senders have to do is less */

    if (old->policy->mode != new->policy->mode
        && (old->policy->mode == MTA_STS_ENFORCE
            || new->policy->mode == MTA_STS_NONE))
    {
        row[0] = '\0';

        if (number) {
            (void) snprintf(row, sizeof(row), ", row %lu", number);
        }

        follow->stats.downs++;
        follow_say(follow, FOLLOW_SAY_DOWN, "%.*s steps down from %.*s to "
                   "%.*s (%.*s%s)", MTA_STS_SHOW(new->domain),
                   MTA_STS_SHOW(mta_sts_policy_mode(old->policy)),
                   MTA_STS_SHOW(mta_sts_policy_mode(new->policy)),
                   MTA_STS_SHOW(follow->place), row);
    }
}


/* Gives the domains that the snapshot lacks. */

static void
apply_find_missing(follow_t *follow, apply_missing_t *missing)
{
    uint32_t                index;
    draft_t                *draft;
    leaving_t               leaving;
    table_walk_t            walk;
    mta_sts_str_t           domain;
    mta_sts_entry_t         entry;
    const mta_sts_table_t  *present;

    draft = &follow->draft;
    present = &follow->replica.present.table;

    memset(missing, 0, sizeof(apply_missing_t));

    table_walk_init(&walk, present, NULL, &draft->rows);

    while (table_walk_name(&walk, &domain)) {

        if (mta_sts_table_is_added(&draft->rows, domain, &index)
            || !mta_sts_table_find(present, domain, &entry))
        {
            continue;
        }

        missing->elts = mta_sts_env_grow(&draft->env, missing->elts,
                                         missing->n, &missing->size,
                                         sizeof(mta_sts_entry_t));
        missing->elts[missing->n++] = entry;

        if (!mta_sts_table_is_added(&draft->known, domain, &index)
            || !memo_leaving(follow->memo, domain, &leaving))
        {
            missing->new++;
        }
    }
}


/* What leaves stays in the table for now. */

static int
apply_add_missing(draft_t *draft, const apply_missing_t *missing,
    mta_sts_err_t *err)
{
    size_t  i;

    for (i = 0; i < missing->n; i++) {
        if (mta_sts_intern_entry(&draft->pool, &missing->elts[i], err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
}


/* Says that the default policy becomes weaker, or is removed. */

void
apply_note_default(follow_t *follow)
{
    const mta_sts_policy_t  *old, *new;

    old = follow->replica.base.default_policy;
    new = follow->rows.defaults.default_policy;

    if (follow->draft.noted || old == NULL
        || (new == NULL && old->mode == MTA_STS_NONE)
        || (new && new->mode == old->mode)
        || (new && old->mode != MTA_STS_ENFORCE && new->mode != MTA_STS_NONE))
    {
        return;
    }

    follow->stats.downs++;
    follow_say(follow, FOLLOW_SAY_DOWN, "the default policy %s%.*s",
               new ? "steps down to "
                   : "is removed: other domains have no policy any more, "
                     "also where senders believe ",
               MTA_STS_SHOW(mta_sts_policy_mode(new ? new : old)));
}


/* Sets the default policy, which comes from the file of policies. */

static void
apply_default(follow_t *follow, mta_sts_domains_t *domains)
{
    const mta_sts_domains_t  *defaults;

    defaults = &follow->rows.defaults;

    domains->default_policy = defaults->default_policy;
    domains->default_name = defaults->default_name;
    domains->default_place = defaults->default_place;
}


/*
 * Makes the table of a snapshot: its rows, and what leaves.  What is remembered
 * comes first: if that fails, nothing has happened.
 */

static int
apply_build(follow_t *follow, int *refused, mta_sts_err_t *err)
{
    size_t            i;
    draft_t          *draft;
    apply_missing_t   missing;

    draft = &follow->draft;

    memo_begin(follow->memo);

    apply_find_missing(follow, &missing);

    *refused = !leaving_allowed(follow, missing.new, draft->rows.rows.n == 0,
                                &draft->rows);

    if (!*refused) {
        leaving_returned(follow, &draft->rows);

        for (i = 0; i < missing.n; i++) {
            leaving_left(follow, missing.elts[i].domain);
        }

        leaving_were_allowed(follow);
    }

    if (memo_commit(follow->memo, err) != MTA_STS_OK) {
        *refused = 0;
        return MTA_STS_ERROR;
    }

    if (*refused) {
        return MTA_STS_OK;
    }

    if (apply_add_missing(draft, &missing, err) != MTA_STS_OK
        || mta_sts_table_end(&draft->rows, &draft->domains.table, err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    draft->snapshot = DRAFT_BUILT;

    return MTA_STS_OK;
}


/* Notes what a snapshot changes.  Returns how much that is. */

static size_t
apply_note_all(follow_t *follow)
{
    int                     found;
    size_t                  n;
    table_walk_t            walk;
    mta_sts_entry_t         old, new;
    const mta_sts_table_t  *present;

    present = &follow->replica.present.table;
    n = 0;

    table_walk_init(&walk, &follow->draft.domains.table, present, NULL);

    while (table_walk(&walk, &new)) {

        found = mta_sts_table_find(present, new.domain, &old);

        if (!found || !table_entry_eq(&old, &new)) {
            apply_note(follow, found ? &old : NULL, &new, 0);
            n++;
        }
    }

    return n;
}


/* Writes a table that is complete: only what has changed, if that is little. */

static int
apply_write(follow_t *follow, const mta_sts_domains_t *domains,
    mta_sts_err_t *err)
{
    int               rc;
    replica_t        *replica;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, say_warning, &arena, NULL };
    mta_sts_table_t   changes;

    replica = &follow->replica;

    if (replica->image.data && !replica->strange
        && table_same_default(domains, &replica->base))
    {

        rc = table_compare(&replica->base.table, &domains->table, &changes,
                           &env, err);

        if (rc == MTA_STS_OK && changes.n <= replica_changes_max(replica)) {
            rc = replica_write_changes(replica, &changes, err);
            follow->stats.writes_changes += rc == MTA_STS_OK;

            mta_sts_arena_free(&arena);

            return rc;
        }

        mta_sts_arena_free(&arena);

        if (rc != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }
    }

    if (replica_write(replica, domains, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    follow->stats.writes++;

    return MTA_STS_OK;
}


static int
apply_snapshot(follow_t *follow, int *refused, mta_sts_err_t *err)
{
    size_t    n;
    draft_t  *draft;

    draft = &follow->draft;

    if (draft->snapshot == DRAFT_COMPLETE
        && (apply_build(follow, refused, err) != MTA_STS_OK || *refused))
    {
        return *refused ? MTA_STS_OK : MTA_STS_ERROR;
    }

    /* SIGHUP may have replaced it since a try that failed */

    apply_default(follow, &draft->domains);

    memo_begin(follow->memo);

    n = apply_note_all(follow);
    apply_note_default(follow);

    if (memo_commit(follow->memo, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (n == 0 && follow->replica.image.data && !follow->replica.strange
        && !follow->replica.damaged
        && table_same_default(&draft->domains, &follow->replica.base))
    {
        return MTA_STS_OK;
    }

    return apply_write(follow, &draft->domains, err);
}


/* Merges a table of changes with the whole table. */

static int
apply_merge(follow_t *follow, const mta_sts_table_t *changes,
    mta_sts_err_t *err)
{
    int                rc;
    mta_sts_arena_t    arena = { NULL, 0 };
    mta_sts_env_t      env = { diag_alloc, say_warning, &arena, NULL };
    mta_sts_domains_t  merged;

    memset(&merged, 0, sizeof(mta_sts_domains_t));
    apply_default(follow, &merged);

    rc = table_merge(&follow->replica.base.table, changes, &merged.table, &env,
                     err);

    if (rc == MTA_STS_OK) {
        rc = replica_write(&follow->replica, &merged, err);
        follow->stats.writes += rc == MTA_STS_OK;
    }

    mta_sts_arena_free(&arena);

    return rc;
}


/* Adds the changes that are there already, behind newer ones. */

static int
apply_add_changes(const replica_t *replica, mta_sts_intern_t *pool,
    mta_sts_err_t *err)
{
    int                     rc;
    size_t                  cursor;
    mta_sts_str_t           domain;
    mta_sts_entry_t         entry;
    const mta_sts_table_t  *changes;

    changes = replica->present.table.changes;
    rc = MTA_STS_OK;

    for (cursor = 0; changes && rc == MTA_STS_OK
                     && mta_sts_table_next_name(changes, &cursor, &domain); )
    {
        rc = mta_sts_table_find(changes, domain, &entry)
             ? mta_sts_intern_entry(pool, &entry, err)
             : mta_sts_table_add(pool->builder, domain, MTA_STS_TABLE_REMOVED,
                                 MTA_STS_NOWHERE, err);
    }

    return rc;
}


int
apply_changes(follow_t *follow, mta_sts_intern_t *pool, mta_sts_err_t *err)
{
    int               rc;
    replica_t        *replica;
    mta_sts_table_t   changes;

    replica = &follow->replica;

    if (apply_add_changes(replica, pool, err) != MTA_STS_OK
        || mta_sts_table_end(pool->builder, &changes, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (replica->image.data == NULL || replica->strange
        || changes.n > replica_changes_max(replica)
        || !table_same_default(&follow->rows.defaults, &replica->base))
    {
        return apply_merge(follow, &changes, err);
    }

    rc = replica_write_changes(replica, &changes, err);
    follow->stats.writes_changes += rc == MTA_STS_OK;

    return rc;
}


int
apply_again(follow_t *follow, mta_sts_err_t *err)
{
    int                      rc;
    mta_sts_intern_t         pool;
    mta_sts_arena_t          arena = { NULL, 0 };
    mta_sts_env_t            env = { diag_alloc, say_warning, &arena, NULL };
    mta_sts_table_builder_t  builder;

    mta_sts_intern_init(&pool, &builder, &env);

    rc = follow->replica.image.data ? apply_changes(follow, &pool, err)
                                    : MTA_STS_OK;

    mta_sts_intern_free(&pool);
    mta_sts_table_discard(&builder);
    mta_sts_arena_free(&arena);

    return rc;
}


int
apply_draft(follow_t *follow, int *refused, mta_sts_err_t *err)
{
    int  rc;

    *refused = 0;

    if (replica_look(&follow->replica, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    rc = follow->draft.snapshot ? apply_snapshot(follow, refused, err)
                                : change_draft(follow, refused, err);

    if (rc == MTA_STS_OK) {
        draft_reset(follow);
    }

    follow->draft.noted = rc != MTA_STS_OK;

    return rc;
}
