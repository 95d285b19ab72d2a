/*
 * The table of formats; the first one is the default.
 */

#include "formats.h"


static const format_t  *formats[] = {
    &format_zone,
    &format_nsupdate,
    &format_powerdns,
    &format_octodns,
    &format_dnscontrol,
    &format_external_dns,
    &format_terraform,
    &format_json,
    &format_text,
    NULL
};


const format_t *
format_find(const char *name)
{
    const format_t  **format;

    for (format = formats; *format; format++) {
        if (strcmp((*format)->name, name) == 0) {
            break;
        }
    }

    return *format;
}


void
format_usage(FILE *out)
{
    const format_t  **format;

    for (format = formats; *format; format++) {
        (void) fprintf(out, "    %-12s  %s\n", (*format)->name,
                       (*format)->description);
    }
}
