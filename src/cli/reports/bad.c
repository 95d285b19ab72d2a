/*
 * What could not be read is kept for a person, in the directory bad/, with the
 * reason.  Anybody may send bad reports: the oldest ones make room.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "reports.h"


#define BAD_MAX  200                  /* files, reasons included */


mta_sts_str_t
reports_path(const mta_sts_env_t *env, const char *dir, const char *name,
    const char *suffix)
{
    mta_sts_buf_t  path = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add_cstr(&path, dir);
    mta_sts_buf_add_char(&path, '/');
    mta_sts_buf_add_cstr(&path, name);
    mta_sts_buf_add_cstr(&path, suffix);

    return mta_sts_str_copy(env, mta_sts_buf_str(&path));
}


static int
bad_error(mta_sts_err_t *err, const char *call, mta_sts_str_t path)
{
    return mta_sts_error_errno(err, MTA_STS_NOWHERE, call, path);
}


/* Counts the files; oldest is of those that reports_bad() names, or empty. */

static int
bad_count(mta_sts_str_t bad, size_t *n, char oldest[NAME_MAX + 1],
    mta_sts_err_t *err)
{
    DIR            *d;
    struct dirent  *entry;

    d = opendir(bad.data);

    if (d == NULL) {
        return bad_error(err, "opendir()", bad);
    }

    oldest[0] = '\0';
    *n = 0;

    while ((entry = readdir(d)) != NULL) {
        *n += entry->d_name[0] != '.';

        /* a name begins with the time */

        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9'
            && (oldest[0] == '\0' || strcmp(entry->d_name, oldest) < 0))
        {
            (void) snprintf(oldest, NAME_MAX + 1, "%s", entry->d_name);
        }
    }

    (void) closedir(d);

    return MTA_STS_OK;
}


/* Makes room for a file and its reason. */

static int
bad_room(const mta_sts_env_t *env, mta_sts_str_t bad, mta_sts_err_t *err)
{
    char           oldest[NAME_MAX + 1];
    size_t         n;
    mta_sts_str_t  path;

    n = 0;

    for ( ;; ) {
        if (bad_count(bad, &n, oldest, err) != MTA_STS_OK) {
            return MTA_STS_ERROR;
        }

        if (n + 2 <= BAD_MAX) {
            return MTA_STS_OK;
        }

        if (oldest[0] == '\0') {
            return mta_sts_error(err, MTA_STS_NOWHERE, "\"%s\" has %zu other "
                                 "files, must be at most %d", bad.data, n,
                                 BAD_MAX);
        }

        path = reports_path(env, bad.data, oldest, "");

        if (unlink(path.data) == -1 && errno != ENOENT) {
            return bad_error(err, "unlink()", path);
        }

        (void) unlink(reports_path(env, bad.data, oldest, ".reason").data);

        say("\"%s\" is removed, since %d files are kept there", path.data,
            BAD_MAX);
    }
}


static int
bad_write(mta_sts_str_t path, mta_sts_str_t data, mta_sts_err_t *err)
{
    int    ok;
    FILE  *out;

    out = fopen(path.data, "w");

    if (out == NULL) {
        return bad_error(err, "open()", path);
    }

    ok = fwrite(data.data, 1, data.len, out) == data.len;
    ok &= fclose(out) == 0;

    return ok ? MTA_STS_OK : bad_error(err, "write()", path);
}


int
reports_bad(const mta_sts_env_t *env, const char *dir, const char *name,
    const char *from, mta_sts_str_t data, const char *reason,
    mta_sts_err_t *err)
{
    mta_sts_str_t  bad, path;
    mta_sts_buf_t  text = { env, NULL, 0, 0, 0 };

    bad = reports_path(env, dir, "bad", "");

    if (mkdir(bad.data, 0750) == -1 && errno != EEXIST) {
        return bad_error(err, "mkdir()", bad);
    }

    if (bad_room(env, bad, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    path = reports_path(env, bad.data, name, "");

    if (from && rename(from, path.data) == -1) {
        return bad_error(err, "rename()", mta_sts_str_from(from));
    }

    if (data.len && bad_write(path, data, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    mta_sts_buf_add_cstr(&text, reason);
    mta_sts_buf_add_char(&text, '\n');

    return bad_write(reports_path(env, bad.data, name, ".reason"),
                     mta_sts_buf_str(&text), err);
}
