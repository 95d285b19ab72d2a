/*
 * The records of so many entries are looked up at a time, and only the
 * differences are kept.
 */

#include <stdlib.h>

#include "policy/policy.h"
#include "cli/probe/probe.h"
#include "cli/diag/diag.h"
#include "publish.h"


typedef struct {
    changed_t    *changed;
    net_t         net;
    unsigned      active;             /* entries */
    int           failed;             /* memory ran out */
} changed_run_t;


/* An entry whose records are being looked up. */

typedef struct {
    changed_run_t     *run;
    mta_sts_record_t  *records;
    size_t             n;
    size_t             pending;
    mta_sts_arena_t    arena;
} changed_entry_t;


/* The records of an entry that have one name and type. */

typedef struct {
    changed_entry_t         *entry;
    const mta_sts_record_t  *records;
    size_t                   n;
} changed_set_t;


static int
changed_cmp(const void *a, const void *b)
{
    int                    rc;
    const changed_item_t  *x = a, *y = b;

    rc = mta_sts_str_cmp(x->name, y->name);

    return rc ? rc : mta_sts_str_cmp(x->type, y->type);
}


static int
changed_type(mta_sts_str_t type)
{
    if (mta_sts_str_eq(type, mta_sts_str("TXT"))) {
        return ns_t_txt;
    }

    if (mta_sts_str_eq(type, mta_sts_str("A"))) {
        return ns_t_a;
    }

    return mta_sts_str_eq(type, mta_sts_str("AAAA")) ? ns_t_aaaa : ns_t_cname;
}


/* Is a record's value among those of the answer? */

static int
changed_is_live(const mta_sts_record_t *record, const dns_answer_t *answer)
{
    size_t         i;
    mta_sts_str_t  value;

    value = record->value;

    if (!mta_sts_str_eq(record->type, mta_sts_str("TXT"))
        && mta_sts_str_ends(value, mta_sts_str(".")))
    {
        value.len--;
    }

    for (i = 0; i < answer->n; i++) {
        if (mta_sts_str_eq(answer->records[i].text, value)) {
            return 1;
        }
    }

    return 0;
}


static int
changed_differs(const changed_set_t *set, const dns_answer_t *answer)
{
    size_t  i;

    if (answer->status == DNS_FAILED || answer->n != set->n) {
        return 1;
    }

    for (i = 0; i < set->n; i++) {
        if (!changed_is_live(&set->records[i], answer)) {
            return 1;
        }
    }

    return 0;
}


/* What a server sent, without the bytes that would steer a terminal. */

static mta_sts_str_t
changed_printable(const mta_sts_env_t *env, mta_sts_str_t text)
{
    char    *p;
    size_t   i;

    text = mta_sts_str_copy(env, text);

    for (i = 0, p = (char *) text.data; text.data && i < text.len; i++) {
        if (p[i] < ' ' || p[i] > '~') {
            p[i] = '?';
        }
    }

    return text;
}


static int
changed_add(changed_t *changed, const changed_set_t *set,
    const dns_answer_t *answer)
{
    size_t            i, size;
    mta_sts_env_t     env = { diag_alloc, NULL, &changed->arena };
    changed_item_t   *item, *items;

    if (changed->n == changed->size) {
        size = changed->size ? 2 * changed->size : 64;

        items = realloc(changed->items, size * sizeof(changed_item_t));
        if (items == NULL) {
            return MTA_STS_ERROR;
        }

        changed->items = items;
        changed->size = size;
    }

    item = &changed->items[changed->n];

    item->name = mta_sts_str_copy(&env, set->records[0].name);
    item->type = mta_sts_str_copy(&env, set->records[0].type);
    item->n = answer->n;
    item->old = env.alloc(env.ctx, (item->n + 1) * sizeof(mta_sts_str_t));

    if (item->name.data == NULL || item->type.data == NULL
        || item->old == NULL)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < item->n; i++) {
        item->old[i] = changed_printable(&env, answer->records[i].text);

        if (item->old[i].data == NULL) {
            return MTA_STS_ERROR;
        }
    }

    changed->n++;

    return MTA_STS_OK;
}


