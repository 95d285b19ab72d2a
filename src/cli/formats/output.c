/*
 * Prints a plan, to standard output or to files.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

        if (!(format->flags & MTA_STS_FORMAT_ZONE)) {
            mta_sts_arena_reset(printer->env->ctx);
        }
    }

    if (open) {
        printer_call(printer, format->close);
    }

    mta_sts_arena_reset(printer->env->ctx);
}


/* Prints parts to out, which may have a write error afterwards. */

static void
output_print(const plan_t *plan, size_t begin, size_t end,
    const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, FILE *out)
{
    size_t           next;
    mta_sts_printer_t        printer;
    mta_sts_arena_t  arena = { NULL, 0 }, text = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena };
    mta_sts_env_t    text_env = { diag_alloc, NULL, &text };

    memset(&printer, 0, sizeof(mta_sts_printer_t));

    printer.settings = settings;
    printer.flush = printer_flush;
    printer.ctx = out;
    printer.env = &env;
    printer.text.env = &text_env;

    printer_call(&printer, format->begin);

    for ( /* void */ ; begin < end && !ferror(out); begin = next) {
        next = plan_zone_end(plan, begin);
        output_zone(&printer, plan, begin, next, format);
    }

    printer_call(&printer, format->end);

    mta_sts_arena_free(&arena);
    mta_sts_arena_free(&text);
}


static mta_sts_str_t
output_path(const char *folder, mta_sts_str_t name, const char *suffix,
    const mta_sts_env_t *env)
{
    mta_sts_buf_t  path = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&path, folder);
    mta_sts_buf_add_char(&path, '/');
    mta_sts_buf_add(&path, name);
    mta_sts_buf_add_cstr(&path, suffix);

    return mta_sts_str_copy(env, mta_sts_buf_str(&path));
}


/* A new file of the name, whose "XXXXXX" are replaced; NULL with errno. */

static FILE *
output_create(char *name)
{
    int     fd;
    mode_t  mask;

    fd = mkstemp(name);
    if (fd == -1) {
        return NULL;
    }

    mask = umask(0);
    (void) umask(mask);

    (void) fchmod(fd, 0666 & ~mask);

    return fdopen(fd, "w");
}


/* Prints a zone to its file. */

static int
output_file(const plan_t *plan, size_t begin, size_t end,
    const mta_sts_format_t *format, const mta_sts_format_settings_t *settings,
    const char *folder, mta_sts_err_t *err)
{
    int              rc, failed;
    FILE            *out;
    mta_sts_str_t    path, temp;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena };

    path = output_path(folder, *plan->parts[begin].zone, format->suffix, &env);
    temp = output_path(folder, mta_sts_str(".mta-sts.XXXXXX"), "", &env);

    rc = MTA_STS_OK;

    out = output_create((char *) temp.data);
    if (out == NULL) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()", temp);
        goto done;
    }

    output_print(plan, begin, end, format, settings, out);

    failed = fflush(out) != 0 || ferror(out);

    if (fclose(out) != 0 || failed) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "write()", path);

    } else if (rename(temp.data, path.data) != 0) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "rename()", path);
    }

    if (rc != MTA_STS_OK) {
        (void) unlink(temp.data);
    }

done:

    mta_sts_arena_free(&arena);

    return rc;
}


int
output_plan(const plan_t *plan, const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, const char *folder,
    mta_sts_err_t *err)
{
    size_t  begin, end;

    if (folder == NULL) {

        if ((format->flags & MTA_STS_FORMAT_ZONE) && plan_zone_end(plan, 0) < plan->n)
        {
            return mta_sts_error(err, MTA_STS_NOWHERE, "format \"%s\" has a "
                                 "file for each zone and there are several, "
                                 "use \"-o\"", format->name);
        }

        output_print(plan, 0, plan->n, format, settings, stdout);

        return MTA_STS_OK;
    }

    for (begin = 0; begin < plan->n; begin = end) {
        end = plan_zone_end(plan, begin);

        if (output_file(plan, begin, end, format, settings, folder, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return MTA_STS_OK;
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
