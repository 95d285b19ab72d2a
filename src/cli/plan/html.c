/*
 * Advice as one page for people.
 */

#include "cli/diag/diag.h"
#include "output.h"


static const char  html_style[] =
"li { margin: .5rem 0; overflow-wrap: anywhere; }\n"
".due, .wait, .possible, .note { border-left: .3rem solid var(--line);\n"
"  padding-left: .5rem; color: inherit; }\n"
".due { border-color: var(--error); }\n"
".wait { border-color: var(--warning); }\n";


void
plan_html_begin(plan_output_t *output)
{
    char  buf[32];

    diag_html_begin(output->out, "MTA-STS: what may be done next", html_style,
                    NULL);
    (void) fprintf(output->out, "<p>%s</p>\n", plan_date(output->now, buf));
}


static void
html_advice(FILE *out, const plan_advice_t *advice)
{
    char    buf[32];
    size_t  i;

    (void) fprintf(out, "<li class=\"%s\"><b>%s%s%s: %s</b><br>\n",
                   plan_state_name(advice->state),
                   plan_state_name(advice->state),
                   advice->state == PLAN_WAIT && advice->from != PLAN_NEVER
                   ? " until " : "",
                   advice->state == PLAN_WAIT && advice->from != PLAN_NEVER
                   ? plan_date(advice->from, buf) : "", advice->what);

    diag_html(out, advice->text);

    if (advice->rule) {
        (void) fprintf(out, " (rule %u)", advice->rule);
    }

    for (i = 0; i < advice->n_steps; i++) {
        (void) fputs(i ? "<br>\n" : "<p>", out);

        if (advice->steps[i].from) {
            (void) fprintf(out, "%s: ", plan_date(advice->steps[i].from, buf));
        }

        (void) fputs("<code>", out);
        diag_html(out, advice->steps[i].text);
        (void) fputs("</code>", out);
    }

    (void) fputs(advice->n_steps ? "</p></li>\n" : "</li>\n", out);
}


void
plan_html_domain(plan_output_t *output, mta_sts_str_t domain,
    const plan_list_t *list)
{
    size_t  i;

    if (list->n == 0) {
        return;
    }

    (void) fputs("<h2>", output->out);
    diag_html(output->out, domain);
    (void) fputs("</h2>\n<ul>\n", output->out);

    for (i = 0; i < list->n; i++) {
        html_advice(output->out, &list->elts[i]);
    }

    (void) fputs("</ul>\n", output->out);
}


void
plan_html_end(plan_output_t *output)
{
    (void) fprintf(output->out, "<p>%zu domain%s, %zu with something due</p>\n",
                   output->n, diag_s(output->n), output->due);
    diag_html_end(output->out, NULL);
}