static void
changed_release(changed_entry_t *entry)
{
    if (--entry->pending) {
        return;
    }

    entry->run->active--;

    mta_sts_arena_free(&entry->arena);
    free(entry);
}


static void
changed_done(void *ctx, const dns_answer_t *answer)
{
    changed_set_t  *set = ctx;
    changed_run_t  *run;

    run = set->entry->run;

    if (answer->status == DNS_FAILED) {
        say("the lookup of %.*s fails: %s", (int) set->records[0].name.len,
            set->records[0].name.data, answer->error);
    }

    if (changed_differs(set, answer)
        && changed_add(run->changed, set, answer) != MTA_STS_OK)
    {
        run->failed = 1;
    }

    changed_release(set->entry);
}


/* Looks up each set of an entry's records. */

static int
changed_lookups(changed_entry_t *entry)
{
    size_t          i, k;
    changed_set_t  *set;

    for (i = 0; i < entry->n; i = k) {

        for (k = i + 1; k < entry->n; k++) {
            if (!mta_sts_str_eq(entry->records[k].name,
                                entry->records[i].name)
                || !mta_sts_str_eq(entry->records[k].type,
                                   entry->records[i].type))
            {
                break;
            }
        }

        set = diag_alloc(&entry->arena, sizeof(changed_set_t));
        if (set == NULL) {
            return MTA_STS_ERROR;
        }

        set->entry = entry;
        set->records = &entry->records[i];
        set->n = k - i;

        entry->pending++;

        dns_lookup(entry->run->net.dns, set->records[0].name,
                   changed_type(set->records[0].type), changed_done, set);
    }

    return MTA_STS_OK;
}


static int
changed_entry(changed_run_t *run, const mta_sts_entry_t *of,
    const mta_sts_record_wanted_t *wanted, mta_sts_err_t *err)
{
    int               rc;
    mta_sts_env_t     env;
    changed_entry_t  *entry;

    entry = calloc(1, sizeof(changed_entry_t));
    if (entry == NULL) {
        return mta_sts_error_memory(err);
    }

    env.alloc = diag_alloc;
    env.warn = NULL;
    env.ctx = &entry->arena;

    entry->run = run;
    entry->pending = 1;
    run->active++;

    rc = mta_sts_record_build(of, wanted, &env, &entry->records, &entry->n,
                              err);

    if (rc == MTA_STS_OK && changed_lookups(entry) != MTA_STS_OK) {
        rc = mta_sts_error_memory(err);
    }

    changed_release(entry);

    return rc;
}


int
changed_build(changed_t *changed, const mta_sts_entry_t *entries, size_t n,
    const mta_sts_record_wanted_t *wanted, const net_settings_t *settings,
    mta_sts_err_t *err)
{
    int            rc;
    size_t         i;
    changed_run_t  run;

    memset(&run, 0, sizeof(changed_run_t));

    run.changed = changed;

    if (net_init(&run.net, settings, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    rc = MTA_STS_OK;

    for (i = 0; rc == MTA_STS_OK && (i < n || run.active);) {

        if (i < n && run.active < settings->jobs) {
            rc = changed_entry(&run, &entries[i++], wanted, err);

        } else {
            net_step(&run.net);
        }
    }

    net_free(&run.net);

    if (rc == MTA_STS_OK && run.failed) {
        rc = mta_sts_error_memory(err);
    }

    if (changed->n) {
        qsort(changed->items, changed->n, sizeof(changed_item_t),
              changed_cmp);
    }

    return rc;
}


void
changed_free(changed_t *changed)
{
    free(changed->items);
    mta_sts_arena_free(&changed->arena);
}


const changed_item_t *
changed_find(const changed_t *changed, const mta_sts_record_t *record)
{
    changed_item_t  key;

    if (changed->n == 0) {
        return NULL;
    }

    memset(&key, 0, sizeof(changed_item_t));

    key.name = record->name;
    key.type = record->type;

    return bsearch(&key, changed->items, changed->n, sizeof(changed_item_t),
                   changed_cmp);
}
