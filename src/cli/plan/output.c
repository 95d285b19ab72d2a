/*
 * Advice as text, JSON and metrics; see html.c for the page.
 */

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "cli/diag/diag.h"
#include "output.h"


static const char *const  output_states[] = { "due", "wait", "possible",
                                              "note" };


const char *
plan_state_name(plan_state_e state)
{
    return output_states[state];
}


static void
text_domain(plan_output_t *output, mta_sts_str_t domain,
    const plan_list_t *list)
{
    char                  buf[32];
    FILE                 *out;
    size_t                i, k;
    diag_wrap_t           wrap;
    const plan_advice_t  *advice;

    out = diag_wrap_open(&wrap, output->out, output->width);

    for (i = 0; i < list->n; i++) {
        advice = &list->elts[i];

        (void) fprintf(out, "%.*s: %s", MTA_STS_SHOW(domain),
                       plan_state_name(advice->state));

        if (advice->state == PLAN_WAIT && advice->from != PLAN_NEVER) {
            (void) fprintf(out, " until %s", plan_date(advice->from, buf));
        }

        (void) fprintf(out, ": %s: %s", advice->what, advice->text.data);

        if (advice->rule) {
            (void) fprintf(out, " (rule %u)", advice->rule);
        }

        (void) fputc('\n', out);

        for (k = 0; k < advice->n_steps; k++) {
            (void) fprintf(out, "    %s%s%s\n", advice->steps[k].from
                           ? plan_date(advice->steps[k].from, buf) : "",
                           advice->steps[k].from ? ": " : "",
                           advice->steps[k].text.data);
        }
    }

    diag_wrap_close(&wrap);
}


static void
text_end(plan_output_t *output)
{
    (void) fprintf(output->out, "%zu domain%s, %zu with something due\n",
                   output->n, diag_s(output->n), output->due);
}


/* A time of JSON: null is now, and false never. */

static json_t *
json_time(int64_t time)
{
    return time == 0 ? json_null() : time == PLAN_NEVER ? json_false()
           : json_integer(time);
}


static json_t *
json_advice(const plan_advice_t *advice)
{
    size_t   i;
    json_t  *steps;

    steps = json_array();

    for (i = 0; i < advice->n_steps; i++) {
        (void) json_array_append_new(steps, json_pack("{s:o, s:s}", "from",
                                     json_time(advice->steps[i].from), "text",
                                     advice->steps[i].text.data));
    }

    return json_pack("{s:s, s:s, s:i, s:o, s:s, s:o}", "state",
                     plan_state_name(advice->state), "step", advice->what,
                     "rule", (int) advice->rule, "from",
                     json_time(advice->from), "text", advice->text.data,
                     "steps", steps);
}


static void
json_domain(plan_output_t *output, mta_sts_str_t domain,
    const plan_list_t *list)
{
    size_t   i;
    json_t  *object, *array;

    array = json_array();

    for (i = 0; i < list->n; i++) {
        (void) json_array_append_new(array, json_advice(&list->elts[i]));
    }

    object = json_pack("{s:s%, s:o}", "domain", domain.data, domain.len,
                       "advice", array);

    (void) fputs(output->n > 1 ? ",\n" : "[\n", output->out);
    (void) json_dumpf(object, output->out, JSON_COMPACT);

    json_decref(object);
}


static void
json_end(plan_output_t *output)
{
    (void) fputs(output->n ? "\n]\n" : "[]\n", output->out);
}


static void
prometheus_begin(plan_output_t *output)
{
    (void) fputs("# HELP mta_sts_plan_due_seconds Seconds until a step may or "
                 "must be done; 0 is now.\n"
                 "# TYPE mta_sts_plan_due_seconds gauge\n", output->out);
}


/* When a step is due; what is only possible never is. */

static int64_t
prometheus_from(const plan_advice_t *advice)
{
    return advice->state == PLAN_DUE ? 0
           : advice->state == PLAN_WAIT ? advice->from : PLAN_NEVER;
}


/* One series for a domain and a kind of step: the earliest. */

static void
prometheus_domain(plan_output_t *output, mta_sts_str_t domain,
    const plan_list_t *list)
{
    size_t                i, k;
    int64_t               from, other;
    const plan_advice_t  *advice;

    for (i = 0; i < list->n; i++) {
        advice = &list->elts[i];
        from = prometheus_from(advice);

        for (k = 0; k < list->n; k++) {
            other = prometheus_from(&list->elts[k]);

            if (strcmp(list->elts[k].what, advice->what) == 0
                && (other < from || (other == from && k < i)))
            {
                break;
            }
        }

        if (k < list->n || from == PLAN_NEVER) {
            continue;
        }

        (void) fprintf(output->out, "mta_sts_plan_due_seconds{domain=\"%.*s\","
                       "step=\"%s\"} %" PRId64 "\n", MTA_STS_SHOW(domain),
                       advice->what,
                       from > output->now ? from - output->now : 0);
    }
}


static void
prometheus_end(plan_output_t *output)
{
    (void) fprintf(output->out, "# HELP mta_sts_plan_domains Domains that were "
                   "looked at.\n# TYPE mta_sts_plan_domains gauge\n"
                   "mta_sts_plan_domains %zu\n"
                   "# HELP mta_sts_plan_timestamp_seconds When the plan was "
                   "made.\n# TYPE mta_sts_plan_timestamp_seconds gauge\n"
                   "mta_sts_plan_timestamp_seconds %" PRId64 "\n", output->n,
                   output->now);
}


static void
output_nothing(plan_output_t *output)
{
    (void) output;
}


static const plan_format_t  output_formats[] = {
    { "text", "for people", output_nothing, text_domain, text_end },
    { "json", "for programs", output_nothing, json_domain, json_end },
    { "prometheus", "metrics", prometheus_begin, prometheus_domain,
      prometheus_end },
    { "html", "a page", plan_html_begin, plan_html_domain, plan_html_end }
};

#define OUTPUT_FORMATS  (sizeof(output_formats) / sizeof(output_formats[0]))


const plan_format_t *
plan_format(const char *name)
{
    size_t  i;

    for (i = 0; i < OUTPUT_FORMATS; i++) {
        if (strcmp(output_formats[i].name, name) == 0) {
            return &output_formats[i];
        }
    }

    return NULL;
}


void
plan_format_usage(FILE *out)
{
    size_t  i;

    for (i = 0; i < OUTPUT_FORMATS; i++) {
        (void) fprintf(out, "    %-14s %s\n", output_formats[i].name,
                       output_formats[i].about);
    }
}


void
plan_output(plan_output_t *output, mta_sts_str_t domain,
    const plan_list_t *list)
{
    output->n++;
    output->due += list->n && list->elts[0].state == PLAN_DUE;

    output->format->domain(output, domain, list);
}
