/*
 * Text for a terminal: its lines end between words, where the terminal would
 * break them inside one.
 */

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "diag.h"


#define WRAP_WIDTH   80               /* of a terminal that does not say it */
#define WRAP_INDENT  4                /* of what continues a line, more than
                                         that of the line */


unsigned
diag_width(int fd)
{
    struct winsize  size;

    if (!isatty(fd)) {
        return 0;
    }

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
                                                            : WRAP_WIDTH;
}


const char *
diag_s(size_t n)
{
    return n == 1 ? "" : "s";
}


/* Columns of a text; sequences of ECMA-48 colours take none. */

static size_t
wrap_columns(const char *text, size_t len)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++) {
        if (text[i] == '\033') {
            while (i < len && text[i] != 'm') {
                i++;
            }

        } else {
            n++;
        }
    }

    return n;
}


/* The next word of a line; what is to be typed is one, up to the end. */

static size_t
wrap_word(const char *text, size_t len)
{
    size_t         n;
    mta_sts_str_t  rest = { text, len };

    if (mta_sts_str_starts(rest, mta_sts_str("mta-sts "))
        || mta_sts_str_starts(rest, mta_sts_str("mta_sts_")))
    {
        return len;
    }

    for (n = 0; n < len && text[n] != ' '; n++) {
        /* void */
    }

    return n;
}


static void
wrap_line(FILE *out, const char *line, size_t len, unsigned width)
{
    size_t  i, n, spaces, indent, column;

    for (indent = 0; indent < len && line[indent] == ' '; indent++) {
        /* void */
    }

    column = 0;

    for (i = 0; i < len; i += n) {

        for (spaces = 0; i < len && line[i] == ' '; i++) {
            spaces++;
        }

        n = wrap_word(&line[i], len - i);

        if (column && column + spaces + wrap_columns(&line[i], n) > width) {
            (void) fputc('\n', out);
            column = 0;
            spaces = indent + WRAP_INDENT;
        }

        (void) fprintf(out, "%*s%.*s", (int) spaces, "", (int) n, &line[i]);
        column += spaces + wrap_columns(&line[i], n);
    }

    (void) fputc('\n', out);
}


FILE *
diag_wrap_open(diag_wrap_t *wrap, FILE *out, unsigned width)
{
    wrap->out = out;
    wrap->width = width;
    wrap->text = NULL;
    wrap->in = width ? open_memstream(&wrap->text, &wrap->len) : out;

    if (wrap->in == NULL) {
        diag_no_memory();
    }

    return wrap->in;
}


void
diag_wrap_close(diag_wrap_t *wrap)
{
    size_t       len;
    const char  *p;

    if (wrap->in == wrap->out) {
        return;
    }

    if (fclose(wrap->in) != 0) {
        diag_no_memory();
    }

    for (p = wrap->text; *p; p += len + (p[len] == '\n')) {
        len = strcspn(p, "\n");
        wrap_line(wrap->out, p, len, wrap->width);
    }

    free(wrap->text);
}
