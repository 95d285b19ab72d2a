/*
 * Files of a configuration, from the file system or from the output of
 * nginx -T, which prints each file as
 *
 *     # configuration file NAME:
 *     the file's text
 *
 * with a line end added, in the order in which the files were first included.
 */

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "nginx_conf.h"


#define SOURCE_MARK  "# configuration file "


/* Reads fd up to its end, to env's memory. */

static int
source_read_fd(const source_t *source, int fd, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_str_t *text, mta_sts_err_t *err)
{
    char     *buf;
    size_t    len, size;
    ssize_t   n;

    len = 0;
    size = 64 * 1024;
    buf = diag_malloc(size);

    do {
        if (len == size) {
            size *= 2;
            buf = diag_realloc(buf, size);
        }

        n = read(fd, buf + len, size - len);

        if (n > 0) {
            len += (size_t) n;
        }

    } while (n > 0 || (n == -1 && errno == EINTR));

    text->data = buf;
    text->len = len;

    if (n != -1) {
        *text = mta_sts_str_copy(source->env, *text);

    } else {
        (void) mta_sts_error_errno(err, place, "read()", name);
    }

    free(buf);

    return n != -1 ? MTA_STS_OK : MTA_STS_ERROR;
}


/* The file of a name in standard input, or NULL; it is used from now on. */

static source_file_t *
source_find(const source_t *source, mta_sts_str_t name)
{
    size_t  i;

    for (i = 0; i < source->n; i++) {
        if (mta_sts_str_eq(source->files[i].name, name)) {
            source->files[i].used = 1;
            return &source->files[i];
        }
    }

    return NULL;
}


/* The same; *text has data NULL for a file that is to be opened. */

static int
source_lookup(const source_t *source, mta_sts_str_t name,
    mta_sts_place_t place, mta_sts_str_t *text, mta_sts_err_t *err)
{
    const source_file_t  *file;

    file = source_find(source, name);

    if (file == NULL && source->dump) {
        return mta_sts_error(err, place, "file \"%.*s\" is not in the output "
                             "of nginx -T", MTA_STS_SHOW(name));
    }

    text->data = file ? file->text.data : NULL;
    text->len = file ? file->text.len : 0;

    return MTA_STS_OK;
}


int
source_has(const source_t *source, mta_sts_str_t name)
{
    return source_find(source, name) != NULL;
}


void
source_use(const source_t *source, mta_sts_str_t name)
{
    (void) source_find(source, name);
}


