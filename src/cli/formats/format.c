/*
 * The table of formats.
 */

#include "format.h"


static const format_t  formats[] = {
    { "zone", "lines of a zone file (RFC 1035), absolute names", format_zone },
    { "text", "Type / Host / Value, as DNS panels ask for them", format_text }
};

#define FORMATS  (sizeof(formats) / sizeof(formats[0]))


const format_t *
format_find(const char *name)
{
    size_t  i;

    for (i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }

    return NULL;
}


void
format_usage(FILE *out)
{
    size_t  i;

    for (i = 0; i < FORMATS; i++) {
        (void) fprintf(out, "    %-11s %s\n", formats[i].name,
                       formats[i].description);
    }
}
