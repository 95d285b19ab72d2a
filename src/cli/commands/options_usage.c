/*
 * What --help prints of a command.
 */

#include <stdio.h>

#include "command.h"
#include "options.h"


/* "-c FILE" or "--zone APEX", and the lines of its help in a column. */

static void
options_usage_one(FILE *out, const option_t *option)
{
    int          len;
    char         text[64];
    const char  *line;

    (void) snprintf(text, sizeof(text), option->ch ? "-%.1s %s" : "--%s %s",
                    option->ch ? (char[]) { (char) option->ch, '\0' }
                               : option->name,
                    option->argument ? option->argument : "");

    for (line = option->help; *line; line += len + (line[len] == '\n')) {
        len = (int) strcspn(line, "\n");
        (void) fprintf(out, "    %-*s  %.*s\n", 22, text, len,
                       line);
        text[0] = '\0';
    }
}


void
options_usage(FILE *out, unsigned allowed)
{
    size_t           i;
    const option_t  *option;

    (void) fprintf(out, "\noptions:\n");

    for (i = 0; i < options_n; i++) {
        option = &options_table[i];

        if (option->group == 0 || (option->group & allowed)) {
            options_usage_one(out, option);
        }
    }
}


void
command_usage(FILE *out, const command_t *command)
{
    (void) fprintf(out, "usage: mta-sts %s [options] %s\n\n    %s\n",
                   command->name, command->arguments, command->description);

    options_usage(out, command->options);

    if (command->formats) {
        (void) fprintf(out, "\nformats:\n");
        command->formats(out);
    }
}
