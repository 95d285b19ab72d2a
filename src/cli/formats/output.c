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


void
output_begin(output_t *output, const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, FILE *out)
{
    size_t              i;
    mta_sts_printer_t  *printer;

    memset(output, 0, sizeof(output_t));

    for (i = 0; i < 3; i++) {
        output->envs[i].alloc = diag_alloc;
        output->envs[i].ctx = &output->arenas[i];
    }

    printer = &output->printer;

    printer->settings = settings;
    printer->flush = printer_flush;
    printer->ctx = out;
    printer->env = &output->envs[0];
    printer->zone_env = &output->envs[1];
    printer->text.env = &output->envs[2];

    output->format = format;

    printer_call(printer, format->begin);
}


static void
output_close(output_t *output)
{
    if (output->open) {
        printer_call(&output->printer, output->format->close);
        mta_sts_arena_reset(output->printer.zone_env->ctx);
        output->open = 0;
    }
}


static void
output_print_batch(output_t *output, const mta_sts_batch_t *batch,
    void (*print)(mta_sts_printer_t *printer, const mta_sts_batch_t *batch))
{
    mta_sts_printer_t       *printer;
    const mta_sts_format_t  *format;

    printer = &output->printer;
    format = output->format;

    if (batch->n == 0) {
        return;
    }

    if (output->open
        && (!mta_sts_str_eq(output->zone, batch->zone)
            || (format->max && printer->bytes > format->max)))
    {
        output_close(output);
    }

    if (!output->open) {
        output->open = 1;
        output->zone = mta_sts_str_copy(printer->zone_env, batch->zone);

        if (format->open) {
            printer->n = 0;
            printer->bytes = 0;
            format->open(printer, output->zone);
        }
    }

    print(printer, batch);
    printer_flush(printer);
    printer->total++;
}


void
output_add(output_t *output, const mta_sts_batch_t *batch)
{
    output_print_batch(output, batch, output->format->batch);
}


void
output_remove(output_t *output, const mta_sts_batch_t *batch)
{
    output_print_batch(output, batch, output->format->remove);
}


void
output_end(output_t *output)
{
    size_t  i;

    output_close(output);
    printer_call(&output->printer, output->format->end);

    for (i = 0; i < 3; i++) {
        mta_sts_arena_free(&output->arenas[i]);
    }
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
    size_t    i, next;
    batch_t   batch;
    output_t  output;

    output_begin(&output, format, settings, out);

    for ( /* void */ ; begin < end && !ferror(out); begin = next) {
        next = plan_zone_end(plan, begin);

        if (output_is_lost(plan, begin, next)) {
            continue;
        }

        for (i = begin; i < next && !ferror(out); i++) {
            plan_batch(plan, i, output.printer.env, &batch);
            output_add(&output, &batch);
            mta_sts_arena_reset(output.printer.env->ctx);
        }
    }

    output_end(&output);
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
