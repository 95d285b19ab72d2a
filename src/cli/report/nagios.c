/*
 * A plugin's output: a line with the state, performance data after "|", and
 * then findings, the worst first, in all no more than a monitor reads.
 */

#include "cli/diag/diag.h"
#include "report.h"


#define NAGIOS_MAX    4096            /* bytes */
#define NAGIOS_LAST   64              /* of them for the last line */
#define NAGIOS_FIRST  1024            /* of them at most for the first */


static const char *
nagios_state(const report_t *report)
{
    const size_t  *counts;

    counts = report->counts;

    if (report->refused) {
        return "CRITICAL";
    }

    if (report->unknown == report->n) {
        return "UNKNOWN - no lookup had an answer";
    }

    if (counts[FINDING_ERROR]) {
        return "CRITICAL";
    }

    if (report->state_failed) {
        return "UNKNOWN - the state cannot be used";
    }

    if (counts[FINDING_WARNING]) {
        return "WARNING";
    }

    return counts[FINDING_UNKNOWN] ? "UNKNOWN" : "OK";
}


static void
nagios_line(mta_sts_buf_t *line, const report_item_t *item)
{
    size_t            i;
    const finding_t  *finding;

    finding = item->finding;

    mta_sts_buf_add(line, item->result->entry->domain);
    mta_sts_buf_add_cstr(line, " ");
    mta_sts_buf_add_cstr(line, finding_severity(finding->severity));
    mta_sts_buf_add_cstr(line, " ");
    mta_sts_buf_add_cstr(line, finding_kind(finding->kind)->code);
    mta_sts_buf_add_cstr(line, ": ");
    mta_sts_buf_add(line, finding->text);

    /* performance data begins after "|" */

    for (i = 0; i < line->len; i++) {
        if (line->data[i] == '|') {
            line->data[i] = '/';
        }
    }

    mta_sts_buf_add_cstr(line, "\n");
}


void
report_nagios(report_t *report)
{
    char             refused[64];
    size_t           i, len;
    const size_t    *counts;
    mta_sts_buf_t    line;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena, NULL };

    counts = report->counts;
    refused[0] = '\0';

    if (report->refused) {
        (void) snprintf(refused, sizeof(refused), ", %zu refused, see mta-sts "
                        "plan", report->refused);
    }

    (void) fprintf(report->out, "MTA-STS %s - %zu domain%s, %zu error%s, %zu "
                   "unknown, %zu warning%s%s%s | domains=%zu errors=%zu "
                   "unknown=%zu warnings=%zu notes=%zu\n",
                   nagios_state(report), report->n, diag_s(report->n),
                   counts[FINDING_ERROR], diag_s(counts[FINDING_ERROR]),
                   counts[FINDING_UNKNOWN],
                   counts[FINDING_WARNING], diag_s(counts[FINDING_WARNING]),
                   refused,
                   report->family ? (report->family == 4 ? ", only IPv4"
                                                         : ", only IPv6") : "",
                   report->n, counts[FINDING_ERROR], counts[FINDING_UNKNOWN],
                   counts[FINDING_WARNING], counts[FINDING_NOTE]);

    len = NAGIOS_FIRST + NAGIOS_LAST;

    for (i = 0; i < report->n_items; i++) {

        memset(&line, 0, sizeof(mta_sts_buf_t));
        line.env = &env;

        nagios_line(&line, &report->items[i]);
        len += line.len;

        if (len > NAGIOS_MAX) {
            (void) fprintf(report->out, "and %zu more\n",
                           report->n_items - i);
            break;
        }

        (void) fwrite(line.data, 1, line.len, report->out);
        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);
}
