/*
 * Prints the zones of a plan in a format.
 */

#include "cli/diag/diag.h"
#include "formats.h"


/* Whoever closes out looks for a write error. */

static void
printer_flush(mta_sts_printer_t *printer)
{
    if (printer->text.failed) {
        diag_no_memory();
    }

    if (printer->text.len) {
        (void) fwrite(printer->text.data, 1, printer->text.len, printer->ctx);
    }

    printer->bytes += printer->text.len;
    printer->text.len = 0;
}


static void
printer_call(mta_sts_printer_t *printer,
    void (*call)(mta_sts_printer_t *printer))
{
    if (call) {
        call(printer);
        printer_flush(printer);
    }
}


/* Prints the parts of one zone; the zone is opened with the first record. */

static void
output_zone(mta_sts_printer_t *printer, const plan_t *plan, size_t begin,
    size_t end, const mta_sts_format_t *format)
{
    int      open;
    size_t   i;
    batch_t  batch;

    open = 0;

    for (i = begin; i < end && !ferror((FILE *) printer->ctx); i++) {

        plan_batch(plan, i, printer->env, &batch);

        if (batch.n == 0) {
            continue;
        }

        if (open && format->max && printer->bytes > format->max) {
            printer_call(printer, format->close);
            open = 0;
        }

        if (!open && format->open) {
            printer->n = 0;
            printer->bytes = 0;
            format->open(printer, batch.zone);
        }

        open = 1;

        format->batch(printer, &batch);
        printer_flush(printer);
        printer->total++;

        mta_sts_arena_reset(printer->env->ctx);
    }

    if (open) {
        printer_call(printer, format->close);
    }

    mta_sts_arena_reset(printer->zone_env->ctx);
}


/* Is a zone left out, since what must stay in it is unknown? */

int
output_is_lost(const plan_t *plan, size_t begin, size_t end)
{
    size_t           i;
    mta_sts_str_t    zone;
    mta_sts_entry_t  entry;

    for (i = begin; i < end && !plan_state(plan, i).lost; i++) {
        /* void */
    }

    if (i == end) {
        return 0;
    }

    zone = plan_zone(plan, i);
    entry = plan_entry(plan, i);

    say("%.*s is not written: a record of %.*s must stay as it is, and could "
        "not be looked up", (int) zone.len, zone.data,
        (int) entry.domain.len, entry.domain.data);

    return 1;
}


/* Prints parts to out, which may have a write error afterwards. */

void
output_print(const plan_t *plan, size_t begin, size_t end,
    const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, FILE *out)
{
    size_t           next;
    mta_sts_printer_t  printer;
    mta_sts_arena_t  arena = { NULL, 0 }, text = { NULL, 0 };
    mta_sts_arena_t  zone = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena, NULL };
    mta_sts_env_t    zone_env = { diag_alloc, NULL, &zone, NULL };
    mta_sts_env_t    text_env = { diag_alloc, NULL, &text, NULL };

    memset(&printer, 0, sizeof(mta_sts_printer_t));

    printer.settings = settings;
    printer.flush = printer_flush;
    printer.ctx = out;
    printer.env = &env;
    printer.zone_env = &zone_env;
    printer.text.env = &text_env;

    printer_call(&printer, format->begin);

    for ( /* void */ ; begin < end && !ferror(out); begin = next) {
        next = plan_zone_end(plan, begin);

        if (!output_is_lost(plan, begin, next)) {
            output_zone(&printer, plan, begin, next, format);
        }
    }

    printer_call(&printer, format->end);

    mta_sts_arena_free(&arena);
    mta_sts_arena_free(&text);
    mta_sts_arena_free(&zone);
}


void
format_usage(FILE *out)
{
    size_t  i;

    for (i = 0; mta_sts_formats[i]; i++) {
        (void) fprintf(out, "    %-12s  %s\n", mta_sts_formats[i]->name,
                       mta_sts_formats[i]->description);
    }
}
