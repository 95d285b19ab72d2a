/*
 * Whether a policy may be announced: a new id makes senders fetch the policy,
 * so it must be served by then (RFC 8461, 8.1), and in mode "enforce" it must
 * match the mail servers, or mail stops.
 */

#include <stdio.h>
#include <stdlib.h>

#include "cli/check/check.h"
#include "cli/diag/diag.h"
#include "publish.h"


typedef struct {
    plan_t                 *plan;
    const gate_settings_t  *settings;
    mta_sts_entry_t        *entries;      /* of parts with a policy's record */
    size_t                 *parts;        /* their indexes */
    size_t                  n;
    size_t                  held;
} gate_t;


/* Is there a policy's record in the part? */

static int
gate_is_policy(const plan_t *plan, size_t part, mta_sts_arena_t *arena)
{
    int            is;
    batch_t        batch;
    mta_sts_env_t  env = { diag_alloc, NULL, arena, NULL };

    plan_batch(plan, part, &env, &batch);

    /* by kind it is the first one */

    is = batch.n && batch.records[0].kind == MTA_STS_RECORD_POLICY;

    mta_sts_arena_reset(arena);

    return is;
}


static void
gate_collect(gate_t *gate)
{
    size_t           i;
    mta_sts_arena_t  arena = { NULL, 0 };

    gate->entries = diag_calloc(gate->plan->n, sizeof(mta_sts_entry_t));
    gate->parts = diag_calloc(gate->plan->n, sizeof(size_t));

    for (i = 0; i < gate->plan->n; i++) {
        if (gate_is_policy(gate->plan, i, &arena)) {
            gate->entries[gate->n] = plan_entry(gate->plan, i);
            gate->parts[gate->n++] = i;
        }
    }

    mta_sts_arena_free(&arena);
}


/*
 * A step down, to "testing" or "none", needs one address that serves the policy
 * and none that serves another one: a dead address cannot keep senders in mode
 * "enforce".
 */

static int
gate_steps_down(const result_t *result)
{
    size_t               i, served;
    mta_sts_str_t        body;
    const fetch_t       *fetch;
    const probe_host_t  *host;

    if (result->entry->policy->mode == MTA_STS_ENFORCE) {
        return 0;
    }

    host = &result->facts->host;
    body = mta_sts_policy_body(result->entry->policy);

    for (i = 0, served = 0; i < host->n; i++) {
        fetch = host->fetches[i];

        if (!served_is_read(fetch, result->now)) {
            continue;
        }

        if (!mta_sts_str_eq(fetch->body, body)) {
            return 0;
        }

        served++;
    }

    return served && host->n == host->n_addresses;
}


/* Does a finding hold the policy back? */

static int
gate_is_reason(const result_t *result, const finding_t *finding, int served)
{
    int                    bad;
    const finding_kind_t  *kind;

    kind = finding_kind(finding->kind);

    /* what could not be looked at is not right */

    bad = kind->severity == FINDING_ERROR || kind->severity == FINDING_UNKNOWN;

    /* that addresses differ follows from another finding */

    if (kind->subject == FINDING_HOST) {
        return !served && bad && finding->kind != POLICY_ADDRESSES_DIFFER;
    }

    if (result->entry->policy->mode != MTA_STS_ENFORCE) {
        return 0;
    }

    switch (finding->kind) {

    case MX_DNS:
    case MX_NOT_COVERED_NEXT:
        return 1;

    case MX_NOT_COVERED:
        return result->covered == 0;

    default:
        return bad && strncmp(kind->code, "smtp-", 5) == 0;
    }
}


int
gate_is_code(mta_sts_str_t accept)
{
    int          kind;
    const char  *colon;

    colon = memchr(accept.data, ':', accept.len);
    accept.len = colon ? (size_t) (colon - accept.data) : accept.len;

    if (mta_sts_str_starts(accept, mta_sts_str("rule-"))) {
        return 1;
    }

    for (kind = 0; kind < FINDING_KINDS; kind++) {
        if (mta_sts_str_eq(accept, mta_sts_str_from(
                           finding_kind((finding_kind_e) kind)->code)))
        {
            return 1;
        }
    }

    return 0;
}


static int
gate_is_accepted(const gate_settings_t *settings, const char *code,
    mta_sts_str_t domain)
{
    size_t         i, len;
    mta_sts_str_t  accept;

    len = strlen(code);

    for (i = 0; i < settings->n_accept; i++) {
        accept = settings->accept[i].text;

        if (!mta_sts_str_starts(accept, mta_sts_str_from(code))) {
            continue;
        }

        accept = mta_sts_str_after(accept, len);

        if (accept.len == 0
            || (accept.data[0] == ':'
                && mta_sts_str_caseeq(mta_sts_str_after(accept, 1), domain)))
        {
            return 1;
        }
    }

    return 0;
}


/* Do the rules about what was promised before hold the policy back? */

static int
gate_is_refused(const gate_settings_t *settings, const result_t *result)
{
    char           code[32];
    unsigned       rule;
    mta_sts_err_t  err;

    rule = state_refuses(settings->state, result->entry, 1, &err);

    (void) snprintf(code, sizeof(code), "rule-%u", rule);

    if (rule == 0
        || gate_is_accepted(settings, code, result->entry->domain))
    {
        return 0;
    }

    say_error(&err);

    return 1;
}


/* Other processes may write to the state while this one waits. */

static void
gate_progress(void *ctx, size_t done, size_t n)
{
    gate_t *gate = ctx;

    (void) done;
    (void) n;

    state_pause(gate->settings->state);
}


/* Results come in the order of the entries. */

static void
gate_done(void *ctx, const result_t *result)
{
    int               held, served;
    size_t            i;
    gate_t           *gate = ctx;
    const char       *code;
    const finding_t  *finding;

    served = result->served || gate_steps_down(result);
    state_record(gate->settings->state, result);
    held = gate_is_refused(gate->settings, result);

    for (i = 0; i < result->findings.n; i++) {
        finding = &result->findings.elts[i];
        code = finding_kind(finding->kind)->code;

        if (gate_is_reason(result, finding, served)
            && !gate_is_accepted(gate->settings, code, result->entry->domain))
        {
            held = 1;

            say("%.*s is held back: %s: %.*s",
                (int) result->entry->domain.len, result->entry->domain.data,
                code, (int) finding->text.len, finding->text.data);
        }
    }

    if (held) {
        plan_set(gate->plan,
                 gate->parts[result->entry - gate->entries])->held = 1;
        gate->held++;
    }
}


int
gate_run(plan_t *plan, const gate_settings_t *settings, mta_sts_err_t *err)
{
    int      rc;
    gate_t   gate;
    check_t  check;

    memset(&gate, 0, sizeof(gate_t));
    memset(&check, 0, sizeof(check_t));

    gate.plan = plan;
    gate.settings = settings;

    check.what = PROBE_POLICY|PROBE_RECORDS|(settings->smtp ? PROBE_SMTP : 0)
                 |(state_is_open(settings->state) ? PROBE_SERVERS : 0);
    check.net = settings->net;
    check.done = gate_done;
    check.progress = gate_progress;
    check.ctx = &gate;

    gate_collect(&gate);

    rc = check_run(&check, gate.entries, gate.n, err);

    if (gate.held) {
        say("%zu of %zu policies held back; repair what is named "
            "above, or pass a reason by with --accept CODE:DOMAIN", gate.held,
            gate.n);
    }

    plan->held += gate.held;

    free(gate.entries);
    free(gate.parts);

    return rc;
}
