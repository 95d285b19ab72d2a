/*
 * mta-sts records --removed: the deletion of records that were published for
 * domains that are not configured any more, once the rules allow it.
 */

#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "cli/formats/formats.h"
#include "memory.h"


typedef struct {
    const mta_sts_entry_t   *entries;     /* configured, sorted by domain */
    size_t                   n;
    const options_list_t    *only;        /* or empty for all */
    const zones_t           *zones;
    size_t                   held;        /* domains */
    output_t                 output;
} removed_t;


/* RRsets of a domain in one zone. */

typedef struct {
    mta_sts_batch_t    batch;
    mta_sts_record_t  *rrsets;
    size_t             size;
} removed_batch_t;


static int
removed_cmp(const void *key, const void *entry)
{
    return mta_sts_str_cmp(*(const mta_sts_str_t *) key,
                           ((const mta_sts_entry_t *) entry)->domain);
}


static int
removed_is_wanted(const removed_t *removed, const state_domain_t *domain)
{
    size_t  i;

    if (domain->records.len == 0
        || bsearch(&domain->name, removed->entries, removed->n,
                   sizeof(mta_sts_entry_t), removed_cmp))
    {
        return 0;
    }

    for (i = 0; i < removed->only->n; i++) {
        if (mta_sts_str_caseeq(removed->only->values[i].text, domain->name)) {
            return 1;
        }
    }

    return removed->only->n == 0;
}


/* From when on a record may go: the policy host after the others (rule 14). */

static int64_t
removed_from(const state_domain_t *domain, mta_sts_str_t name, int64_t now)
{
    plan_step_t    step;
    plan_answer_t  answer;

    if (domain->forgotten) {
        return 0;
    }

    memset(&step, 0, sizeof(plan_step_t));

    step.act = PLAN_REMOVE_RECORD;
    plan_may(&domain->history, &step, now, &answer);

    if (answer.from > now
        || !mta_sts_str_starts(name, mta_sts_str("mta-sts.")))
    {
        return answer.from;
    }

    step.act = PLAN_STOP_HOST;
    plan_may(&domain->history, &step, now, &answer);

    return answer.from;
}


static mta_sts_str_t
removed_word(const char **p)
{
    mta_sts_str_t  word;

    word.data = *p;
    word.len = strcspn(*p, " \n");

    *p += word.len;
    *p += **p == ' ';

    return word;
}


/* The zone of a name, or NULL after it has said so. */

static const mta_sts_str_t *
removed_zone(removed_t *removed, const state_domain_t *domain,
    mta_sts_str_t name)
{
    const mta_sts_str_t  *zone;

    zone = removed->zones->n ? zones_find(removed->zones, name)
                             : &domain->name;

    if (zone == NULL) {
        say("\"%.*s\" is in none of the zones of \"--zone\"",
            MTA_STS_SHOW(name));
        removed->held++;
    }

    return zone;
}


/* Adds an RRset to a batch; one of another zone is printed before. */

static void
removed_add(removed_t *removed, const state_domain_t *domain,
    const mta_sts_record_t *rrset, removed_batch_t *batch)
{
    const mta_sts_str_t  *zone;

    zone = removed_zone(removed, domain, rrset->name);

    if (zone == NULL) {
        return;
    }

    if (!mta_sts_str_eq(*zone, batch->batch.zone)) {
        output_remove(&removed->output, &batch->batch);
        batch->batch.n = 0;
    }

    batch->rrsets = mta_sts_env_grow(domain->history.env, batch->rrsets,
                                     batch->batch.n, &batch->size,
                                     sizeof(mta_sts_record_t));
    batch->rrsets[batch->batch.n++] = *rrset;

    batch->batch.zone = *zone;
    batch->batch.records = batch->rrsets;
}


/* The lines are "NAME TTL TYPE VALUE"; records of an RRset are adjacent. */

static void
removed_each(void *ctx, state_domain_t *domain)
{
    char               buf[32];
    int64_t            from, held;
    const char        *p;
    removed_t         *removed = ctx;
    removed_batch_t    batch;
    mta_sts_record_t   rrset, last;

    if (!removed_is_wanted(removed, domain)) {
        return;
    }

    memset(&batch, 0, sizeof(removed_batch_t));
    memset(&rrset, 0, sizeof(mta_sts_record_t));
    held = 0;

    for (p = domain->records.data; *p; p += strcspn(p, "\n") + 1) {
        last = rrset;

        rrset.name = removed_word(&p);
        (void) removed_word(&p);
        rrset.type = removed_word(&p);

        if (mta_sts_str_eq(rrset.name, last.name)
            && mta_sts_str_eq(rrset.type, last.type))
        {
            continue;
        }

        from = removed_from(domain, rrset.name, time(NULL));

        if (from > time(NULL)) {
            held = from > held ? from : held;
            continue;
        }

        removed_add(removed, domain, &rrset, &batch);
    }

    output_remove(&removed->output, &batch.batch);

    if (held) {
        removed->held++;
        say("%.*s: records stay until %s (rule 14)",
            MTA_STS_SHOW(domain->name), held == PLAN_NEVER
            ? "its _mta-sts record is gone" : plan_date(held, buf));
    }
}


int
command_removed(const options_t *options, const site_t *site, state_t *state,
    const zones_t *zones, const mta_sts_env_t *env)
{
    removed_t                  removed;
    mta_sts_entry_t           *entries;
    const mta_sts_format_t    *format;
    mta_sts_format_settings_t  settings;

    memset(&removed, 0, sizeof(removed_t));

    memset(&settings, 0, sizeof(mta_sts_format_settings_t));

    format = options->format
             ? mta_sts_format_find(mta_sts_str_from(options->format))
             : &mta_sts_format_nsupdate;

    if (format->remove == NULL) {
        say("format \"%s\" is of whole zones, where what is missing is "
            "deleted; \"--removed\" takes nsupdate, powerdns, json or text",
            options->format);
        return COMMAND_USAGE;
    }

    if (!state_is_open(state)) {
        say("\"--removed\" needs a state: set \"mta_sts_state\" or "
            "\"--state\"");
        return COMMAND_USAGE;
    }

    site_domains(site, env, &entries, &removed.n);

    removed.entries = entries;
    removed.only = &options->args;
    removed.zones = zones;

    output_begin(&removed.output, format, &settings, stdout);
    state_each(state, removed_each, &removed);
    output_end(&removed.output);

    return removed.held ? COMMAND_ERROR : COMMAND_OK;
}
