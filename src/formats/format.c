/*
 * The table of formats, and a file of one domain.
 */

#include "domains/yaml.h"
#include "formats.h"


const mta_sts_format_t *const  mta_sts_formats[] = {
    &mta_sts_format_zone,
    &mta_sts_format_nsupdate,
    &mta_sts_format_powerdns,
    &mta_sts_format_octodns,
    &mta_sts_format_dnscontrol,
    &mta_sts_format_external_dns,
    &mta_sts_format_terraform,
    &mta_sts_format_json,
    &mta_sts_format_text,
    NULL
};


const mta_sts_format_t *
mta_sts_format_find(mta_sts_str_t name)
{
    size_t  i;

    for (i = 0; mta_sts_formats[i]; i++) {
        if (mta_sts_str_eq(name, mta_sts_str_from(mta_sts_formats[i]->name))) {
            break;
        }
    }

    return mta_sts_formats[i];
}


int
mta_sts_format_write(const mta_sts_format_t *format,
    const mta_sts_format_settings_t *settings, const mta_sts_batch_t *batch,
    const mta_sts_env_t *env, mta_sts_str_t *text, mta_sts_err_t *err)
{
    mta_sts_printer_t  printer;

    memset(&printer, 0, sizeof(mta_sts_printer_t));

    printer.settings = settings;
    printer.text.env = env;
    printer.env = env;
    printer.zone_env = env;

    if (format->begin) {
        format->begin(&printer);
    }

    if (format->open) {
        format->open(&printer, batch->zone);
    }

    format->batch(&printer, batch);
    printer.total++;

    if (format->close) {
        format->close(&printer);
    }

    if (format->end) {
        format->end(&printer);
    }

    if (printer.text.failed) {
        return mta_sts_error_memory(err);
    }

    *text = mta_sts_buf_str(&printer.text);

    return MTA_STS_OK;
}


static int
format_emit(void *ctx, mta_sts_str_t data)
{
    mta_sts_printer_t *printer = ctx;

    mta_sts_buf_add(&printer->text, data);

    if (printer->flush) {
        printer->flush(printer);
    }

    return !printer->text.failed;
}


mta_sts_emitter_t *
mta_sts_printer_emitter(mta_sts_printer_t *printer)
{
    mta_sts_emitter_t  *emitter;

    emitter = mta_sts_emitter_begin(format_emit, printer);

    printer->text.failed |= emitter == NULL;

    return emitter;
}


void
mta_sts_printer_emitter_end(mta_sts_printer_t *printer,
    mta_sts_emitter_t *emitter)
{
    printer->text.failed |= mta_sts_emitter_end(emitter) != MTA_STS_OK;
}
