/*
 * Replacing a table: aside, fsync(), rename(), fsync() of its folder.  Whatever
 * ends the process, a complete table is there, the old or the new one.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "table.h"


/* A temporary file is "NAME.mta-sts-new-" and letters of mkstemp(). */

#define WRITE_TEMPORARY  ".mta-sts-new-"
#define WRITE_LETTERS    6


/* A number that grows with each table, also if the clock goes back. */

static uint64_t
write_serial(mta_sts_str_t name)
{
    uint64_t         serial;
    mta_sts_err_t    ignored;
    struct timespec  now;
    mta_sts_image_t  image;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    serial = (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;

    if (mta_sts_image_open_changes(&image, name, MTA_STS_IMAGE_HEADER,
                                   MTA_STS_NOWHERE, &ignored)
        == MTA_STS_OK)
    {
        serial = serial > image.serial ? serial : image.serial + 1;
        mta_sts_image_close(&image);
    }

    return serial;
}


mta_sts_str_t
table_folder(mta_sts_str_t name, mta_sts_str_t *base, const mta_sts_env_t *env)
{
    size_t         len;
    mta_sts_str_t  folder;

    for (len = name.len; len > 0 && name.data[len - 1] != '/'; len--) {
        /* void */
    }

    *base = mta_sts_str_after(name, len);

    folder = name;
    folder.len = len;

    return mta_sts_str_copy(env, len ? folder : mta_sts_str("."));
}


/* Writes to the temporary file. */

static int
write_table(int fd, const char *path, const mta_sts_domains_t *domains,
    uint64_t serial, uint64_t base, mta_sts_err_t *err)
{
    mode_t  mask;

    mask = umask(0);
    (void) umask(mask);

    (void) fchmod(fd, 0666 & ~mask);

    if (mta_sts_image_write(fd, mta_sts_str_from(path), domains, serial, base,
                            err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (fsync(fd) == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "fsync()",
                                   mta_sts_str_from(path));
    }

    return MTA_STS_OK;
}


/* Writes a temporary file in an open folder, and renames it. */

static int
write_file(int folder, const char *path, const mta_sts_domains_t *domains,
    mta_sts_str_t name, uint64_t base, uint64_t serial, mta_sts_err_t *err)
{
    int  fd, rc;

    fd = mkstemp((char *) (uintptr_t) path);

    if (fd == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                   mta_sts_str_from(path));
    }

    rc = write_table(fd, path, domains, serial, base, err);

    (void) close(fd);

    if (rc == MTA_STS_OK && rename(path, name.data) == -1) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "rename()", name);
    }

    if (rc != MTA_STS_OK) {
        (void) unlink(path);
        return MTA_STS_ERROR;
    }

    /* it is the new table already */

    if (fsync(folder) == -1) {
        say("warning: \"%s\" is written, but may be lost if the system "
            "crashes: fsync() of its folder failed (%d: %s)", name.data, errno,
            strerror(errno));
    }

    return MTA_STS_OK;
}


int
table_may_replace(mta_sts_str_t name, mta_sts_err_t *err)
{
    struct stat  st;

    if (stat(name.data, &st) == -1) {
        return errno == ENOENT ? MTA_STS_OK
               : mta_sts_error_errno(err, MTA_STS_NOWHERE, "stat()", name);
    }

    if (!S_ISREG(st.st_mode)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" is not a regular "
                             "file, so it is not replaced", MTA_STS_SHOW(name));
    }

    if (access(name.data, R_OK) == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()", name);
    }

    if (st.st_size > 0 && !mta_sts_image_is(name)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" is not a table, "
                             "and is not replaced", MTA_STS_SHOW(name));
    }

    return mta_sts_image_is_whole(name, MTA_STS_NOWHERE, err);
}


int
table_write(const mta_sts_domains_t *domains, mta_sts_str_t name,
    uint64_t base, uint64_t *serial, mta_sts_err_t *err)
{
    int              fd, rc;
    mta_sts_str_t    folder, file;
    mta_sts_arena_t  arena = { NULL, 0 };
    mta_sts_env_t    env = { diag_alloc, say_warning, &arena, NULL };
    mta_sts_buf_t    temp = { &env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&temp, name);
    mta_sts_buf_add(&temp, mta_sts_str(WRITE_TEMPORARY "XXXXXX\0"));

    /* what is renamed is to survive a crash, so this must be possible */

    folder = table_folder(name, &file, &env);

    fd = open(folder.data, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()", folder);

    } else {
        *serial = write_serial(name);
        rc = write_file(fd, temp.data, domains, name, base, *serial, err);

        (void) close(fd);
    }

    mta_sts_arena_free(&arena);

    return rc;
}


void
table_clean(mta_sts_str_t name)
{
    DIR              *dir;
    mta_sts_str_t     base, file, folder;
    struct dirent    *entry;
    mta_sts_arena_t   arena = { NULL, 0 };
    mta_sts_env_t     env = { diag_alloc, say_warning, &arena, NULL };
    mta_sts_buf_t     prefix = { &env, NULL, 0, 0, 0 };

    folder = table_folder(name, &base, &env);

    mta_sts_buf_add(&prefix, base);
    mta_sts_buf_add_cstr(&prefix, WRITE_TEMPORARY);

    dir = opendir(folder.data);

    while (dir && (entry = readdir(dir)) != NULL) {
        file = mta_sts_str_from(entry->d_name);

        if (file.len == prefix.len + WRITE_LETTERS
            && mta_sts_str_starts(file, mta_sts_buf_str(&prefix)))
        {
            (void) unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }

    if (dir) {
        (void) closedir(dir);
    }

    mta_sts_arena_free(&arena);
}


mta_sts_str_t
table_changes_name(mta_sts_str_t name, const mta_sts_env_t *env)
{
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&buf, name);
    mta_sts_buf_add_cstr(&buf, MTA_STS_IMAGE_CHANGES);

    return mta_sts_str_copy(env, mta_sts_buf_str(&buf));
}