int
source_end(const source_t *source, mta_sts_err_t *err)
{
    size_t                i;
    mta_sts_place_t       place;
    const source_file_t  *file;

    for (i = 0; i < source->n && source->dump; i++) {
        file = &source->files[i];

        if (!file->used) {
            place = (mta_sts_place_t) { mta_sts_str("stdin"), file->line, 1 };

            return mta_sts_error(err, place, "nothing includes \"%.*s\", so "
                                 "this is no mark of nginx -T",
                                 MTA_STS_SHOW(file->name));
        }
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
    file->name = name;
    file->mapped = 0;

    if (source_lookup(source, name, place, &file->text, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    return file->text.data ? MTA_STS_OK
                           : mta_sts_file_read(file, name, place, err);
}


mta_sts_str_t
source_full_name(const source_t *source, mta_sts_str_t name)
{
    mta_sts_buf_t  full = { source->env, NULL, 0, 0, 0 };

    if (!mta_sts_str_starts(name, mta_sts_str("/"))) {
        mta_sts_buf_add(&full, source->prefix);
    }

    mta_sts_buf_add(&full, name);

    return mta_sts_str_copy(source->env, mta_sts_buf_str(&full));
}


static int
source_name_cmp(const void *a, const void *b)
{
    return mta_sts_str_cmp(*(const mta_sts_str_t *) a,
                           *(const mta_sts_str_t *) b);
}


/* The files of nginx -T that match the pattern. */

static void
source_match(const source_t *source, const char *pattern,
    mta_sts_str_t *names, size_t *n)
{
    size_t         i;
    mta_sts_str_t  name;

    *n = 0;

    for (i = 0; i < source->n; i++) {
        name = mta_sts_str_copy(source->env, source->files[i].name);

        if (fnmatch(pattern, name.data, FNM_PATHNAME|FNM_PERIOD) == 0) {
            names[(*n)++] = name;
        }
    }

    qsort(names, *n, sizeof(mta_sts_str_t), source_name_cmp);
}


int
source_names(const source_t *source, const mta_sts_value_t *include,
    int wildcards, mta_sts_str_t **names, size_t *n, mta_sts_err_t *err)
{
    mta_sts_str_t  full;

    full = source_full_name(source, include->text);
    wildcards = wildcards && strpbrk(full.data, "*?[") != NULL;

    if (wildcards && !source->dump) {
        return mta_sts_glob(full.data, include->place, source->env, names, n,
                            err);
    }

    *names = source->env->alloc(source->env->ctx,
                                (source->n + 1) * sizeof(mta_sts_str_t));
    (*names)[0] = full;
    *n = 1;

    if (wildcards) {
        source_match(source, full.data, *names, n);
    }

    return MTA_STS_OK;
}


/*
 * Finds the next line at or after pos that begins as a mark of nginx -T, and
 * the name in it; returns 0 if there is none.
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
        file->line++;
    }

    return 0;
}


/* Is it a mark, and the first one of its name? */

static int
source_check_mark(const source_file_t *files, size_t n,
    const source_file_t *file, mta_sts_err_t *err)
{
    size_t           i;
    mta_sts_place_t  place = { mta_sts_str("stdin"), file->line, 1 };

    if (!mta_sts_str_starts(file->name, mta_sts_str("/"))) {
        return mta_sts_error(err, place, "\"%.*s\" is not absolute, so this is "
                             "no mark of nginx -T", MTA_STS_SHOW(file->name));
    }

    for (i = 0; i < n; i++) {
        if (mta_sts_str_eq(files[i].name, file->name)) {
            return mta_sts_error(err, place, "\"%.*s\" came before in line %u, "
                                 "so this is no mark of nginx -T",
                                 MTA_STS_SHOW(file->name), files[i].line);
        }
    }

    return MTA_STS_OK;
}


/* Removes the line end that nginx -T has added to a file. */

static void
source_trim(mta_sts_str_t *text)
{
    if (mta_sts_str_ends(*text, mta_sts_str("\n"))) {
        text->len--;
    }
}


/* Splits the output of nginx -T; in any other text there is no mark. */

static int
source_split(source_t *source, mta_sts_str_t text, mta_sts_err_t *err)
{
    size_t          start, size, n;
    mta_sts_str_t  *prev;
    source_file_t   file, *files;

    start = 0;
    size = 0;
    n = 0;
    files = NULL;

    memset(&file, 0, sizeof(source_file_t));
    file.line = 1;

    while (source_mark(text, start, &start, &file)) {

        if (source_check_mark(files, n, &file, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (n) {
            prev = &files[n - 1].text;
            prev->len = (size_t) (text.data + start - prev->data);
            source_trim(prev);
        }

        files = mta_sts_env_grow(source->env, files, n, &size,
                                 sizeof(source_file_t));
        files[n++] = file;
        start = (size_t) (file.text.data - text.data);
        file.line++;
    }

    if (n) {
        source_trim(&files[n - 1].text);
        source->files = files;
        source->n = n;
        source->dump = 1;
    }

    return MTA_STS_OK;
}


int
source_init_stdin(source_t *source, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    source_file_t  *file;

    memset(source, 0, sizeof(source_t));

    file = env->alloc(env->ctx, sizeof(source_file_t));
    memset(file, 0, sizeof(source_file_t));

    file->name = mta_sts_str("stdin");

    source->env = env;
    source->main = file->name;
    source->files = file;
    source->n = 1;

    if (source_read_fd(source, STDIN_FILENO, mta_sts_str("-"), MTA_STS_NOWHERE,
                       &file->text, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    /* an nginx -T that failed has printed nothing */

    return file->text.len
           ? MTA_STS_OK
           : mta_sts_error(err, MTA_STS_NOWHERE, "standard input is empty");
}


int
source_init(source_t *source, mta_sts_str_t name, mta_sts_str_t prefix,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t  i;

    if (mta_sts_str_eq(name, mta_sts_str("-"))) {

        if (source_init_stdin(source, env, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (source_split(source, source->files[0].text, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        source->main = source->files[0].name;

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

    /* nginx does not look for the "/" at the beginning */

    if (i == 1 && prefix.len) {
        source->prefix = prefix;
    }

    return MTA_STS_OK;
}
