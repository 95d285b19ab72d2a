/*
 * The list of advice, and how dates and settings are written in it.
 */

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "plan.h"


const char *
plan_date(int64_t time, char buf[32])
{
    time_t     t;
    struct tm  tm;

    if (time == 0 || time == PLAN_NEVER) {
        return time ? "never" : "now";
    }

    t = (time_t) time;

    /* up to the next minute: no date is too early */

    t += 59 - (t + 59) % 60;

    /* a year that is too large for struct tm */

    if (gmtime_r(&t, &tm) == NULL
        || strftime(buf, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
    {
        return "never";
    }

    return buf;
}


static mta_sts_str_t
advise_text(const mta_sts_env_t *env, const char *fmt, va_list args)
{
    char    text[512];
    size_t  i;

    (void) vsnprintf(text, sizeof(text), fmt, args);

    for (i = 0; text[i]; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            text[i] = '?';
        }
    }

    return mta_sts_str_copy(env, mta_sts_str_from(text));
}


plan_advice_t *
plan_say(plan_list_t *list, plan_state_e state, const char *what,
    unsigned rule, int64_t from, const char *fmt, ...)
{
    va_list         args;
    plan_advice_t  *advice;

    list->elts = mta_sts_env_grow(list->env, list->elts, list->n, &list->size,
                                  sizeof(plan_advice_t));
    advice = &list->elts[list->n++];

    memset(advice, 0, sizeof(plan_advice_t));

    advice->state = state;
    advice->what = what;
    advice->rule = rule;
    advice->from = from;

    va_start(args, fmt);
    advice->text = advise_text(list->env, fmt, args);
    va_end(args);

    return advice;
}


void
plan_say_step(plan_list_t *list, plan_advice_t *advice, int64_t from,
    const char *fmt, ...)
{
    va_list       args;
    plan_line_t  *step;

    advice->steps = mta_sts_env_grow(list->env, advice->steps, advice->n_steps,
                                     &advice->steps_size, sizeof(plan_line_t));
    step = &advice->steps[advice->n_steps++];
    step->from = from;

    va_start(args, fmt);
    step->text = advise_text(list->env, fmt, args);
    va_end(args);
}


const char *
plan_setting(const plan_domain_t *domain, plan_list_t *list, const char *name,
    const char *value)
{
    char  text[400], line[16];

    line[0] = '\0';

    if (domain->line) {
        (void) snprintf(line, sizeof(line), ":%u", domain->line);
    }

    (void) snprintf(text, sizeof(text), domain->directive
                    ? "%s%s: mta_sts_%s %s;" : "%s%s: %s: %s", domain->file,
                    line, name, value);

    return mta_sts_str_copy(list->env, mta_sts_str_from(text)).data;
}


uint32_t
plan_other_age(const plan_history_t *history, const plan_policy_t *policy)
{
    size_t    i;
    int64_t   k, age;

    for (k = 1; ; k++) {
        age = (int64_t) policy->max_age + (k % 2 ? (k + 1) / 2 : -k / 2);

        if (age < 1 || age > MTA_STS_MAX_AGE_MAX) {
            continue;
        }

        for (i = 0; i < history->n_policies; i++) {
            if (history->policies[i].max_age == age) {
                break;
            }
        }

        if (i == history->n_policies) {
            return (uint32_t) age;
        }
    }
}
