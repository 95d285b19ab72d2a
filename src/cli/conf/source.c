/*
 * Files of a configuration.  nginx -T prints each as
 *
 *     # configuration file NAME:
 *     the file's text
 *
 * with a line end added, in the order in which they were first included.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "reader.h"


#define SOURCE_MARK  "# configuration file "


/* Reads fd up to its end into env's memory. */

static int
source_read_fd(const source_t *source, int fd, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_str_t *text, mta_sts_err_t *err)
{
    char     *buf, *p;
    size_t    len, size;
    ssize_t   n;

    len = 0;
    size = 64 * 1024;

    buf = malloc(size);
    if (buf == NULL) {
        return mta_sts_error_memory(err);
    }

    for ( ;; ) {

        if (len == size) {
            size *= 2;

            p = realloc(buf, size);
            if (p == NULL) {
                free(buf);
                return mta_sts_error_memory(err);
            }

            buf = p;
        }

        n = read(fd, buf + len, size - len);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1) {
            (void) mta_sts_error_errno(err, place, "read()", name);
            free(buf);
            return MTA_STS_ERROR;
        }

        if (n == 0) {
            break;
        }

        len += (size_t) n;
    }

    text->data = buf;
    text->len = len;

    *text = mta_sts_str_copy(source->env, *text);

    free(buf);

    return text->data ? MTA_STS_OK : mta_sts_error_memory(err);
}


/*
 * Looks a name up among the files that are there already: *text has data NULL
 * for one that is to be opened.
 */

static int
source_lookup(const source_t *source, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_str_t *text, mta_sts_err_t *err)
{
    size_t  i;

    text->data = NULL;
    text->len = 0;

    for (i = 0; i < source->n; i++) {
        if (mta_sts_str_eq(source->files[i].name, name)) {
            *text = source->files[i].text;
            return MTA_STS_OK;
        }
    }

    if (source->dump) {
        return mta_sts_error(err, place, "file \"%.*s\" is not in the output "
                             "of nginx -T", MTA_STS_SHOW(name));
    }

    return MTA_STS_OK;
}


int
source_read(const source_t *source, mta_sts_str_t name, mta_sts_place_t place,
    mta_sts_str_t *text, mta_sts_err_t *err)
{
    int  fd, rc;

    rc = source_lookup(source, name, place, text, err);

    if (rc != MTA_STS_OK || text->data) {
        return rc;
    }

    fd = open(name.data, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return mta_sts_error_errno(err, place, "open()", name);
    }

    rc = source_read_fd(source, fd, name, place, text, err);

    (void) close(fd);

    return rc;
}


int
source_open(const source_t *source, mta_sts_str_t name, mta_sts_place_t place,
    mta_sts_file_t *file, mta_sts_err_t *err)
{
    int            rc;
    mta_sts_str_t  text;

    rc = source_lookup(source, name, place, &text, err);

    if (rc != MTA_STS_OK) {
        return rc;
    }

    if (text.data) {
        file->name = name;
        file->text = text;
        file->mapped = 0;
        return MTA_STS_OK;
    }

    return mta_sts_file_read(file, name, place, err);
}


/*
 * Finds the next mark of nginx -T at or behind pos and the name in it; returns
 * 0 when there is none.
 */

static int
source_mark(mta_sts_str_t text, size_t pos, size_t *start, source_file_t *file)
{
    size_t          len;
    const char     *lf;
    mta_sts_str_t   line;

    while (pos < text.len) {
        lf = memchr(text.data + pos, '\n', text.len - pos);
        len = lf ? (size_t) (lf - text.data) - pos : text.len - pos;

        line.data = text.data + pos;
        line.len = len;

        if (mta_sts_str_starts(line, mta_sts_str(SOURCE_MARK))
            && mta_sts_str_ends(line, mta_sts_str(":")))
        {
            *start = pos;

            file->name = mta_sts_str_after(line, sizeof(SOURCE_MARK) - 1);
            file->name.len--;

            file->text = mta_sts_str_after(text, pos + len + (lf ? 1 : 0));

            return 1;
        }

        pos += len + 1;
    }

    return 0;
}


/* Takes off the line end that nginx -T has added to a file. */

static void
source_trim(mta_sts_str_t *text)
{
    if (mta_sts_str_ends(*text, mta_sts_str("\n"))) {
        text->len--;
    }
}


/* Takes the output of nginx -T apart; of another text nothing is taken. */

static int
source_split(source_t *source, mta_sts_str_t text, mta_sts_err_t *err)
{
    size_t          start, size;
    mta_sts_str_t  *prev;
    source_file_t   file, *files;

    start = 0;
    size = 0;
    files = NULL;

    while (source_mark(text, start, &start, &file)) {

        if (source->n) {
            prev = &files[source->n - 1].text;
            prev->len = (size_t) (text.data + start - prev->data);
            source_trim(prev);
        }

        files = mta_sts_env_grow(source->env, files, source->n, &size,
                                 sizeof(source_file_t));
        if (files == NULL) {
            return mta_sts_error_memory(err);
        }

        files[source->n++] = file;
        start = (size_t) (file.text.data - text.data);
    }

    if (source->n) {
        source_trim(&files[source->n - 1].text);
        source->files = files;
        source->dump = 1;
    }

    return MTA_STS_OK;
}


int
source_init_stdin(source_t *source, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    source_file_t    *file;

    memset(source, 0, sizeof(source_t));

    source->env = env;

    file = env->alloc(env->ctx, sizeof(source_file_t));
    if (file == NULL) {
        return mta_sts_error_memory(err);
    }

    file->name = mta_sts_str("stdin");

    if (source_read_fd(source, STDIN_FILENO, mta_sts_str("-"), MTA_STS_NOWHERE,
                       &file->text, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (file->text.len == 0) {

        /* what is left of an nginx -T that has failed */

        return mta_sts_error(err, MTA_STS_NOWHERE, "standard input is empty");
    }

    source->main = file->name;
    source->files = file;
    source->n = 1;

    return MTA_STS_OK;
}


/* The same, taken apart if it is the output of nginx -T. */

static int
source_init_dump(source_t *source, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    source_file_t  whole;

    if (source_init_stdin(source, env, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    whole = source->files[0];
    source->n = 0;

    if (source_split(source, whole.text, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    if (source->n == 0) {
        source->n = 1;
    }

    source->main = source->files[0].name;

    return MTA_STS_OK;
}


int
source_init(source_t *source, mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    size_t  i;

    if (mta_sts_str_eq(name, mta_sts_str("-"))) {

        if (source_init_dump(source, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

    } else {
        memset(source, 0, sizeof(source_t));

        source->env = env;
        source->main = name;
    }

    source->prefix = source->main;

    for (i = source->main.len; i > 0 && source->main.data[i - 1] != '/'; i--) {
        /* void */
    }

    source->prefix.len = i;

    return MTA_STS_OK;
}
