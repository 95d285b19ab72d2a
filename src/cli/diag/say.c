/*
 * Messages to people, on standard error.
 */

#include <stdarg.h>
#include <stdio.h>

#include "diag.h"


static void
say_place(const mta_sts_place_t *place)
{
    (void) fprintf(stderr, "mta-sts: ");

    if (place->file.len) {
        (void) fprintf(stderr, "%.*s:", (int) place->file.len,
                       place->file.data);

        if (place->line) {
            (void) fprintf(stderr, "%u:", place->line);
        }

        if (place->column) {
            (void) fprintf(stderr, "%u:", place->column);
        }

        (void) fputc(' ', stderr);
    }
}


void
say_error(const mta_sts_err_t *err)
{
    if (err->memory) {
        diag_no_memory();
    }

    say_place(&err->place);
    (void) fprintf(stderr, "%s\n", err->text);
}


void
say_warning(void *ctx, const mta_sts_err_t *warning)
{
    (void) ctx;

    say_place(&warning->place);
    (void) fprintf(stderr, "warning: %s\n", warning->text);
}


void
say(const char *fmt, ...)
{
    va_list  args;

    (void) fprintf(stderr, "mta-sts: ");

    va_start(args, fmt);
    (void) vfprintf(stderr, fmt, args);
    va_end(args);

    (void) fputc('\n', stderr);
}
