/*
 * A check of the policy host alone, whose result decides which domains' records
 * are printed.
 */

#include "cli/check/check.h"
#include "cli/diag/diag.h"
#include "publish.h"


typedef struct {
    mta_sts_entry_t  *entries;
    size_t            kept;
    state_t          *state;
} guard_t;


/* Results come in the order of the entries, and fewer of them are kept. */

static void
guard_done(void *ctx, const result_t *result)
{
    size_t           i;
    guard_t         *guard = ctx;
    const finding_t *finding;

    state_record(guard->state, result);

    if (result->served) {
        guard->entries[guard->kept++] = *result->entry;
        return;
    }

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];

        if (finding->severity == FINDING_ERROR
            || finding->kind == POLICY_NO_ROUTE)
        {
            say("%.*s is not served: %s: %.*s",
                (int) result->entry->domain.len, result->entry->domain.data,
                finding_kind(finding->kind)->code, (int) finding->text.len,
                finding->text.data);
        }
    }
}


/* Other processes may write to the state while this one waits. */

static void
guard_progress(void *ctx, size_t done, size_t n)
{
    guard_t *guard = ctx;

    (void) done;
    (void) n;

    state_pause(guard->state);
}


int
guard_served(mta_sts_entry_t *entries, size_t *n,
    const net_settings_t *settings, state_t *state, mta_sts_err_t *err)
{
    int      rc;
    guard_t  guard = { entries, 0, state };
    check_t  check;

    memset(&check, 0, sizeof(check_t));

    check.what = PROBE_POLICY;
    check.net = *settings;
    check.done = guard_done;
    check.progress = guard_progress;
    check.ctx = &guard;

    rc = check_run(&check, entries, *n, err);

    *n = guard.kept;

    return rc;
}
