/*
 * Where records are written to.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "formats.h"


/* The item behind those of the same zone as that at begin. */

static size_t
output_zone_end(const plan_t *plan, size_t begin)
{
    size_t  end;

    for (end = begin; end < plan->n; end++) {
        if (!mta_sts_str_eq(plan->items[end].zone, plan->items[begin].zone)) {
            break;
        }
    }

    return end;
}


/* Prints items to out, which may have a write error afterwards. */

static int
output_items(const plan_t *plan, size_t begin, size_t end,
    const format_t *format, FILE *out, const options_t *options,
    mta_sts_err_t *err)
{
    int       rc;
    stream_t  stream;

    stream_init(&stream, plan, begin, end, out, options);

    format->print(&stream);

    rc = MTA_STS_OK;

    if (stream.failed) {
        *err = stream.err;
        rc = MTA_STS_ERROR;
    }

    stream_free(&stream);

    return rc;
}


static int
output_print(const plan_t *plan, const format_t *format,
    const options_t *options, mta_sts_err_t *err)
{
    if ((format->flags & FORMAT_ZONE) && output_zone_end(plan, 0) < plan->n) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "format \"%s\" has a file "
                             "for each zone and there are several, use "
                             "\"-o\"", format->name);
    }

    return output_items(plan, 0, plan->n, format, stdout, options, err);
}


static mta_sts_str_t
output_path(const char *folder, const char *name, size_t len,
    const char *suffix, const mta_sts_env_t *env)
{
    mta_sts_str_t   part, none = { NULL, 0 };
    mta_sts_buf_t  path = { env, NULL, 0, 0, 0 };

    part.data = name;
    part.len = len;

    mta_sts_buf_add_cstr(&path, folder);
    mta_sts_buf_add_cstr(&path, "/");
    mta_sts_buf_add(&path, part);
    mta_sts_buf_add_cstr(&path, suffix);

    return path.failed ? none : mta_sts_str_copy(env, mta_sts_buf_str(&path));
}


/* A new file of the name, whose "XXXXXX" are replaced; NULL with errno. */

static FILE *
output_open(char *name)
{
    int     fd, saved;
    FILE   *out;
    mode_t  mask;

    fd = mkstemp(name);
    if (fd == -1) {
        return NULL;
    }

    mask = umask(0);
    (void) umask(mask);

    out = NULL;

    if (fchmod(fd, 0666 & ~mask) == 0) {
        out = fdopen(fd, "w");
    }

    if (out == NULL) {
        saved = errno;
        (void) close(fd);
        (void) unlink(name);
        errno = saved;
    }

    return out;
}


/* Closes out; returns MTA_STS_ERROR and errno when not all was written. */

static int
output_close(FILE *out)
{
    int  failed;

    failed = fflush(out) != 0 || ferror(out);

    return fclose(out) == 0 && !failed ? MTA_STS_OK : MTA_STS_ERROR;
}


static int
output_file(const plan_t *plan, size_t begin, size_t end,
    const format_t *format, const options_t *options, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int             rc;
    FILE           *out;
    mta_sts_str_t   zone, path, temp;

    zone = plan->items[begin].zone;

    path = output_path(options->output, zone.data, zone.len, format->suffix,
                       env);
    temp = output_path(options->output, "", 0, ".mta-sts.XXXXXX", env);

    if (path.data == NULL || temp.data == NULL) {
        return mta_sts_error_memory(err);
    }

    out = output_open((char *) temp.data);
    if (out == NULL) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()", temp);
    }

    rc = output_items(plan, begin, end, format, out, options, err);

    if (output_close(out) != MTA_STS_OK && rc == MTA_STS_OK) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "write()", path);
    }

    if (rc == MTA_STS_OK && rename(temp.data, path.data) != 0) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "rename()", path);
    }

    if (rc != MTA_STS_OK) {
        (void) unlink(temp.data);
    }

    return rc;
}


static int
output_files(const plan_t *plan, const format_t *format,
    const options_t *options, mta_sts_err_t *err)
{
    int              rc;
    size_t           begin, end;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, NULL, &arena };

    rc = MTA_STS_OK;

    for (begin = 0; begin < plan->n && rc == MTA_STS_OK; begin = end) {
        end = output_zone_end(plan, begin);

        rc = output_file(plan, begin, end, format, options, &env, err);

        mta_sts_arena_reset(&arena);
    }

    mta_sts_arena_free(&arena);

    return rc;
}


int
output_records(const mta_sts_entry_t *entries, size_t n, const zones_t *zones,
    const mta_sts_record_wanted_t *wanted, const changed_t *changed,
    const format_t *format, const options_t *options, mta_sts_err_t *err)
{
    int     rc;
    plan_t  plan;

    memset(&plan, 0, sizeof(plan_t));

    plan.changed = changed;

    rc = plan_build(&plan, entries, n, zones, wanted,
                    format->flags & FORMAT_DOMAIN, err);

    if (rc == MTA_STS_OK) {
        rc = options->output ? output_files(&plan, format, options, err)
                             : output_print(&plan, format, options, err);
    }

    plan_free(&plan);

    return rc;
}
