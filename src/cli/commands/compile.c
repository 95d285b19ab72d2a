/*
 * mta-sts compile: domains files into a table that nginx maps.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "command.h"
#include "domains/domains.h"
#include "serve/image.h"


/* Reads the files that a name or a pattern means, after n others. */

static int
compile_read(mta_sts_str_t pattern, mta_sts_file_t **files, size_t *n,
    size_t *size, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t          i, matches;
    mta_sts_str_t  *names;

    names = &pattern;
    matches = 1;

    if (strpbrk(pattern.data, "*?[")
        && mta_sts_glob(pattern.data, MTA_STS_NOWHERE, env, &names, &matches,
                        err)
           != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (matches == 0) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "no file matches \"%.*s\"",
                             MTA_STS_SHOW(pattern));
    }

    for (i = 0; i < matches; i++) {
        *files = mta_sts_env_grow(env, *files, *n, size,
                                  sizeof(mta_sts_file_t));

        if (mta_sts_file_read(&(*files)[*n], names[i], MTA_STS_NOWHERE, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }

        (*n)++;
    }

    return MTA_STS_OK;
}


static int
compile_domains(const options_t *options, mta_sts_domains_t *domains,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t           i, n, size;
    mta_sts_file_t  *files;

    n = 0;
    size = 0;
    files = NULL;

    if (compile_read(mta_sts_str_from(options->domains), &files, &n, &size,
                     env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < options->args.n; i++) {
        if (compile_read(options->args.values[i].text, &files, &n, &size, env,
                         err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_domains_read(files, n, env, domains, err);
}


/* A number that grows with each table, also if the clock goes back. */

static uint64_t
compile_serial(mta_sts_str_t name)
{
    uint64_t           serial;
    mta_sts_err_t      ignored;
    struct timespec    now;
    mta_sts_image_t    image;
    mta_sts_domains_t  domains;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    serial = (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;

    if (mta_sts_image_is(name)
        && mta_sts_image_open(&image, name, MTA_STS_IMAGE_HEADER,
                              MTA_STS_NOWHERE, &domains, &ignored)
           == MTA_STS_OK)
    {
        serial = serial > image.serial ? serial : image.serial + 1;
        mta_sts_image_close(&image);
    }

    return serial;
}


/* Makes what was renamed survive a crash of the system. */

static int
compile_sync_folder(mta_sts_str_t name, const mta_sts_env_t *env)
{
    int            fd, rc;
    size_t         len;
    mta_sts_str_t  folder;

    for (len = name.len; len > 0 && name.data[len - 1] != '/'; len--) {
        /* void */
    }

    folder = name;
    folder.len = len;
    folder = mta_sts_str_copy(env, len ? folder : mta_sts_str("."));

    fd = open(folder.data, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    rc = fsync(fd);

    (void) close(fd);

    return rc;
}


/* Writes the table aside and replaces the old one. */

static int
compile_write(const mta_sts_domains_t *domains, mta_sts_str_t name,
    uint64_t base, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int            fd, rc;
    char          *path;
    mode_t         mask;
    mta_sts_buf_t  temp = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&temp, name);
    mta_sts_buf_add(&temp, mta_sts_str(".XXXXXX\0"));

    path = temp.data;

    fd = mkstemp(path);
    if (fd == -1) {
        return mta_sts_error_errno(err, MTA_STS_NOWHERE, "open()",
                                   mta_sts_str_from(path));
    }

    mask = umask(0);
    (void) umask(mask);

    (void) fchmod(fd, 0666 & ~mask);

    rc = mta_sts_image_write(fd, mta_sts_str_from(path), domains,
                             compile_serial(name), base, err);

    if (rc == MTA_STS_OK && fsync(fd) == -1) {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "fsync()",
                                 mta_sts_str_from(path));
    }

    (void) close(fd);

    if (rc == MTA_STS_OK
        && (rename(path, name.data) == -1
            || compile_sync_folder(name, env) == -1))
    {
        rc = mta_sts_error_errno(err, MTA_STS_NOWHERE, "rename()", name);
    }

    if (rc != MTA_STS_OK) {
        (void) unlink(path);
    }

    return rc;
}


/* Adds a domain to changes, with its policy, which is often the last one. */

static int
compile_add_change(mta_sts_table_builder_t *builder,
    const mta_sts_entry_t *entry, mta_sts_entry_t *last, uint32_t *index,
    mta_sts_err_t *err)
{
    if (entry->policy != last->policy
        || !mta_sts_str_eq(entry->policy_name, last->policy_name))
    {
        *last = *entry;

        if (mta_sts_table_add_policy(builder, entry->policy,
                                     entry->policy_name, index, err)
            != MTA_STS_OK)
        {
            return MTA_STS_ERROR;
        }
    }

    return mta_sts_table_add(builder, entry->domain, *index, entry->place,
                             err);
}


/* Makes a table of what has changed from old to new. */

static int
compile_compare(const mta_sts_table_t *old, const mta_sts_table_t *new,
    mta_sts_table_t *changes, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    int                      rc;
    size_t                   cursor;
    uint32_t                 index;
    mta_sts_entry_t          entry, other, last;
    mta_sts_table_builder_t  builder;

    memset(&builder, 0, sizeof(mta_sts_table_builder_t));
    memset(&last, 0, sizeof(mta_sts_entry_t));

    builder.env = env;
    builder.rule = MTA_STS_TABLE_ONCE;

    rc = MTA_STS_OK;
    cursor = 0;
    index = 0;

    while (rc == MTA_STS_OK && mta_sts_table_next(new, &cursor, &entry)) {
        if (!mta_sts_table_find(old, entry.domain, &other)
            || !mta_sts_policy_eq(entry.policy, other.policy)
            || !mta_sts_str_eq(entry.policy_name, other.policy_name))
        {
            rc = compile_add_change(&builder, &entry, &last, &index, err);
        }
    }

    cursor = 0;

    while (rc == MTA_STS_OK && mta_sts_table_next(old, &cursor, &entry)) {
        if (mta_sts_table_policy(new, entry.domain) == NULL) {
            rc = mta_sts_table_add(&builder, entry.domain,
                                   MTA_STS_TABLE_REMOVED, entry.place, err);
        }
    }

    if (rc == MTA_STS_OK) {
        return mta_sts_table_end(&builder, changes, err);
    }

    mta_sts_table_discard(&builder);

    return MTA_STS_ERROR;
}


/* Writes what has changed since the table, to "TABLE.changes". */

static int
compile_write_changes(const mta_sts_domains_t *domains, mta_sts_str_t name,
    mta_sts_str_t changes_name, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    mta_sts_image_t    image;
    mta_sts_domains_t  old, changes;

    if (mta_sts_image_open(&image, name, MTA_STS_IMAGE_ALL, MTA_STS_NOWHERE,
                           &old, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if ((old.default_policy == NULL) != (domains->default_policy == NULL)
        || (old.default_policy
            && !mta_sts_policy_eq(old.default_policy,
                                  domains->default_policy)))
    {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the default policy has "
                             "changed, compile without --changes");
    }

    memset(&changes, 0, sizeof(mta_sts_domains_t));

    if (compile_compare(&old.table, &domains->table, &changes.table, env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return compile_write(&changes, changes_name, image.serial, env, err);
}


int
command_compile(const options_t *options, const mta_sts_env_t *env)
{
    int                rc;
    mta_sts_err_t      err;
    mta_sts_str_t      name, changes;
    mta_sts_buf_t      buf = { env, NULL, 0, 0, 0 };
    mta_sts_domains_t  domains;

    if (options->domains == NULL || options->output == NULL) {
        say("command \"compile\" needs -d FILE and -o TABLE");
        return COMMAND_USAGE;
    }

    name = mta_sts_str_from(options->output);

    mta_sts_buf_add(&buf, name);
    mta_sts_buf_add_cstr(&buf, MTA_STS_IMAGE_CHANGES);
    changes = mta_sts_str_copy(env, mta_sts_buf_str(&buf));

    rc = compile_domains(options, &domains, env, &err);

    if (rc == MTA_STS_OK) {
        rc = options->only_changes
             ? compile_write_changes(&domains, name, changes, env, &err)
             : compile_write(&domains, name, 0, env, &err);
    }

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    /* changes of an older table are ignored, but not needed either */

    if (!options->only_changes) {
        (void) unlink(changes.data);
    }

    return COMMAND_OK;
}
