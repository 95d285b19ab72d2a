/*
 * mta-sts compile: domains files into a table that nginx maps.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/diag/diag.h"
#include "cli/table/table.h"
#include "command.h"
#include "domains/domains.h"


/* Reads a file, or standard input. */

static int
compile_read_file(mta_sts_file_t *file, mta_sts_str_t name,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    source_t  source;

    if (!mta_sts_str_eq(name, mta_sts_str("-"))) {
        return mta_sts_file_read(file, name, MTA_STS_NOWHERE, err);
    }

    if (source_init_stdin(&source, env, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    memset(file, 0, sizeof(mta_sts_file_t));

    file->name = source.files[0].name;
    file->text = source.files[0].text;

    return MTA_STS_OK;
}


/* Reads the files that a name or a pattern means, after n others. */

static int
compile_read(mta_sts_str_t pattern, mta_sts_file_t **files, size_t *n,
    size_t *size, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    size_t           i, matches;
    mta_sts_str_t   *names;
    mta_sts_value_t  value = { command_pipe(pattern), MTA_STS_NOWHERE };

    if (mta_sts_file_names(&value, env, &names, &matches, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    for (i = 0; i < matches; i++) {
        *files = mta_sts_env_grow(env, *files, *n, size,
                                  sizeof(mta_sts_file_t));

        if (compile_read_file(&(*files)[*n], names[i], env, err)
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


/* Writes what has changed since the table, to "TABLE.changes". */

static int
compile_write_changes(const mta_sts_domains_t *domains, mta_sts_str_t name,
    mta_sts_str_t changes_name, const mta_sts_env_t *env, mta_sts_err_t *err)
{
    uint64_t           serial;
    mta_sts_image_t    image;
    mta_sts_domains_t  old, changes;

    if (mta_sts_image_open(&image, name, MTA_STS_IMAGE_ALL, MTA_STS_NOWHERE,
                           &old, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (!table_same_default(&old, domains)) {
        return mta_sts_error(err, MTA_STS_NOWHERE, "the default policy has "
                             "changed, compile without --changes");
    }

    memset(&changes, 0, sizeof(mta_sts_domains_t));

    if (table_compare(&old.table, &domains->table, &changes.table, env, err)
        != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    return table_write(&changes, changes_name, image.serial, &serial, err);
}


/* What "mta-sts follow" keeps is not replaced: it would not know. */

static int
compile_check_follow(mta_sts_str_t name, const mta_sts_env_t *env,
    mta_sts_err_t *err)
{
    int            fd, taken;
    mta_sts_str_t  lock;
    mta_sts_buf_t  buf = { env, NULL, 0, 0, 0 };

    mta_sts_buf_add(&buf, name);
    mta_sts_buf_add_cstr(&buf, ".lock");

    lock = mta_sts_str_copy(env, mta_sts_buf_str(&buf));

    fd = open(lock.data, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return MTA_STS_OK;
    }

    taken = flock(fd, LOCK_SH|LOCK_NB) == -1 && errno == EWOULDBLOCK;

    (void) close(fd);

    return taken
           ? mta_sts_error(err, MTA_STS_NOWHERE, "\"%.*s\" is the table of a "
                           "running \"mta-sts follow\"", MTA_STS_SHOW(name))
           : MTA_STS_OK;
}


/* Reads and writes, with the lock of the table's folder. */

static int
compile_table(const options_t *options, mta_sts_str_t name,
    const mta_sts_env_t *env, mta_sts_err_t *err)
{
    uint64_t           serial;
    mta_sts_str_t      changes;
    mta_sts_domains_t  domains;

    changes = table_changes_name(name, env);

    if (table_may_replace(name, err) != MTA_STS_OK
        || compile_check_follow(name, env, err) != MTA_STS_OK
        || compile_domains(options, &domains, env, err) != MTA_STS_OK)
    {
        return MTA_STS_ERROR;
    }

    if (options->only_changes) {
        return compile_write_changes(&domains, name, changes, env, err);
    }

    if (table_write(&domains, name, 0, &serial, err) != MTA_STS_OK) {
        return MTA_STS_ERROR;
    }

    /* changes of an older table are ignored, but not needed either */

    (void) unlink(changes.data);

    return MTA_STS_OK;
}


int
command_compile(const options_t *options, const mta_sts_env_t *env)
{
    int            lock, rc;
    mta_sts_err_t  err;
    mta_sts_str_t  name;

    if (options->domains == NULL || options->output == NULL) {
        say("command \"compile\" needs -d FILE and -o TABLE");
        return COMMAND_USAGE;
    }

    name = mta_sts_str_from(options->output);
    lock = table_lock(name, &err);
    rc = MTA_STS_ERROR;

    if (lock != -1) {
        rc = compile_table(options, name, env, &err);
        (void) close(lock);
    }

    if (rc != MTA_STS_OK) {
        say_error(&err);
        return COMMAND_ERROR;
    }

    return COMMAND_OK;
}
