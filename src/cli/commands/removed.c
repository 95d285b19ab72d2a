/*
 * mta-sts records --removed: the deletion of records that were published for
 * domains that are not configured any more, once the rules allow it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diag/diag.h"
#include "cli/formats/formats.h"
#include "memory.h"


/*
 * How the deletion of records is printed; the formats that are not here are of
 * whole zones, where what is missing is deleted.
 */

typedef struct {
    const char  *name;
    const char  *begin;
    const char  *end;
    const char  *open;                /* of a zone: its name */
    const char  *item;                /* name, type */
    const char  *between;             /* two items */
    const char  *close;
    const char  *next;                /* between two zones */
} removed_format_t;


static const removed_format_t  removed_formats[] = {

    { "nsupdate", "", "", "zone %.*s.\n", "update delete %.*s. %.*s\n", "",
      "send\n", "" },

    { "powerdns", "", "", "{\"name\":\"%.*s.\",\"rrsets\":[",
      "{\"name\":\"%.*s.\",\"type\":\"%.*s\",\"changetype\":\"DELETE\"}", ",",
      "]}\n", "" },

    { "json", "[\n", "]\n", "{\"zone\": \"%.*s\", \"remove\": [",
      "{\"name\": \"%.*s\", \"type\": \"%.*s\"}", ", ", "]}\n", "," },

    { "text", "", "", "%.*s\n", "    Remove %.*s %.*s\n", "", "", "" }
};

#define REMOVED_FORMATS                                                       \
    (sizeof(removed_formats) / sizeof(removed_formats[0]))


typedef struct {
    const mta_sts_entry_t   *entries;     /* configured, sorted by domain */
    size_t                   n;
    const options_list_t    *only;        /* or empty for all */
    const zones_t           *zones;
    const removed_format_t  *format;
    mta_sts_str_t            zone;        /* that is open */
    size_t                   n_zones;
    size_t                   held;        /* domains */
} removed_t;


static const removed_format_t *
removed_format(const char *name)
{
    size_t  i;

    for (i = 0; i < REMOVED_FORMATS; i++) {
        if (strcmp(removed_formats[i].name, name) == 0) {
            return &removed_formats[i];
        }
    }

    return NULL;
}


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


static void
removed_print(removed_t *removed, const state_domain_t *domain,
    mta_sts_str_t name, mta_sts_str_t type)
{
    const mta_sts_str_t     *zone;
    const removed_format_t  *format;

    format = removed->format;
    zone = removed->zones->n ? zones_find(removed->zones, name)
                             : &domain->name;

    if (zone == NULL) {
        say("\"%.*s\" is in none of the zones of \"--zone\"",
            MTA_STS_SHOW(name));
        removed->held++;
        return;
    }

    if (!mta_sts_str_eq(*zone, removed->zone)) {
        (void) fputs(removed->zone.len ? format->close : "", stdout);
        (void) fputs(removed->n_zones++ ? format->next : "", stdout);
        (void) printf(format->open, (int) zone->len, zone->data);

        removed->zone = mta_sts_str_copy(domain->history.env, *zone);

    } else {
        (void) fputs(format->between, stdout);
    }

    (void) printf(format->item, (int) name.len, name.data, (int) type.len,
                  type.data);
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


/* The lines are "NAME TTL TYPE VALUE"; records of an RRset are adjacent. */

static void
removed_each(void *ctx, state_domain_t *domain)
{
    char             buf[32];
    int64_t          from, held;
    const char      *p;
    removed_t       *removed = ctx;
    mta_sts_str_t    name, type, last_name, last_type;

    if (!removed_is_wanted(removed, domain)) {
        return;
    }

    last_name = last_type = mta_sts_str("");
    removed->zone = mta_sts_str("");
    held = 0;

    for (p = domain->records.data; *p; p += strcspn(p, "\n") + 1) {
        name = removed_word(&p);
        (void) removed_word(&p);
        type = removed_word(&p);

        if (mta_sts_str_eq(name, last_name)
            && mta_sts_str_eq(type, last_type))
        {
            continue;
        }

        last_name = name;
        last_type = type;

        from = removed_from(domain, name, time(NULL));

        if (from > time(NULL)) {
            held = from > held ? from : held;
            continue;
        }

        removed_print(removed, domain, name, type);
    }

    if (removed->zone.len) {
        (void) fputs(removed->format->close, stdout);
    }

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
    removed_t         removed;
    mta_sts_entry_t  *entries;

    memset(&removed, 0, sizeof(removed_t));

    removed.format = removed_format(options->format ? options->format
                                                    : "nsupdate");

    if (removed.format == NULL) {
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

    (void) fputs(removed.format->begin, stdout);
    state_each(state, removed_each, &removed);
    (void) fputs(removed.format->end, stdout);

    return removed.held ? COMMAND_ERROR : COMMAND_OK;
}
