/*
 * What commands share that remember something.
 */

#include <time.h>

#include "cli/diag/diag.h"
#include "memory.h"


const char *
command_state_dir(const options_t *options, const site_t *site)
{
    return options->state ? options->state
           : site && site->state.text.data ? site->state.text.data : NULL;
}


state_t *
command_state(const options_t *options, const site_t *site)
{
    return state_open(command_state_dir(options, site));
}


/* Records that the records of an entry were printed. */

static void
published_entry(state_t *state, const mta_sts_entry_t *entry,
    const mta_sts_record_wanted_t *wanted)
{
    size_t             k, n_records;
    mta_sts_err_t      err;
    mta_sts_buf_t      text;
    mta_sts_arena_t    arena = { NULL, 0 };
    mta_sts_env_t      env = { .alloc = diag_alloc, .ctx = &arena };
    mta_sts_record_t  *records;

    memset(&text, 0, sizeof(mta_sts_buf_t));
    text.env = &env;

    if (mta_sts_record_build(entry, wanted, &env, &records, &n_records, &err)
        != MTA_STS_OK)
    {
        n_records = 0;
    }

    for (k = 0; k < n_records; k++) {
        mta_sts_buf_add(&text, records[k].name);
        mta_sts_buf_add_char(&text, ' ');
        mta_sts_buf_add_uint(&text, records[k].ttl);
        mta_sts_buf_add_char(&text, ' ');
        mta_sts_buf_add(&text, records[k].type);
        mta_sts_buf_add_char(&text, ' ');
        mta_sts_buf_add(&text, records[k].value);
        mta_sts_buf_add_char(&text, '\n');
    }

    state_published(state, entry->domain, mta_sts_buf_str(&text));

    mta_sts_arena_free(&arena);
}


void
command_published(state_t *state, const plan_t *plan)
{
    size_t           i;
    uint32_t         last;
    mta_sts_entry_t  entry;

    if (!state_is_open(state)) {
        return;
    }

    for (i = 0, last = UINT32_MAX; i < plan->n; i++) {
        if (!plan_state(plan, i).held && plan->parts[i].entry != last) {
            last = plan->parts[i].entry;
            entry = plan_entry(plan, i);
            published_entry(state, &entry, plan_wanted(plan, &entry));
        }
    }
}


typedef struct {
    const entries_t        *entries;
    size_t                  next;
    size_t                  found;
    const mta_sts_env_t    *env;
    mta_sts_entry_t        *left;         /* as many as found */
    size_t                  size;
} orphans_t;


/* Was a domain configured once, and is it not any more?  Both are sorted. */

static int
orphans_has(orphans_t *orphans, const state_domain_t *domain)
{
    int  rc;

    for (rc = 1; orphans->next < orphans->entries->n; orphans->next++) {
        rc = mta_sts_str_cmp(entries_get(orphans->entries,
                                         orphans->next).domain,
                             domain->name);
        if (rc >= 0) {
            break;
        }
    }

    return rc != 0 && domain->configured && !domain->forgotten;
}


static void
orphans_left(void *ctx, state_domain_t *domain)
{
    orphans_t        *orphans = ctx;
    mta_sts_entry_t  *entry;

    if (!orphans_has(orphans, domain)
        || plan_orphan(&domain->history, time(NULL)) == 0)
    {
        return;
    }

    orphans->left = mta_sts_env_grow(orphans->env, orphans->left,
                                     orphans->found, &orphans->size,
                                     sizeof(mta_sts_entry_t));
    entry = &orphans->left[orphans->found++];

    memset(entry, 0, sizeof(mta_sts_entry_t));
    entry->domain = mta_sts_str_copy(orphans->env, domain->name);
}


void
command_left(state_t *state, const mta_sts_env_t *env,
    mta_sts_entry_t **entries, size_t *n)
{
    entries_t         known;
    orphans_t         orphans;
    mta_sts_entry_t  *all;

    memset(&known, 0, sizeof(entries_t));
    memset(&orphans, 0, sizeof(orphans_t));

    known.elts = *entries;
    known.n = *n;

    orphans.entries = &known;
    orphans.env = env;

    state_each(state, orphans_left, &orphans);

    if (orphans.found == 0) {
        return;
    }

    all = env->alloc(env->ctx, (*n + orphans.found) * sizeof(mta_sts_entry_t));

    memcpy(all, *entries, *n * sizeof(mta_sts_entry_t));
    memcpy(&all[*n], orphans.left, orphans.found * sizeof(mta_sts_entry_t));

    *entries = all;
    *n += orphans.found;

    site_sort(*entries, *n);
}


static void
orphans_each(void *ctx, state_domain_t *domain)
{
    size_t          i, k;
    char            buf[32];
    plan_list_t     list;
    orphans_t      *orphans = ctx;
    plan_domain_t   of;

    if (!orphans_has(orphans, domain)) {
        return;
    }

    memset(&list, 0, sizeof(plan_list_t));
    memset(&of, 0, sizeof(plan_domain_t));

    list.env = domain->history.env;
    of.name = domain->name;
    of.history = &domain->history;

    plan_advise(&of, time(NULL), &list);

    for (i = 0; i < list.n; i++) {
        orphans->found++;

        say("%.*s: %s until %s (rule %u); add to the configuration:",
            MTA_STS_SHOW(domain->name), list.elts[i].text.data,
            plan_date(list.elts[i].from, buf), list.elts[i].rule);

        for (k = 0; k < list.elts[i].n_steps; k++) {
            say("    %s", list.elts[i].steps[k].text.data);
        }
    }
}


size_t
command_orphans(state_t *state, const entries_t *entries)
{
    orphans_t  orphans;

    memset(&orphans, 0, sizeof(orphans_t));

    orphans.entries = entries;

    state_each(state, orphans_each, &orphans);

    return orphans.found;
}
